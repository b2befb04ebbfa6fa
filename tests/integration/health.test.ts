import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, it, onTestFinished } from 'vitest';
import { runNode } from '../setup/command.ts';

it('checks the health of a standalone build with the bundled commands only and no package', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sealed-health-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const build = join(inject('siteFolder'), '.next/standalone');
  for (const name of readdirSync(build).filter((file) => /^(?:sealed.*\.js|package\.json)$/.test(file)))
    copyFileSync(join(build, name), join(folder, name));
  // Marks a bundle; without it the command would look for the project's .env.
  writeFileSync(join(folder, 'prisma'), '');
  const { hostname, port } = new URL(inject('siteUrl'));
  const health = runNode(folder, ['sealed.js', 'health'], { HOSTNAME: hostname, PORT: port });
  expect(await health.ended, health.output()).toBe(0);
});
