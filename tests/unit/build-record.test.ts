import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BUILD_RECORD, buildRecord, builtPages, describeBuild } from '#build-output/record.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-generation-'));
  mkdirSync(join(folder, '.next'));
  vi.stubEnv('SEALED_BUILD', folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const source = { database: '0123456789ab', revision: '0123456789abcdef' };

const writeBuild = (paths: string[]) => {
  const position = { database: source.database, snapshot: '1:1:', at: '2026-01-01T00:00:00Z' };
  writeFileSync(join(folder, BUILD_RECORD), buildRecord(source, position, paths));
};

describe('the record of generated pages', () => {
  it("has the build's pages and time, without anything that is not a page of the blog", () => {
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

  it('has what the pages were generated from, and describes it in one line', () => {
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
});
