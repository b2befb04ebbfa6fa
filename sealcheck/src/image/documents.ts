import { type Hit, type Search, searchBytes } from '../search/search.ts';

/** A value in a JSON document, if it is an object. */
export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The strings of a JSON document that hold a secret: a readable pointer to each, with its hits. */
export function hitsByPointer(search: Search, document: unknown): { pointer: string; hits: Hit[] }[] {
  const found: { pointer: string; hits: Hit[] }[] = [];
  const look = (pointer: string, text: string): void => {
    const hits = searchBytes(search, Buffer.from(text));
    if (hits.length > 0) found.push({ pointer, hits });
  };
  const walk = (value: unknown, pointer: string, depth: number): void => {
    if (depth > 64) return;
    if (typeof value === 'string') look(pointer, value);
    else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) {
        const variable = pointer === 'config.Env' ? /^([A-Za-z_]\w*)=/.exec(textOf(item))?.[1] : undefined;
        walk(item, variable ? `${pointer}.${variable}` : `${pointer}[${index}]`, depth + 1);
      }
    } else if (isObject(value)) {
      for (const [key, item] of Object.entries(value)) {
        look(`${pointer}{key}`, key);
        walk(item, pointer ? `${pointer}.${key}` : key, depth + 1);
      }
    }
  };
  walk(document, '', 0);
  return found;
}

/** The build steps in a provenance attestation that had secrets mounted or in their environment. */
export function mountingSteps(document: unknown): { name: string; secrets: string[] }[] {
  const steps: { name: string; secrets: string[] }[] = [];
  const walk = (value: unknown, depth: number): void => {
    if (depth > 64) return;
    if (Array.isArray(value)) for (const item of value) walk(item, depth + 1);
    else if (isObject(value)) {
      const exec = isObject(value.exec) ? value.exec : undefined;
      if (exec) {
        const ids = [...listOf(exec.mounts), ...listOf(exec.secretenv)].flatMap((mount) => {
          if (!isObject(mount)) return [];
          const secret = isObject(mount.secretOpt) ? mount.secretOpt : mount;
          return [textOf(secret.ID ?? secret.id)].filter(Boolean);
        });
        const args = isObject(exec.meta) ? listOf(exec.meta.args).map(textOf) : [];
        if (ids.length > 0) steps.push({ name: args.at(-1) ?? 'RUN', secrets: [...new Set(ids)] });
      }
      for (const item of Object.values(value)) walk(item, depth + 1);
    }
  };
  walk(document, 0);
  return steps;
}
