import type { NextConfig } from 'next';

const config: NextConfig = {
  // The server and the few packages it needs, in one folder: the image gets no npm package that it does not run.
  output: 'standalone',
  // No page resizes an image, and sharp would be half of what the app adds to its image.
  images: { unoptimized: true },
  outputFileTracingExcludes: { '*': ['**/node_modules/@img/**', '**/node_modules/sharp/**'] },
  experimental: {
    // Pages rendered at run time stay in memory: the server can't write into the files it serves.
    isrFlushToDisk: false,
    // Prevents a cache in the build's layers, which no later build reads.
    turbopackFileSystemCacheForBuild: false,
  },
};

export default config;
