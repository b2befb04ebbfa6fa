import type { LayerPicture, MountingStep } from '../report/findings.ts';
import { mountsIn } from './dockerfile.ts';
import { isObject, type JsonObject, listOf, textOf } from './documents.ts';
import type { Blob } from './read.ts';

/** The role of a blob in the image. */
export type Role =
  | { kind: 'layer'; index: number }
  | { kind: 'config' | 'manifest' | 'index' | 'build cache' | 'unreferenced blob' | 'archive' }
  | { kind: 'attestation'; predicate: string };

/** A layer with the name of the blob that holds it. */
export type Layer = LayerPicture & { blob: string };

/** The structure of an archive, according to each of its documents in turn. */
export class Structure {
  readonly blobs: ReadonlyMap<string, Blob>;
  readonly roles = new Map<string, Role>();
  readonly layers: Layer[] = [];
  /** The layers of each image of the archive, lowest first. */
  readonly images: Layer[][] = [];
  readonly steps: MountingStep[] = [];
  /** Why parts of it could not be read: these keep the check from ending clean. */
  readonly missing: string[] = [];
  readonly notes: string[] = [];
  cacheExports = 0;

  constructor(blobs: ReadonlyMap<string, Blob>) {
    this.blobs = blobs;
  }

  /** The blob with a name; a missing one keeps the check from ending clean. */
  demand(name: string, what: string): Blob | undefined {
    const blob = this.blobs.get(name);
    if (!blob) this.missing.push(`${what} (${name}) is missing from the archive`);
    return blob;
  }

  /** The same for a layer, which must be a tar. */
  demandLayer(name: string, what: string): Blob | undefined {
    const blob = this.demand(name, what);
    if (blob && !blob.paths)
      this.missing.push(
        `${what} (${name}) is not a tar, or compressed in a way that can't be read; gzip, zstd and xz can`,
      );
    return blob;
  }

  /** Adds an image: its layers, with the instructions that made them according to the config's history. */
  addImage(
    config: JsonObject | undefined,
    layerBlobs: readonly { blob: string; size: number; digest: string }[],
  ): void {
    const steps = listOf(config?.history)
      .filter(isObject)
      .filter((step) => step.empty_layer !== true);
    const image = layerBlobs.map((layer, at) => {
      if (!this.roles.has(layer.blob)) this.roles.set(layer.blob, { kind: 'layer', index: at });
      const known = this.layers.find((other) => other.blob === layer.blob && other.index === at);
      if (known) return known;
      const instruction =
        textOf(steps[at]?.created_by) ||
        (steps.length > 0 ? '(not in the history)' : '(the image has no history)');
      const made = { ...layer, index: at, instruction, mounted: mountsIn(instruction) };
      this.layers.push(made);
      return made;
    });
    this.images.push(image);
  }
}
