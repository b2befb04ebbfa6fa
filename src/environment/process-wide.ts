const ALL = Symbol.for('sealed');

type Process = typeof globalThis & { [ALL]?: Map<string, unknown> };

/**
 * Returns the process's single value for a key, and creates it on the first call. A module-level variable is not enough:
 * Next.js bundles some modules several times, and loads them again on hot reload.
 *
 * @param make must return the same type for every use of the key
 */
export function processWide<Value>(key: string, make: () => Value): Value {
  const owner: Process = globalThis;
  owner[ALL] ??= new Map();
  const values = owner[ALL];
  if (!values.has(key)) values.set(key, make());
  return values.get(key) as Value;
}
