const ALL = Symbol.for('sealed');

type Process = typeof globalThis & { [ALL]?: Map<string, unknown> };

/**
 * Gives the one value of this process under this key, and makes it on the first call. A module-level variable would
 * not do: Next.js bundles some modules several times, and loads them again on hot reload.
 *
 * @param make must give the same type wherever the key is used
 */
export function processWide<Value>(key: string, make: () => Value): Value {
  const owner: Process = globalThis;
  owner[ALL] ??= new Map();
  const values = owner[ALL];
  if (!values.has(key)) values.set(key, make());
  return values.get(key) as Value;
}
