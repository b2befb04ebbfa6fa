import { availableParallelism } from 'node:os';
import type { NextConfig } from 'next';
import { PHASE_DEVELOPMENT_SERVER } from 'next/constants.js';

/** Workers that generate pages: with two connections each, five stay within the ten that a small server allows. */
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

/** Next.js starts its pages with inline scripts, and a generated page can carry no nonce; React's dev build evaluates. */
const scriptSources = (phase: string) =>
  phase === PHASE_DEVELOPMENT_SERVER ? "'self' 'unsafe-inline' 'unsafe-eval'" : "'self' 'unsafe-inline'";

const asHeaders = (headers: Record<string, string>) =>
  Object.entries(headers).map(([key, value]) => ({ key, value }));

const config = (phase: string): NextConfig => ({
  output: 'standalone',
  cacheComponents: true,
  // With partial prefetching an unknown slug would answer 200 at its first hit.
  partialPrefetching: false,
  poweredByHeader: false,
  reactStrictMode: true,
  // No page resizes an image, and sharp would be half of what the app adds to its image.
  images: { unoptimized: true },
  // The server keeps finished pages and compresses each once, so Next.js does neither: a render is always new.
  compress: false,
  cacheMaxMemorySize: 0,
  outputFileTracingExcludes: {
    '*': ['node_modules/sharp/**', 'node_modules/@img/**', 'node_modules/typescript/**'],
  },
  experimental: {
    // React refuses to send a secret to a browser: see src/secrets/taint.ts.
    taint: true,
    cpus: workers,
    // Pages made while serving stay in memory: the container's root is read-only.
    isrFlushToDisk: false,
    // A container that starts to answer one page need not load the code of all first.
    preloadEntriesOnStart: false,
  },
  headers: async () => [
    { source: '/:path*', headers: asHeaders(securityHeaders(scriptSources(phase))) },
    // Chromium asks the policy also where the answer to a form leads to: from this page, to where it is paid.
    {
      source: '/support',
      headers: asHeaders(securityHeaders(scriptSources(phase), "'self' https://checkout.stripe.com")),
    },
  ],
});

export default config;
