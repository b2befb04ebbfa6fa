import { availableParallelism } from 'node:os';
import type { NextConfig } from 'next';
import { PHASE_DEVELOPMENT_SERVER } from 'next/constants.js';

/** Workers that prerender pages: with two connections each, five stay within the ten that a small database allows. */
const workers = Math.max(1, Math.min(5, availableParallelism()));

/** The server sets the headers of pages; these are for route handlers, none of which returns HTML. */
const HANDLER_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** `npm run dev` serves pages itself. React's development build needs inline scripts, styles and `eval`. */
const DEVELOPMENT_POLICY =
  "default-src 'self' 'unsafe-inline' 'unsafe-eval'; img-src 'self' https: data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

const headers = (phase: string) => ({
  'Content-Security-Policy': phase === PHASE_DEVELOPMENT_SERVER ? DEVELOPMENT_POLICY : HANDLER_POLICY,
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'X-Content-Type-Options': 'nosniff',
});

const config = (phase: string): NextConfig => ({
  output: 'standalone',
  cacheComponents: true,
  // With partial prefetching, the first request for an unknown slug would be answered with 200.
  partialPrefetching: false,
  poweredByHeader: false,
  reactStrictMode: true,
  // No page resizes images, and sharp would be half of what the app adds to the base image.
  images: { unoptimized: true },
  // The server caches finished pages and compresses each once, so Next.js does neither: every render is fresh.
  compress: false,
  cacheMaxMemorySize: 0,
  outputFileTracingExcludes: {
    '*': [
      'node_modules/sharp/**',
      'node_modules/@img/**',
      'node_modules/typescript/**',
      // Next.js has its own copy; this one came with the metrics, which are bundled.
      'node_modules/@opentelemetry/**',
    ],
  },
  experimental: {
    // Makes React refuse to send a secret to a browser: see src/secrets/taint.ts.
    taint: true,
    cpus: workers,
    // The container's root file system is read-only.
    isrFlushToDisk: false,
    // A container can serve its first page before the code of all pages is loaded.
    preloadEntriesOnStart: false,
  },
  headers: async () => [
    {
      source: '/:path*',
      headers: Object.entries(headers(phase)).map(([key, value]) => ({ key, value })),
    },
    // The same as in src/page-cache/images.ts, whose policy the rule above would override.
    {
      source: '/images/:name',
      headers: [{ key: 'Content-Security-Policy', value: "default-src 'none'; sandbox" }],
    },
  ],
});

export default config;
