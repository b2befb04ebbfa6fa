#!/usr/bin/env node
// Older versions of Node.js can't even load the command: they have no zstd.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major > 22 || (major === 22 && minor >= 15)) await import('./cli.ts');
else {
  process.stderr.write(
    `sealcheck: Node.js ${process.versions.node} is too old, as it can't read zstd. Use Node.js 22.15 or newer.\n`,
  );
  process.exitCode = 2;
}

export {};
