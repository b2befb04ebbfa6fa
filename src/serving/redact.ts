import { SECRET_NAMES } from '#secrets/index.ts';

/** The text that replaces a value. */
const REDACTED = '[redacted]';

/** Matches the end of a secret field's name, in lower case without separators: `apiKey`, `X-Api-Key`, `client_secret`. */
const SECRET_FIELD =
  /(?:password|passphrase|passwd|secret|token|apikey|secretkey|privatekey|connectionstring|authorization|cookie|credential|xprerenderrevalidate)s?$/;

const DECLARED_SECRETS = new Set(SECRET_NAMES.map(withoutSeparators));

/**
 * Replaces the values of fields whose name suggests a secret, at any depth: in objects, arrays, errors and their causes,
 * maps, sets, headers and query parameters.
 *
 * @returns the value itself if it has no such field; otherwise a copy, in which class instances become plain objects
 */
export function redact(value: unknown): unknown {
  return hasSecretField(value, new Set()) ? copyOf(value, new Map()) : value;
}

function hasSecretField(value: unknown, visited: Set<unknown>): boolean {
  if (typeof value !== 'object' || value === null || visited.has(value)) return false;
  visited.add(value);
  return fieldsOf(value).some(([name, field]) => isSecret(name, field) || hasSecretField(field, visited));
}

function copyOf(value: unknown, copies: Map<unknown, unknown>): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (copies.has(value)) return copies.get(value);
  const copy = emptyCopy(value);
  copies.set(value, copy);
  for (const [name, field] of fieldsOf(value)) {
    const redacted = isSecret(name, field) ? REDACTED : copyOf(field, copies);
    if (Array.isArray(copy)) copy.push(redacted);
    else if (copy instanceof Map) copy.set(name, redacted);
    else if (copy instanceof Set) copy.add(redacted);
    else
      Object.defineProperty(copy, name as PropertyKey, {
        value: redacted,
        writable: true,
        configurable: true,
        enumerable: Object.prototype.propertyIsEnumerable.call(value, name as PropertyKey),
      });
  }
  return copy;
}

function emptyCopy(value: object): object {
  if (Array.isArray(value)) return [];
  if (value instanceof Set) return new Set();
  if (value instanceof Error) return Object.create(Object.getPrototypeOf(value));
  return isNamed(value) ? new Map() : {};
}

/** Pairs of name and value, without accessors: reading one may have side effects. */
function fieldsOf(value: object): [unknown, unknown][] {
  if (ArrayBuffer.isView(value)) return [];
  // In pairs and raw headers, a name comes before its value.
  if (Array.isArray(value)) return value.map((field, index) => [index % 2 ? value[index - 1] : index, field]);
  if (isNamed(value)) return [...value];
  if (value instanceof Set) return [...value].map((member, index) => [index, member]);
  const fields = Reflect.ownKeys(value).flatMap((name): [unknown, unknown][] => {
    const property = Reflect.getOwnPropertyDescriptor(value, name);
    return property && 'value' in property ? [[name, property.value]] : [];
  });
  // In some versions of V8 `stack` is an accessor.
  if (value instanceof Error) fields.push(['stack', value.stack]);
  return fields;
}

function isNamed(value: object): value is Map<unknown, unknown> | Headers | URLSearchParams | FormData {
  if (value instanceof Map) return true;
  // Naming Headers loads all of fetch, which would delay the server's start by 20 ms.
  const isPlain = Array.isArray(value) || Reflect.getPrototypeOf(value) === Object.prototype;
  return !isPlain && [Headers, URLSearchParams, FormData].some((type) => value instanceof type);
}

function isSecret(name: unknown, field: unknown): boolean {
  if (typeof name !== 'string' || field === undefined || field === null) return false;
  const plain = withoutSeparators(name);
  return SECRET_FIELD.test(plain) || DECLARED_SECRETS.has(plain);
}

function withoutSeparators(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
