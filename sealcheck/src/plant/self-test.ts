import type { Limits } from '../contents/budget.ts';
import { checkImage } from '../image/check-image.ts';
import { isObject, type JsonObject, listOf, textOf } from '../image/documents.ts';
import type { ImageFile, ImageSource } from '../image/source.ts';
import { prepare } from '../secrets/prepare.ts';
import { CouldNotCheck } from '../verdict.ts';
import { ImageBuilder, imageFile, layerNames } from './builder.ts';
import { type Expectation, isFoundAt, type Plant, plantedValue, plants } from './plants.ts';

/** The result of a self-test: which pairs were found where they were planted, and which were not. */
export interface SelfTestResult {
  planted: number;
  found: number;
  missed: { id: string; place: string; encoding: string; reason: 'not found' | 'found elsewhere' }[];
  incomplete: string[];
  seconds: number;
}

async function* tee(file: ImageFile, keep: (bytes: Buffer) => void): AsyncGenerator<Buffer, void, undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of file.body) {
    if (file.size <= 4 * 2 ** 20) chunks.push(Buffer.from(chunk));
    yield chunk;
  }
  keep(Buffer.concat(chunks));
}

function parsed(bytes: Buffer | undefined): JsonObject {
  try {
    const value: unknown = JSON.parse(bytes?.toString() ?? '');
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

const blobName = (digest: string): string => `blobs/${digest.replace(':', '/')}`;

function firstImage(
  documents: ReadonlyMap<string, Buffer>,
  index: JsonObject,
  depth = 0,
): JsonObject | undefined {
  if (depth > 4) return undefined;
  for (const descriptor of listOf(index.manifests).filter(isObject)) {
    const document = parsed(documents.get(blobName(textOf(descriptor.digest))));
    if (Array.isArray(document.manifests)) {
      const inner = firstImage(documents, document, depth + 1);
      if (inner) return inner;
    } else if (isObject(document.config) && Array.isArray(document.layers)) return document;
  }
  return undefined;
}

async function* planted(
  source: ImageSource,
  builder: ImageBuilder,
  onBase: (layers: number) => void,
): AsyncGenerator<ImageFile, void, undefined> {
  const documents = new Map<string, Buffer>();
  for await (const file of source.files()) {
    const body = tee(file, (bytes) => documents.set(file.name, bytes));
    if (/^(index|manifest)\.json$|^repositories$|^oci-layout$/.test(file.name)) for await (const _ of body);
    else yield { ...file, body };
  }
  const manifest = firstImage(documents, parsed(documents.get('index.json')));
  if (!manifest || !isObject(manifest.config)) {
    throw new CouldNotCheck(
      `${source.name} has no index.json that leads to an image; save it with Docker 25 or newer`,
    );
  }
  const config = parsed(documents.get(blobName(textOf(manifest.config.digest))));
  const layers = listOf(manifest.layers).filter(isObject);
  onBase(layers.length);
  const diffIds = isObject(config.rootfs) ? listOf(config.rootfs.diff_ids).map(textOf) : [];
  const base = {
    config,
    layers: layers.map((layer) => ({
      mediaType: textOf(layer.mediaType),
      digest: textOf(layer.digest),
      size: Number(layer.size),
    })),
    diffIds,
  };
  for (const { name, bytes } of await builder.files(base)) {
    if (!documents.has(name) || !name.startsWith('blobs/')) yield imageFile(name, bytes);
  }
}

/**
 * Plants every pair of hiding place and encoding on top of an image, in memory, checks the result and reports the pairs
 * that were missed: how far a clean verdict on this image can be trusted.
 */
export async function selfTest(
  source: ImageSource,
  limits: Limits,
  only?: readonly Plant[],
): Promise<SelfTestResult> {
  const startedAt = performance.now();
  const chosen = only ?? plants;
  const builder = new ImageBuilder();
  const expectations = new Map<string, Expectation>();
  const secrets = chosen.map((plant) => ({
    id: plant.id,
    value: Buffer.from(plantedValue()),
    origin: 'self-test',
  }));
  for (const [index, plant] of chosen.entries()) {
    expectations.set(plant.id, await plant.plant(builder, secrets[index]?.value.toString() ?? ''));
  }
  let below = 0;
  const report = await checkImage(
    {
      name: source.name,
      kind: source.kind,
      files: () =>
        planted(source, builder, (layers) => {
          below = layers;
        }),
    },
    { prepared: prepare(secrets), limits, allowFrameworkKeys: true },
  );
  const missed: SelfTestResult['missed'] = [];
  for (const { id, place, encoding } of chosen) {
    const expected = expectations.get(id);
    if (!expected) continue;
    const layer = expected.layer === undefined ? undefined : below + layerNames.indexOf(expected.layer);
    if (report.findings.some((finding) => isFoundAt(finding, id, expected, layer))) continue;
    const elsewhere = report.findings.some((finding) => finding.secret === id);
    missed.push({ id, place, encoding, reason: elsewhere ? 'found elsewhere' : 'not found' });
  }
  return {
    planted: chosen.length,
    found: chosen.length - missed.length,
    missed,
    incomplete: report.incomplete,
    seconds: (performance.now() - startedAt) / 1000,
  };
}
