import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/** The package `server-only` throws outside of Next.js's server bundles, so the tests use its empty module. */
const server = { resolve: { alias: { 'server-only': 'server-only/empty.js' } } };

export default defineConfig({
  test: {
    reporters: ['default', './tests/setup/summary.ts'],
    // Only a test that is slower than this gets a line of its own.
    slowTestThreshold: 60_000,
    projects: [
      'sealcheck/vitest.config.ts',
      {
        ...server,
        test: { name: 'unit', include: ['tests/unit/**/*.test.ts'] },
      },
      {
        plugins: [react()],
        test: {
          name: 'component',
          include: ['tests/component/**/*.test.tsx'],
          environment: 'jsdom',
          setupFiles: ['tests/setup/cleanup.ts'],
        },
      },
      {
        ...server,
        test: {
          name: 'integration',
          include: ['tests/integration/**/*.test.ts'],
          globalSetup: ['tests/setup/postgres.ts', 'tests/setup/site.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          globalSetup: ['tests/setup/chromium.ts', 'tests/setup/site.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'container',
          include: ['tests/container/**/*.test.ts'],
          globalSetup: ['tests/setup/image.ts'],
          // All files share one Docker engine, so images are built one at a time.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
