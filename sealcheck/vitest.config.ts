import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'sealcheck',
    root: import.meta.dirname,
    include: ['tests/**/*.test.ts'],
    environment: 'node',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
