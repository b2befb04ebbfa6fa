import type { Limits } from '../contents/budget.ts';
import { once } from '../contents/carver.ts';
import { checkImage } from '../image/check-image.ts';
import { isObject, listOf } from '../image/documents.ts';
import type { ImageFile, ImageSource } from '../image/source.ts';
import { prepare } from '../secrets/prepare.ts';
import { CouldNotCheck } from '../verdict.ts';
import { type BuiltFile, ImageBuilder, LAYER_NAMES } from './builder.ts';
import type { Expectation } from './places.ts';
import { isFoundAt, PLANTS } from './plants.ts';
import { plantedValue } from './writings.ts';

/** The result of a self-test: which pairs were found where they were planted, and which were not. */
export type SelfTestResult = {
  planted: number;
  found: number;
  missed: { id: string; place: string; encoding: string; reason: 'not found' | 'found elsewhere' }[];
  incomplete: string[];
  seconds: number;
};

/** Turns bytes in memory into a file of an image archive. */
export const imageFile = ({ name, bytes }: BuiltFile): ImageFile => ({
  name,
  link: '',
  size: bytes.length,
  body: once(bytes),
});

async function imagesOf(index: ImageFile): Promise<unknown[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of index.body) chunks.push(Buffer.from(chunk));
  try {
    const document: unknown = JSON.parse(Buffer.concat(chunks).toString());
    return isObject(document) ? listOf(document.manifests) : [];
  } catch {
    throw new CouldNotCheck('index.json of the image is malformed. Make the archive again.');
  }
}

// The archive of an image, with a second image in it.
async function* withPlanted(
  source: ImageSource,
  builder: ImageBuilder,
): AsyncGenerator<ImageFile, void, undefined> {
  const images: unknown[] = [];
  for await (const file of source.files()) {
    if (file.name === 'index.json') images.push(...(await imagesOf(file)));
    else if (file.name === 'oci-layout') for await (const _ of file.body);
    else yield file;
  }
  for (const file of await builder.files(images)) yield imageFile(file);
}

/**
 * Adds an image with every pair of hiding place and encoding to an image's archive, in memory, checks both, and reports
 * the pairs that were missed: how far a clean verdict on this image can be trusted.
 */
export async function selfTest(source: ImageSource, limits: Limits): Promise<SelfTestResult> {
  const startedAt = performance.now();
  const builder = new ImageBuilder();
  const expectations = new Map<string, Expectation>();
  const secrets = PLANTS.map(({ id }) => ({ id, value: Buffer.from(plantedValue()), origin: 'self-test' }));
  for (const [index, { id, plant }] of PLANTS.entries())
    expectations.set(id, await plant(builder, secrets[index]?.value.toString() ?? ''));
  const { name, kind } = source;
  const { findings, incomplete } = await checkImage(
    { name, kind, files: () => withPlanted(source, builder) },
    { prepared: prepare(secrets), limits, allowFrameworkKeys: true },
  );
  const missed: SelfTestResult['missed'] = [];
  for (const { id, place, encoding } of PLANTS) {
    const expected = expectations.get(id);
    if (!expected) continue;
    const layer = expected.layer === undefined ? undefined : LAYER_NAMES.indexOf(expected.layer);
    if (findings.some((finding) => isFoundAt(finding, id, expected, layer))) continue;
    const elsewhere = findings.some(({ secret }) => secret === id);
    missed.push({ id, place, encoding, reason: elsewhere ? 'found elsewhere' : 'not found' });
  }
  return {
    planted: PLANTS.length,
    found: PLANTS.length - missed.length,
    missed,
    incomplete,
    seconds: (performance.now() - startedAt) / 1000,
  };
}
