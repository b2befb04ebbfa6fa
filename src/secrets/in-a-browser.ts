// Browser bundles resolve `#secrets/server-guard` to this module, and Next.js then refuses to build them.
import 'server-only';
