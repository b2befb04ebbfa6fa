/** Files that serving needs, by their paths in the standalone build, outside its packages. */
const FILES = [
  /^package\.json$/,
  /^sealed(-[\w-]+)?\.js$/,
  /^prisma\/migrations\/(migration_lock\.toml|\d{14}_\w+\/migration\.sql)$/,
  /^prisma\/seed\/[\w-]+\.md$/,
  /^\.next\/(BUILD_ID|[a-z-]+\.json)$/,
  /^\.next\/pages\.zst$/,
  /^\.next\/images\/[0-9a-f]{64}\.(png|jpg|webp|avif|gif)$/,
  /^\.next\/server\/.+\.(js|js\.map|json)$/,
  /^\.next\/server\/pages\/(404|500)\.html$/,
  /^\.next\/server\/app\/icon\.svg\.(meta|body)$/,
  /^\.next\/static\/.+\.(js|css|svg)(\.br|\.gz)?$/,
];

const SOURCE = /\.(d\.)?[cm]?tsx?$|(^|\/)package-lock\.json$/;

/** The packages that serving needs. Adding one is a decision. */
const PACKAGES = [
  '@next/env',
  '@prisma/client',
  '@prisma/client-runtime-utils',
  '@swc/helpers',
  'client-only',
  'next',
  'pg',
  'pg-cloudflare',
  'pg-connection-string',
  'pg-int8',
  'pg-pool',
  'pg-protocol',
  'pg-types',
  'pgpass',
  'postgres-array',
  'postgres-bytea',
  'postgres-date',
  'postgres-interval',
  'react',
  'react-dom',
  'split2',
  'styled-jsx',
  'xtend',
];

/** @returns the paths of files in a standalone build that serving does not need, with forward slashes */
export function notNeeded(paths: string[]): string[] {
  return paths.filter((path) => {
    const [, name] = /^(?:\.next\/)?node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
    // Turbopack adds a hash to the name of a package that it does not bundle.
    if (name) return !PACKAGES.includes(name.replace(/-[0-9a-f]{16}$/, ''));
    return SOURCE.test(path) || !FILES.some((pattern) => pattern.test(path));
  });
}
