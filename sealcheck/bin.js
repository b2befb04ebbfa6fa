#!/usr/bin/env node
import { existsSync } from 'node:fs';

/** Tells the user why sealcheck can't start. Without this, Node.js would end with 1, which means a leak. */
function refuse(reason) {
  process.stderr.write(`sealcheck: Node.js ${process.versions.node} ${reason}\n`);
  process.exitCode = 2;
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isClone = existsSync(new URL('src/cli.ts', import.meta.url));
if (major < 22 || (major === 22 && minor < 15))
  refuse("is too old, as it can't read zstd. Use Node.js 22.15 or newer.");
else if (!isClone) await import('./dist/cli.js');
else if (process.features.typescript) await import('./src/cli.ts');
else refuse("can't run TypeScript, as a clone needs. Use Node.js 22.18 or newer.");
