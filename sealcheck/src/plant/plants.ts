import type { Finding } from '../report/findings.ts';
import type { ImageBuilder } from './builder.ts';
import { type Expectation, PLACES } from './places.ts';
import { WRITINGS } from './writings.ts';

/** One pair of hiding place and way to write a value. */
export type Plant = {
  id: string;
  place: string;
  encoding: string;
  plant(image: ImageBuilder, value: string): Promise<Expectation>;
};

/** Every possible pair, numbered. */
export const PLANTS: readonly Plant[] = PLACES.flatMap((place) =>
  place.writings.map((encoding) => ({ place, encoding })),
).map(({ place, encoding }, index) => {
  const id = `plant-${String(index + 1).padStart(3, '0')}`;
  return {
    id,
    place: place.name,
    encoding,
    plant: async (image, value) =>
      place.plant(image, (WRITINGS[encoding] ?? Buffer.from)(value), `planted/${id}`),
  };
});

/** Whether a finding is the plant's, in the right location. `layerIndex` is the expected layer's index, if any. */
export function isFoundAt(
  finding: Finding,
  id: string,
  expected: Expectation,
  layerIndex: number | undefined,
): boolean {
  const { nested } = expected;
  return (
    finding.secret === id &&
    finding.place === expected.place &&
    finding.path.includes(expected.path) &&
    (nested === undefined || finding.nested.some((step) => step.includes(nested))) &&
    (expected.visibility === undefined || finding.visibility === expected.visibility) &&
    (layerIndex === undefined || finding.layer?.index === layerIndex)
  );
}
