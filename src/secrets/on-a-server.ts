// A server's bundle and plain Node.js get this module for `#secrets/server-guard`: there is nothing to guard against.
export {};
