import { Collector, type Sighting } from '../contents/collect.ts';
import { ContentScanner, type Where } from '../contents/scan.ts';
import { frameworkRules } from '../frameworks/rules.ts';
import type { CheckOptions } from '../options.ts';
import type { Report } from '../report/findings.ts';
import { type Located, reportOf } from '../report/make-report.ts';
import type { Prepared } from '../secrets/prepare.ts';
import { stepsOfDockerfile } from './dockerfile.ts';
import { hitsByPointer } from './documents.ts';
import { cleanPath } from './layer.ts';
import { type Blob, readImage } from './read.ts';
import { resolveStructure } from './resolve.ts';
import type { ImageSource } from './source.ts';
import type { Layer, Structure } from './structure.ts';

/** The other options of an image check. */
export type ImageOptions = CheckOptions & {
  /** Called with the path of every entry of every layer. */
  onPath?: (path: string) => void;
  /** The path of the image's Dockerfile, for the diagram of the image. */
  dockerfile?: string;
};

const shortName = (name: string): string => name.replace(/^(blobs\/\w+\/[0-9a-f]{12})[0-9a-f]+$/, '$1…');

/** Whether a container sees a layer's file, by any of its names, in any image of the archive. */
function visibilityOf(structure: Structure, layer: Layer, path: string) {
  const { blobs } = structure;
  const names = blobs.get(layer.blob)?.paths?.namesOf(path) ?? [path];
  let removedBy: Layer | undefined;
  for (const image of structure.images.filter((layers) => layers[layer.index]?.blob === layer.blob)) {
    const above = image.slice(layer.index + 1);
    for (const name of names) {
      const remover = above.find((other) => blobs.get(other.blob)?.paths?.hides(name));
      if (!remover) return { path: name, visibility: 'visible' as const };
      removedBy ??= remover;
    }
  }
  return removedBy
    ? {
        visibility: 'deleted' as const,
        deletedBy: { index: removedBy.index, instruction: removedBy.instruction },
      }
    : { visibility: 'visible' as const };
}

function locateInImage(sighting: Sighting, structure: Structure): Located[] {
  const { source, path } = sighting.where;
  const role = structure.roles.get(source) ?? { kind: 'archive' as const };
  if (role.kind === 'layer') {
    return structure.layers
      .filter((layer) => layer.blob === source)
      .map((layer) => ({
        place: 'layer',
        path: cleanPath(path) || shortName(source),
        layer: { index: layer.index, digest: layer.digest, instruction: layer.instruction },
        ...(path ? visibilityOf(structure, layer, path) : {}),
      }));
  }
  const fallback = path || shortName(source);
  if (role.kind === 'attestation') return [{ place: `attestation (${role.predicate})`, path: fallback }];
  return [{ place: role.kind === 'config' && /^history/.test(path) ? 'history' : role.kind, path: fallback }];
}

// A hit in a document is reported by the field that holds it; the hit in the bytes is kept only if no field shows it.
function byField(
  sighting: Sighting,
  blobs: ReadonlyMap<string, Blob>,
  search: Prepared['search'],
): Sighting[] {
  const document = blobs.get(sighting.where.source)?.json;
  if (!sighting.hit || sighting.where.path || sighting.where.nested.length > 0 || document === undefined)
    return [sighting];
  const fields = hitsByPointer(search, document).flatMap(({ pointer, hits }) =>
    hits
      .filter((hit) => hit.secret === sighting.hit?.secret)
      .map((hit) => ({ where: { ...sighting.where, path: pointer }, hit, occurrences: 1 })),
  );
  return fields.length > 0 ? fields : [sighting];
}

// Two hits in a document may be in the same field, and a field may hold a value more than once: reported once, with a
// count.
function byPlace(sightings: readonly Sighting[]): Sighting[] {
  const seen = new Set<string>();
  const placed = new Map<string, Sighting>();
  for (const sighting of sightings) {
    const { where, hit, rule } = sighting;
    const place = JSON.stringify([where, hit?.secret, hit?.part, hit?.encoding, rule?.key]);
    const spot = `${place} ${hit?.offset}`;
    const known = placed.get(place);
    if (!known) placed.set(place, { ...sighting });
    else if (!seen.has(spot)) known.occurrences += sighting.occurrences;
    seen.add(spot);
  }
  return [...placed.values()];
}

/** Checks an image: every file of its archive, every entry of each layer, and all metadata. */
export async function checkImage(source: ImageSource, options: ImageOptions): Promise<Report> {
  const startedAt = performance.now();
  const { prepared } = options;
  const collector = new Collector(options.onProgress);
  const scanner = new ContentScanner(prepared.search, frameworkRules, options.limits, collector);
  const blobs = await readImage(source, scanner, collector, options.onPath);
  const structure = resolveStructure(blobs);
  const steps =
    options.dockerfile === undefined ? [] : stepsOfDockerfile(options.dockerfile, structure.layers);
  return reportOf({
    command: 'image',
    target: source.name,
    options,
    collector,
    sightings: byPlace(collector.sightings.flatMap((sighting) => byField(sighting, blobs, prepared.search))),
    locate: (sighting) => locateInImage(sighting, structure),
    nameOf: (where: Where) => {
      const role = structure.roles.get(where.source);
      const place = role?.kind === 'layer' ? `layer ${role.index + 1}` : shortName(where.source);
      return [place, where.path, ...where.nested].filter(Boolean).join(' › ');
    },
    incomplete: structure.missing,
    notes: structure.notes,
    layers: structure.layers.map(({ blob: _, ...layer }) => layer).sort((a, b) => a.index - b.index),
    steps: [...structure.steps, ...steps],
    startedAt,
  });
}
