const MOST_LINKS = 100_000;

/**
 * The paths, whiteouts and hard links of one layer: enough to tell whether a later layer hides a file of an earlier
 * one.
 */
export class LayerPaths {
  readonly #paths = new Set<number>();
  readonly #folders = new Set<number>();
  readonly #whiteouts = new Set<string>();
  readonly #opaque = new Set<string>();
  readonly #links = new Map<string, string[]>();
  #linkCount = 0;

  /** @param entry with its path as in the tar, e.g. `app/.env`, `./app/.wh..env`. */
  add(entry: { name: string; type: string; link: string }): void {
    const clean = cleanPath(entry.name);
    const slash = clean.lastIndexOf('/');
    const folder = slash < 0 ? '' : clean.slice(0, slash);
    const base = clean.slice(slash + 1);
    if (base === '.wh..wh..opq') this.#opaque.add(folder);
    else if (base.startsWith('.wh.'))
      this.#whiteouts.add(folder ? `${folder}/${base.slice(4)}` : base.slice(4));
    else {
      this.#paths.add(hashOf(clean));
      if (entry.type === 'directory') this.#folders.add(hashOf(clean));
    }
    if (entry.type === 'link' && this.#linkCount < MOST_LINKS) {
      const target = cleanPath(entry.link);
      this.#links.set(target, [...(this.#links.get(target) ?? []), clean]);
      this.#linkCount += 1;
    }
  }

  /** The names of a file of this layer: its path, then its hard links. */
  namesOf(path: string): string[] {
    const clean = cleanPath(path);
    return [clean, ...(this.#links.get(clean) ?? [])];
  }

  /** Whether this layer, applied over another, hides that one's file (OCI image spec, layer.md, "Whiteouts"). */
  hides(path: string): boolean {
    const clean = cleanPath(path);
    if (this.#paths.has(hashOf(clean)) || this.#whiteouts.has(clean)) return true;
    for (let slash = clean.lastIndexOf('/'); slash > 0; slash = clean.lastIndexOf('/', slash - 1)) {
      const folder = clean.slice(0, slash);
      if (this.#whiteouts.has(folder) || this.#opaque.has(folder)) return true;
      // What replaces a folder is no longer a folder, so nothing is below it.
      if (this.#paths.has(hashOf(folder)) && !this.#folders.has(hashOf(folder))) return true;
    }
    return this.#opaque.has('');
  }
}

export function cleanPath(path: string): string {
  return path
    .split('/')
    .filter((step) => step !== '' && step !== '.')
    .join('/');
}

// 52 bits of two mixed hashes: a set of numbers takes a fraction of the memory of a set of paths.
function hashOf(path: string): number {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let i = 0; i < path.length; i += 1) {
    const code = path.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b) ^ (b >>> 13);
  }
  return (a >>> 0) * 2 ** 20 + ((b >>> 0) & 0xfffff);
}
