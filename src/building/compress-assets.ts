import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** Text, which compresses; fonts and pictures are compressed already. */
const TEXT = /\.(css|js|json|svg)$/;

/** Writes a Brotli and a gzip version beside each text file below a folder, so that no server compresses one. */
export function compressAssets(folder: string): void {
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!TEXT.test(path)) continue;
    const content = readFileSync(join(folder, path));
    writeFileSync(join(folder, `${path}.br`), brotliCompressSync(content));
    writeFileSync(join(folder, `${path}.gz`), gzipSync(content, { level: 9 }));
  }
}
