import { isObject, type JsonObject, listOf, mountingSteps, textOf } from './documents.ts';
import type { Blob } from './read.ts';
import type { Structure } from './structure.ts';

const blobName = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
const isLayerType = (type: string): boolean => /(layer|rootfs)/.test(type);
const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {});

/** Resolves an OCI layout from its index.json: https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
export function resolveOciLayout(structure: Structure, index: Blob): void {
  if (!isObject(index.json) || !Array.isArray(index.json.manifests))
    structure.missing.push('index.json is malformed: it lists no manifests');
  else visitIndex(structure, 'index.json', index.json, new Set());
}

function visitIndex(structure: Structure, name: string, index: JsonObject, visited: Set<string>): void {
  structure.roles.set(name, { kind: 'index' });
  const descriptors = listOf(index.manifests).filter(isObject);
  for (const descriptor of descriptors) {
    const blob = blobName(textOf(descriptor.digest));
    if (visited.has(blob)) continue;
    visited.add(blob);
    visitDescriptor(structure, descriptor, descriptors.length, visited);
  }
}

function visitDescriptor(
  structure: Structure,
  descriptor: JsonObject,
  siblings: number,
  visited: Set<string>,
): void {
  const name = blobName(textOf(descriptor.digest));
  const type = textOf(descriptor.mediaType);
  if (isLayerType(type) || /cacheconfig/.test(type)) {
    structure.roles.set(name, { kind: 'build cache' });
    const what = 'a layer of the build cache';
    const blob = isLayerType(type) ? structure.demandLayer(name, what) : structure.demand(name, what);
    if (blob) structure.cacheExports += 1;
    return;
  }
  const blob = structure.blobs.get(name);
  if (!blob) tellMissingManifest(structure, descriptor, siblings);
  else if (!isObject(blob.json)) structure.missing.push(`the manifest (${name}) is not a JSON object`);
  else if (Array.isArray(blob.json.manifests)) visitIndex(structure, name, blob.json, visited);
  else if (isObject(blob.json.config) || Array.isArray(blob.json.layers)) {
    const kind = objectOf(descriptor.annotations)['vnd.docker.reference.type'];
    visitManifest(structure, name, blob.json, kind === 'attestation-manifest');
  } else structure.missing.push(`the manifest (${name}) is neither an index nor an image manifest`);
}

// An archive of one platform lists the manifests of the others too.
function tellMissingManifest(structure: Structure, descriptor: JsonObject, siblings: number): void {
  const text = `the manifest ${textOf(descriptor.digest) || '(no digest)'} is listed and not in the archive`;
  const platform = isObject(descriptor.platform) ? descriptor.platform : undefined;
  if (platform && siblings > 1)
    structure.notes.push(
      `${text} (${textOf(platform.os)}/${textOf(platform.architecture)}): check that platform's image too`,
    );
  else structure.missing.push(text);
}

function visitManifest(
  structure: Structure,
  name: string,
  manifest: JsonObject,
  isAttestation: boolean,
): void {
  const config = objectOf(manifest.config);
  const configName = blobName(textOf(config.digest));
  const layers = listOf(manifest.layers).filter(isObject);
  const isCache = /buildkit\.cacheconfig/.test(textOf(config.mediaType));
  const attests = isAttestation || layers.some((layer) => /in-toto/.test(textOf(layer.mediaType)));
  structure.roles.set(name, { kind: 'manifest' });
  structure.roles.set(configName, { kind: isCache ? 'build cache' : 'config' });
  const configBlob = structure.demand(configName, 'the config');
  for (const layer of layers) {
    const blob = demandOfManifest(structure, layer);
    if (attests) addStatement(structure, layer, blob);
    else if (isCache) structure.roles.set(blobName(textOf(layer.digest)), { kind: 'build cache' });
  }
  if (isCache && !attests) structure.cacheExports += 1;
  if (isCache || attests) return;
  if (configBlob && !isObject(configBlob.json))
    structure.missing.push(`the config (${configName}) is not a JSON object`);
  structure.addImage(
    isObject(configBlob?.json) ? configBlob.json : undefined,
    layers.map((layer) => ({
      blob: blobName(textOf(layer.digest)),
      digest: textOf(layer.digest),
      size: typeof layer.size === 'number' ? layer.size : 0,
    })),
  );
}

function demandOfManifest(structure: Structure, layer: JsonObject): Blob | undefined {
  const name = blobName(textOf(layer.digest));
  const isLayer = isLayerType(textOf(layer.mediaType));
  const blob = isLayer ? structure.demandLayer(name, 'a layer') : structure.demand(name, 'a layer');
  if (blob && typeof layer.size === 'number' && layer.size !== blob.size)
    structure.missing.push(`a layer (${name}) is ${blob.size} bytes where the manifest says ${layer.size}`);
  return blob;
}

function addStatement(structure: Structure, layer: JsonObject, blob: Blob | undefined): void {
  const type = textOf(objectOf(layer.annotations)['in-toto.io/predicate-type']);
  const predicate = /provenance/.test(type)
    ? 'provenance'
    : /spdx|cyclonedx/.test(type)
      ? 'SBOM'
      : 'statement';
  structure.roles.set(blobName(textOf(layer.digest)), { kind: 'attestation', predicate });
  if (blob?.json) structure.steps.push(...mountingSteps(blob.json));
}
