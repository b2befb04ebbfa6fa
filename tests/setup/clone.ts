import { cpSync } from 'node:fs';
import { join } from 'node:path';

/** The files of a clone that Docker and Compose read. */
const FILES = [
  'Dockerfile',
  '.dockerignore',
  'compose.yaml',
  'package.json',
  'package-lock.json',
  '.npmrc',
  'tsconfig.json',
  'next.config.ts',
  'prisma.config.ts',
  'prisma',
  'src',
  'sealcheck/package.json',
  'env/make-secrets',
];

/** Copies what `docker build` and `docker compose` need into a folder, so that a test can break it. */
export function copyClone(folder: string): void {
  for (const path of FILES) cpSync(path, join(folder, path), { recursive: true });
}
