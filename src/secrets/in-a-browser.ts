// A bundle for browsers gets this module for `#secrets/server-guard`, and Next.js refuses to build it.
import 'server-only';
