import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { ROUTES } from '#page-cache/routes.ts';
import { PROJECT, STANDALONE } from './project.ts';

/** Types that compression makes smaller; fonts and images are compressed already. */
const COMPRESSIBLE = ['.css', '.js', '.json', '.svg'];

/** Copies the assets that browsers load into the standalone build, each with its gzip and Brotli variants. */
export function copyAssets(): void {
  const from = join(PROJECT, '.next/static');
  const to = join(STANDALONE, '.next/static');
  rmSync(to, { recursive: true, force: true });
  // A page loads scripts only if its route is hydrated.
  const hasScripts = Object.values(ROUTES).some(({ kind }) => kind === 'hydrated');
  for (const path of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const name = join(path.parentPath, path.name).slice(from.length + 1);
    if (!path.isFile() || (!hasScripts && extname(name) === '.js')) continue;
    mkdirSync(dirname(join(to, name)), { recursive: true });
    copyFileSync(join(from, name), join(to, name));
    if (!COMPRESSIBLE.includes(extname(name))) continue;
    const content = readFileSync(join(from, name));
    writeFileSync(join(to, `${name}.gz`), gzipSync(content, { level: 9 }));
    writeFileSync(join(to, `${name}.br`), brotliCompressSync(content));
  }
}
