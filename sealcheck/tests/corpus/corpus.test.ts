import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../src/contents/budget.ts';
import { ImageBuilder, LAYER_NAMES } from '../../src/plant/builder.ts';
import type { Expectation } from '../../src/plant/places.ts';
import { isFoundAt, PLANTS } from '../../src/plant/plants.ts';
import { selfTest } from '../../src/plant/self-test.ts';
import { plantedValue } from '../../src/plant/writings.ts';
import { strongest } from '../../src/search/search.ts';
import { prepare } from '../../src/secrets/prepare.ts';
import { checkBuilt, sourceOf } from '../checking.ts';

async function layerOf(expected: Expectation): Promise<number | undefined> {
  return expected.layer === undefined ? undefined : LAYER_NAMES.indexOf(expected.layer);
}

describe('the corpus of planted leaks', () => {
  it('has at least 80 pairs of hiding place and encoding', () => {
    expect(new Set(PLANTS.map(({ place, encoding }) => `${place} ${encoding}`)).size).toBeGreaterThanOrEqual(
      80,
    );
  });

  it.each(PLANTS.map((plant) => [plant.place, plant.encoding, plant] as const))(
    'has a leak in %s, %s, that is found, and a clean twin in which nothing is',
    async (_place, _encoding, plant) => {
      const value = plantedValue();
      const image = new ImageBuilder();
      const expected = await plant.plant(image, value);
      const report = await checkBuilt(image, { [plant.id]: value });
      expect(report.incomplete).toEqual([]);
      const layer = await layerOf(expected);
      expect(report.findings.filter((finding) => isFoundAt(finding, plant.id, expected, layer))).not.toEqual(
        [],
      );
      expect(
        report.findings.filter(
          (finding) => !finding.path.includes(expected.path) && finding.place !== 'history',
        ),
      ).toEqual([]);
      expect(JSON.stringify(report)).not.toContain(value.slice(0, 11));

      const twin = new ImageBuilder();
      await plant.plant(twin, plantedValue());
      expect(await checkBuilt(twin, { [plant.id]: value })).toMatchObject({ verdict: 'clean', findings: [] });
    },
  );
});

describe('the self-test', () => {
  it('finds every pair in an image that is added to the archive', async () => {
    const base = new ImageBuilder();
    base.layers.copied.push({ name: 'app/server.js', content: Buffer.from('console.log(1)\n') });
    const result = await selfTest(sourceOf(await base.files()), defaultLimits);
    expect(result.missed).toEqual([]);
    expect(result.found).toBe(PLANTS.length);
  });

  it('names the pairs that a weaker check would miss', async () => {
    const base = new ImageBuilder();
    const result = await selfTest(sourceOf(await base.files()), { ...defaultLimits, depth: 1 });
    expect(result.missed.map(({ place }) => place)).toContain('a gzip in a tar');
    expect(result.incomplete).not.toEqual([]);
  });
});

describe('hits that overlap', () => {
  it('are reported once, by the most specific one', () => {
    const hit = { secret: 'a', encoding: 'plain' };
    const whole = { ...hit, part: 'whole', offset: 0, length: 50 };
    expect(strongest([{ ...hit, part: 'password', offset: 20, length: 10 }, whole])).toEqual([whole]);
  });
});

describe('a check', () => {
  it.each(['short', 'postgres', 'password123', 'aaaaaaaaaaaa', '12345678', 'abcdefghij'])(
    'rejects the value %s with a warning',
    (value) => {
      const prepared = prepare([{ id: 'pin', value: Buffer.from(value), origin: '' }]);
      expect(prepared.unsearchable).toHaveLength(1);
      expect(prepared.warnings[0]).toMatch(/^secret "pin"/);
      expect(prepared.warnings.join()).not.toContain(`"${value}"`);
    },
  );

  it('searches for the rest of a URL whose password is common', () => {
    const value = Buffer.from('postgresql://postgres:postgres@db.internal:5432/blog');
    const prepared = prepare([{ id: 'url', value, origin: '' }]);
    expect(prepared.searched).toEqual([{ secret: 'url', parts: ['whole'] }]);
    expect(prepared.warnings).toHaveLength(2);
  });
});
