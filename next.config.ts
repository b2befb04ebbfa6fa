import { availableParallelism } from 'node:os';
import type { NextConfig } from 'next';
import { PHASE_DEVELOPMENT_SERVER } from 'next/constants.js';

/** Workers that prerender pages: with two connections each, five stay within the ten that a small database allows. */
const workers = Math.max(1, Math.min(5, availableParallelism()));

const securityHeaders = (scriptSources: string, formTargets = "'self'") => ({
  'Content-Security-Policy': [
    "default-src 'self'",
    `script-src ${scriptSources}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' https: data:",
    "object-src 'none'",
    "base-uri 'none'",
    `form-action ${formTargets}`,
    "frame-ancestors 'none'",
  ].join('; '),
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'X-Content-Type-Options': 'nosniff',
});

/** Next.js uses inline scripts, and a prerendered page can't have a nonce. React's development build needs `eval`. */
const scriptSources = (phase: string) =>
  phase === PHASE_DEVELOPMENT_SERVER ? "'self' 'unsafe-inline' 'unsafe-eval'" : "'self' 'unsafe-inline'";

const asHeaders = (headers: Record<string, string>) =>
  Object.entries(headers).map(([key, value]) => ({ key, value }));

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
    '*': ['node_modules/sharp/**', 'node_modules/@img/**', 'node_modules/typescript/**'],
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
    { source: '/:path*', headers: asHeaders(securityHeaders(scriptSources(phase))) },
    // The same as in src/page-cache/images.ts, whose headers these would override.
    {
      source: '/images/:name',
      headers: asHeaders({ 'Content-Security-Policy': "default-src 'none'; sandbox" }),
    },
    // Chromium applies form-action to redirects too, and the form of this page redirects to Stripe.
    {
      source: '/support',
      headers: asHeaders(securityHeaders(scriptSources(phase), "'self' https://checkout.stripe.com")),
    },
  ],
});

export default config;
