import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const FILES = [
  'Dockerfile',
  '.dockerignore',
  '.github/workflows/image.yml',
  'db.ts',
  'next.config.ts',
  'package.json',
];

const read = (file: string) => readFileSync(join('examples/minimal', file), 'utf8');

describe('the minimal example', () => {
  it('pins exact versions, and its lock file names no host', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json'));
    for (const version of Object.values({ ...dependencies, ...devDependencies }))
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(read('package-lock.json')).not.toMatch(/"resolved"|https?:\/\/registry/);
  });

  it('pins each action of its workflow to a commit', () => {
    const { jobs } = parse(read('.github/workflows/image.yml'));
    const used = jobs.image.steps.flatMap(({ uses }: { uses?: string }) => uses ?? []);
    expect(used.length).toBeGreaterThan(0);
    for (const action of used) expect(action).toMatch(/^[\w/-]+@[0-9a-f]{40}$/);
  });

  it('has every line that the six steps of docs/your-own-app.md add', () => {
    const steps = readFileSync('docs/your-own-app.md', 'utf8').split('\n## Other frameworks')[0] ?? '';
    const added = [...steps.matchAll(/```diff\n([\s\S]*?)```/g)]
      .flatMap(([, diff = '']) => diff.split('\n'))
      .filter((line) => line.startsWith('+'))
      .map((line) => line.slice(1).trim());
    const lines = new Set(FILES.flatMap((file) => read(file).split('\n')).map((line) => line.trim()));
    expect(added.length).toBeGreaterThan(30);
    expect(added.filter((line) => !lines.has(line))).toEqual([]);
  });
});
