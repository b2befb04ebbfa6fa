import { resolveDockerArchive } from './docker-archive.ts';
import { isObject } from './documents.ts';
import { resolveOciLayout } from './oci-layout.ts';
import type { Blob } from './read.ts';
import { Structure } from './structure.ts';

/** Gives every blob of an archive its role: which layer it is and which instruction made it, or which document. */
export function resolveStructure(blobs: ReadonlyMap<string, Blob>): Structure {
  const structure = new Structure(blobs);
  const index = blobs.get('index.json');
  const manifest = blobs.get('manifest.json');
  if (index) resolveOciLayout(structure, index);
  if (manifest) resolveDockerArchive(structure, manifest);
  const { missing, roles, images } = structure;
  if (!index && !manifest)
    missing.push('neither index.json nor manifest.json is there: this is not an image');
  else if (images.length + structure.cacheExports === 0 && missing.length === 0)
    missing.push('it lists no image');
  for (const [name, { json }] of blobs) {
    if (roles.has(name)) continue;
    // docker save writes the config a second time, in the format of Docker 1.9.
    const isOldConfig = isObject(json) && isObject(json.config) && typeof json.id === 'string';
    if (isOldConfig) roles.set(name, { kind: 'config' });
    else roles.set(name, { kind: name.startsWith('blobs/') ? 'unreferenced blob' : 'archive' });
  }
  return structure;
}
