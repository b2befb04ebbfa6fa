import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Which rooms of `src/` a room may import from. Arrows run one way. */
const ARROWS: Record<string, string[]> = {
  app: ['newsletter', 'posts', 'status', 'support', 'database', 'secrets', 'ui'],
  commands: ['local', 'serving', 'building', 'posts', 'database', 'secrets', 'environment'],
  local: ['building', 'posts', 'database', 'secrets', 'environment'],
  serving: [
    'page-cache',
    'content-log',
    'build-output',
    'requests',
    'status',
    'database',
    'secrets',
    'environment',
  ],
  building: [
    'page-cache',
    'content-log',
    'build-output',
    'newsletter',
    'posts',
    'database',
    'secrets',
    'environment',
  ],
  newsletter: ['posts', 'build-output', 'secrets', 'environment'],
  status: ['page-cache', 'build-output', 'requests', 'database', 'secrets', 'ui'],
  support: ['requests', 'secrets', 'environment'],
  posts: ['content-log', 'requests', 'database', 'secrets', 'environment', 'ui'],
  'page-cache': ['content-log', 'environment'],
  'content-log': ['database', 'secrets'],
  'build-output': ['environment'],
  requests: ['secrets', 'environment'],
  database: ['secrets', 'environment'],
  secrets: ['environment'],
  environment: [],
  ui: [],
};

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (path) => /\.tsx?$/.test(path) && !path.includes('generated'),
);

function importsOf(path: string): string[] {
  const source = readFileSync(join('src', path), 'utf8');
  return [...source.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].flatMap(
    ([, specifier]) => specifier ?? [],
  );
}

describe('the house', () => {
  it('has no room that the map of arrows does not know', () => {
    expect([...new Set(files.map((path) => path.split(/[\\/]/)[0]))].sort()).toEqual(
      Object.keys(ARROWS).sort(),
    );
  });

  it('lets arrows run one way', () => {
    const wrong = files.flatMap((path) => {
      const room = path.split(/[\\/]/)[0] ?? '';
      return importsOf(path)
        .filter((specifier) => specifier.startsWith('#'))
        .map((specifier) => specifier.slice(1).split('/')[0] ?? '')
        .filter((other) => other !== room && !ARROWS[room]?.includes(other))
        .map((other) => `${path} imports from ${other}`);
    });
    expect(wrong).toEqual([]);
  });

  it('has a door between rooms: no relative import leaves one', () => {
    const depth = (path: string) => path.split(/[\\/]/).length - 1;
    const wrong = files.filter((path) =>
      importsOf(path).some((specifier) => specifier.startsWith('../'.repeat(depth(path)))),
    );
    // The project's root and what is built are no rooms; what names their paths is not caught by this.
    expect(wrong).toEqual([]);
  });

  it('has no drawer', () => {
    const drawers = files.filter((path) =>
      /(^|[\\/])(utils?|lib|helpers?|common|shared|misc)([\\/.]|$)/.test(path),
    );
    expect(drawers).toEqual([]);
  });
});
