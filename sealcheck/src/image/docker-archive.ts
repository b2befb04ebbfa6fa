import { isObject, listOf, textOf } from './documents.ts';
import type { Blob } from './read.ts';
import type { Structure } from './structure.ts';

/**
 * Resolves an archive of `docker save` from its manifest.json. What an OCI layout in it already described is not
 * repeated.
 */
export function resolveDockerArchive(structure: Structure, manifest: Blob): void {
  structure.roles.set('manifest.json', { kind: 'manifest' });
  if (!Array.isArray(manifest.json)) structure.missing.push('manifest.json is malformed: it is not a list');
  for (const image of listOf(manifest.json).filter(isObject)) {
    const configName = textOf(image.Config);
    const config = structure.demand(configName, 'the config');
    if (structure.roles.get(configName)?.kind === 'config') continue;
    structure.roles.set(configName, { kind: 'config' });
    structure.addImage(
      isObject(config?.json) ? config.json : undefined,
      listOf(image.Layers).flatMap((name) => {
        const blob = structure.demandLayer(textOf(name), 'a layer');
        const target = blob?.sameAs ?? textOf(name);
        const size = structure.blobs.get(target)?.size ?? 0;
        return blob ? [{ blob: target, size, digest: target }] : [];
      }),
    );
  }
}
