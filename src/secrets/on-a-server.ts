// Server bundles and plain Node.js resolve `#secrets/server-guard` to this module: there is nothing to guard against.
export {};
