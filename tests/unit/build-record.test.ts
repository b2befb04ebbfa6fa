import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  BUILD_RECORD,
  buildRecord,
  builtPages,
  describeBuild,
  generatedHere,
  noteAnswer,
} from '#build-output/record.ts';
import { processWide } from '#environment/process-wide.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-generation-'));
  mkdirSync(join(folder, '.next'));
  vi.stubEnv('SEALED_BUILD', folder);
  processWide('build-output.generations', () => new Map()).clear();
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const source = { database: '0123456789ab', revision: '0123456789abcdef' };

const writeBuild = (paths: string[]) => {
  const routes = Object.fromEntries(paths.map((path) => [path, {}]));
  writeFileSync(join(folder, '.next/prerender-manifest.json'), JSON.stringify({ routes }));
  writeFileSync(join(folder, BUILD_RECORD), buildRecord(source));
};

describe('the record of generated pages', () => {
  it("has the build's pages and time, without what is no page of the blog", () => {
    const before = Date.now();
    writeBuild([
      '/posts/b',
      '/',
      '/posts/-',
      '/older/-',
      '/icon.svg',
      '/_not-found',
      '/status',
      '/unavailable',
    ]);
    expect(builtPages()?.paths).toEqual(['/', '/posts/b']);
    expect(builtPages()?.at.getTime()).toBeGreaterThanOrEqual(before);
  });

  it('has what the pages were made from, and says so in one line', () => {
    writeBuild(['/', '/posts/b']);
    expect(builtPages()).toMatchObject(source);
    expect(describeBuild()).toMatch(
      /^Sealed has 2 prerendered pages from database 0123456789ab, revision 0123456789abcdef, \d{4}-\S+Z\.$/,
    );
  });

  it('has no page if the build generated none', () => {
    expect(builtPages()).toBeUndefined();
    expect(describeBuild()).toMatch(/no prerendered pages/);
  });

  it('tells a first visit from a page that is generated anew, newest first', () => {
    writeBuild(['/']);
    for (const [path, cached] of [
      ['/posts/new', 'MISS'],
      ['/posts/kept', 'HIT'],
      ['/', 'MISS'],
      ['/posts/stale', 'STALE'],
      ['/posts/stale', 'REVALIDATED'],
      ['/health', undefined],
      ['/posts/new.rsc', 'MISS'],
    ] as const)
      noteAnswer(path, cached);
    expect(generatedHere(builtPages()).map(({ path, again }) => [path, again])).toEqual([
      ['/posts/stale', true],
      ['/', true],
      ['/posts/new', false],
    ]);
  });

  it('forgets the pages of longest ago, past a thousand', () => {
    for (let page = 0; page < 1_010; page++) noteAnswer(`/posts/${page}`, 'MISS');
    const kept = generatedHere(undefined);
    expect(kept).toHaveLength(1_000);
    expect(kept.at(-1)?.path).toBe('/posts/10');
  });
});
