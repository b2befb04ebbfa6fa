import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { runNode } from '../setup/command.ts';

const folder = inject('siteFolder');

describe('npm start', () => {
  it('finds a free port beside a running copy, shares its database, and leaves both running when it is interrupted', async () => {
    const second = runNode(folder, ['src/commands/start.ts']);
    const [, url = ''] = await second.printed(/ready at (http:\S+)/);
    expect(url).not.toBe(inject('siteUrl'));
    expect((await fetch(url)).status).toBe(200);
    expect(await second.stop('SIGINT')).toBe(0);
    expect((await fetch(inject('siteUrl'))).status).toBe(200);
    expect(JSON.parse(await (await fetch(`${inject('siteUrl')}/health`)).text()).database).toBe('reachable');
  });

  it('prints only its address without a terminal', async () => {
    const second = runNode(folder, ['src/commands/start.ts']);
    await second.printed(/ready at/);
    await second.stop('SIGTERM');
    expect(second.output()).not.toMatch(/starting PostgreSQL|migrating/);
  });

  it('keeps its database URL in a file that only the owner can read', () => {
    const { stdout } = spawnSync('stat', ['-c', '%a', join(folder, '.data/database_url')], {
      encoding: 'utf8',
    });
    expect(stdout.trim()).toBe('600');
    expect(readFileSync(join(folder, '.data/database_url'), 'utf8')).toMatch(
      /^postgresql:\/\/blog:\S{32}@127\.0\.0\.1:\d+\/blog\n$/,
    );
  });

  it('has a help text', async () => {
    const help = runNode(folder, ['src/commands/start.ts', '--help']);
    expect(await help.ended).toBe(0);
    expect(help.output()).toContain('Usage: npm start');
  });
});
