import type { LayerPicture, MountingStep } from '../report/findings.ts';
import { mountsIn } from './dockerfile.ts';
import { isObject, type JsonObject, listOf, mountingSteps, textOf } from './documents.ts';
import type { Blob } from './read.ts';

/** What a blob is to the image. */
export type Role =
  | { kind: 'layer'; index: number }
  | { kind: 'config' | 'manifest' | 'index' | 'build cache' | 'unreferenced blob' | 'archive' }
  | { kind: 'attestation'; predicate: string };

/** A layer with the name of the blob that holds it. */
export type Layer = LayerPicture & { blob: string };

/** The image's structure as its index and manifests describe it. */
export interface Structure {
  roles: Map<string, Role>;
  layers: Layer[];
  /** The layers of each image of the archive, lowest first. */
  images: Layer[][];
  steps: MountingStep[];
  /** Why parts of it could not be read: these keep the check from ending clean. */
  missing: string[];
  notes: string[];
  cacheExports: number;
}

const blobName = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
const isLayerType = (type: string): boolean => /(layer|rootfs)/.test(type);

/** Puts a name to every blob: which layer it is and which instruction made it, or which document. */
export function resolveStructure(blobs: ReadonlyMap<string, Blob>): Structure {
  const roles = new Map<string, Role>();
  const structure: Structure = {
    roles,
    layers: [],
    images: [],
    steps: [],
    missing: [],
    notes: [],
    cacheExports: 0,
  };
  const visited = new Set<string>();

  const addImage = (
    config: JsonObject | undefined,
    layerBlobs: { blob: string; size: number; digest: string }[],
  ): void => {
    const image: Layer[] = [];
    const steps = listOf(config?.history)
      .filter(isObject)
      .filter((step) => step.empty_layer !== true);
    for (const [at, layer] of layerBlobs.entries()) {
      const instruction =
        textOf(steps[at]?.created_by) ||
        (steps.length > 0 ? '(not in the history)' : '(the image has no history)');
      const known = structure.layers.find((other) => other.blob === layer.blob && other.index === at);
      if (!roles.has(layer.blob)) roles.set(layer.blob, { kind: 'layer', index: at });
      const made = known ?? { ...layer, index: at, instruction, mounted: mountsIn(instruction) };
      if (!known) structure.layers.push(made);
      image.push(made);
    }
    structure.images.push(image);
  };

  const demand = (name: string, what: string): Blob | undefined => {
    const blob = blobs.get(name);
    if (!blob) structure.missing.push(`${what} (${name}) is missing from the archive`);
    return blob;
  };

  const demandLayer = (name: string, what: string): Blob | undefined => {
    const blob = demand(name, what);
    if (blob && !blob.paths) {
      structure.missing.push(
        `${what} (${name}) is no tar, or packed in a way that is not read; gzip, zstd and xz are`,
      );
    }
    return blob;
  };

  const visitManifest = (name: string, manifest: JsonObject, isAttestation: boolean): void => {
    const config = isObject(manifest.config) ? manifest.config : {};
    const configName = blobName(textOf(config.digest));
    const layers = listOf(manifest.layers).filter(isObject);
    const isCache = /buildkit\.cacheconfig/.test(textOf(config.mediaType));
    const attests = isAttestation || layers.some((layer) => /in-toto/.test(textOf(layer.mediaType)));
    roles.set(name, { kind: 'manifest' });
    const configBlob = demand(configName, 'the config');
    roles.set(configName, { kind: isCache ? 'build cache' : 'config' });
    for (const layer of layers) {
      const layerName = blobName(textOf(layer.digest));
      const blob = (isLayerType(textOf(layer.mediaType)) ? demandLayer : demand)(layerName, 'a layer');
      if (blob && typeof layer.size === 'number' && layer.size !== blob.size) {
        structure.missing.push(
          `a layer (${layerName}) is ${blob.size} bytes where the manifest says ${layer.size}`,
        );
      }
      if (attests) {
        const annotations = isObject(layer.annotations) ? layer.annotations : {};
        const predicate = textOf(annotations['in-toto.io/predicate-type']);
        roles.set(layerName, {
          kind: 'attestation',
          predicate: /provenance/.test(predicate)
            ? 'provenance'
            : /spdx|cyclonedx/.test(predicate)
              ? 'SBOM'
              : 'statement',
        });
        if (blob?.json) structure.steps.push(...mountingSteps(blob.json));
      } else if (isCache) roles.set(layerName, { kind: 'build cache' });
    }
    if (attests) return;
    if (isCache) {
      structure.cacheExports += 1;
      return;
    }
    if (configBlob && !isObject(configBlob.json))
      structure.missing.push(`the config (${configName}) is no JSON object`);
    addImage(
      isObject(configBlob?.json) ? configBlob.json : undefined,
      layers.map((layer) => ({
        blob: blobName(textOf(layer.digest)),
        digest: textOf(layer.digest),
        size: typeof layer.size === 'number' ? layer.size : 0,
      })),
    );
  };

  const visitDescriptor = (descriptor: JsonObject, siblings: number): void => {
    const digest = textOf(descriptor.digest);
    const name = blobName(digest);
    if (visited.has(name)) return;
    visited.add(name);
    const type = textOf(descriptor.mediaType);
    const platform = isObject(descriptor.platform) ? descriptor.platform : undefined;
    if (isLayerType(type) || /cacheconfig/.test(type)) {
      roles.set(name, { kind: 'build cache' });
      const blob = (isLayerType(type) ? demandLayer : demand)(name, 'a layer of the build cache');
      if (blob) structure.cacheExports += 1;
      return;
    }
    const blob = blobs.get(name);
    if (!blob) {
      const text = `the manifest ${digest || '(no digest)'} is listed and not in the archive`;
      if (platform && siblings > 1) {
        structure.notes.push(
          `${text} (${textOf(platform.os)}/${textOf(platform.architecture)}): check that platform's image too`,
        );
      } else structure.missing.push(text);
      return;
    }
    if (!isObject(blob.json)) {
      structure.missing.push(`the manifest (${name}) is no JSON object`);
      return;
    }
    if (Array.isArray(blob.json.manifests)) visitIndex(name, blob.json);
    else if (isObject(blob.json.config) || Array.isArray(blob.json.layers)) {
      const annotations = isObject(descriptor.annotations) ? descriptor.annotations : {};
      visitManifest(name, blob.json, annotations['vnd.docker.reference.type'] === 'attestation-manifest');
    } else structure.missing.push(`the manifest (${name}) is neither an index nor an image manifest`);
  };

  const visitIndex = (name: string, index: JsonObject): void => {
    roles.set(name, { kind: 'index' });
    const descriptors = listOf(index.manifests).filter(isObject);
    for (const descriptor of descriptors) visitDescriptor(descriptor, descriptors.length);
  };

  const index = blobs.get('index.json');
  const legacy = blobs.get('manifest.json');
  if (index) {
    if (isObject(index.json) && Array.isArray(index.json.manifests)) visitIndex('index.json', index.json);
    else structure.missing.push('index.json is malformed: it lists no manifests');
  }
  if (legacy) {
    roles.set('manifest.json', { kind: 'manifest' });
    if (!Array.isArray(legacy.json)) structure.missing.push('manifest.json is malformed: it is no list');
    for (const image of listOf(legacy.json).filter(isObject)) {
      const configName = textOf(image.Config);
      const layerNames = listOf(image.Layers).map(textOf);
      const config = demand(configName, 'the config');
      if (roles.get(configName)?.kind === 'config') continue;
      roles.set(configName, { kind: 'config' });
      addImage(
        isObject(config?.json) ? config.json : undefined,
        layerNames.flatMap((name) => {
          const blob = demandLayer(name, 'a layer');
          const target = blob?.sameAs ?? name;
          return blob ? [{ blob: target, size: blobs.get(target)?.size ?? 0, digest: target }] : [];
        }),
      );
    }
  }
  if (!index && !legacy)
    structure.missing.push('neither index.json nor manifest.json is there: this is no image');
  else if (structure.images.length + structure.cacheExports === 0 && structure.missing.length === 0)
    structure.missing.push('it lists no image');
  for (const [name, { json }] of blobs) {
    if (roles.has(name)) continue;
    // docker save writes the config a second time, as Docker 1.9 knew it.
    const isOldConfig = isObject(json) && isObject(json.config) && typeof json.id === 'string';
    if (isOldConfig) roles.set(name, { kind: 'config' });
    else roles.set(name, { kind: name.startsWith('blobs/') ? 'unreferenced blob' : 'archive' });
  }
  return structure;
}
