import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readPack, writePack } from '#page-cache/pack.ts';

const folder = mkdtempSync(join(tmpdir(), 'sealed-pack-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the pack of prerendered pages', () => {
  it('gives back every page as it was, in one block or in several', () => {
    const html = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc
        .tuple(fc.string({ unit: 'grapheme', minLength: 1 }), fc.integer({ min: 1, max: 40_000 }))
        .map(([text, times]) => text.repeat(times)),
    );
    const pages = fc.array(fc.tuple(fc.webPath(), html), { maxLength: 20 });
    fc.assert(
      fc.property(pages, fc.array(fc.string()), (entries, slugs) => {
        const file = join(folder, 'pages.zst');
        const written = new Map(entries);
        writePack(file, { pages: written, slugs });
        const pack = readPack(file);
        expect(pack.slugs).toEqual(slugs);
        expect(new Map(pack.paths.map((path) => [path, pack.html(path)]))).toEqual(written);
        expect(pack.html('/not/packed')).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });
});
