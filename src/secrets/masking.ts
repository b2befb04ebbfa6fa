import { processWide } from '#environment/process-wide.ts';

/** Characters below which a text is masked only where it stands as a password: shorter ones are in every word. */
const SHORTEST = 4;

/** Texts that are kept for one secret. Rotation adds to them, and a process may run for years. */
const KEPT = 60;

type Masking = {
  /** Every text that must not be printed, with the name of its secret. */
  texts: Map<string, string>;
  /** Called with each such text that is new. */
  listeners: Set<(text: string, name: string) => void>;
  outputIsMasked: boolean;
};

const masking = processWide(
  'secrets.masking',
  (): Masking => ({ texts: new Map(), listeners: new Set(), outputIsMasked: false }),
);

/**
 * Has the process print a secret nowhere: neither its value, nor the parts of a URL that tell it, nor the usual
 * encodings of them. Called by the reader; what the process writes to its outputs is masked from then on.
 */
export function maskSecret(name: string, value: string): void {
  const { texts: masked, listeners } = masking;
  for (const text of tellingTexts(value)) {
    if (masked.has(text)) continue;
    masked.set(text, name);
    for (const listener of listeners) listener(text, name);
  }
  const ofThisSecret = [...masked].filter(([, owner]) => owner === name);
  for (const [text] of ofThisSecret.slice(0, -KEPT)) masked.delete(text);
  maskOutput();
}

/** Calls back with each text that must not be printed, those known already first. */
export function onMasked(listener: (text: string, name: string) => void): void {
  for (const [text, name] of masking.texts) listener(text, name);
  masking.listeners.add(listener);
}

/** Replaces every secret that this process has read by its name in brackets, such as `[DATABASE_URL]`. */
export function mask(text: string): string {
  let result = text;
  // Longest first: the whole URL goes before the password in it.
  for (const [secret, name] of [...masking.texts].sort(([a], [b]) => b.length - a.length)) {
    if (result.includes(secret)) result = result.replaceAll(secret, `[${name}]`);
  }
  return result;
}

/**
 * Masks what an error says, in place: message, stack, causes and every other text in it.
 *
 * @returns the error itself
 */
export function maskError<Thrown>(error: Thrown): Thrown {
  if (masking.texts.size > 0) maskWithin(error, new Set());
  return error;
}

function maskWithin(value: unknown, visited: Set<unknown>): void {
  if (typeof value !== 'object' || value === null || visited.has(value) || ArrayBuffer.isView(value)) return;
  visited.add(value);
  for (const key of Reflect.ownKeys(value)) {
    const property = Reflect.getOwnPropertyDescriptor(value, key);
    // V8 gives `stack` as an accessor in some versions, and reading it is harmless; other accessors are left alone.
    if (!property || (!('value' in property) && key !== 'stack')) continue;
    const current: unknown = Reflect.get(value, key);
    if (typeof current !== 'string') {
      // An error's own fields, its causes and lists; not the sockets and pools that it may refer to.
      if (isPlain(current)) maskWithin(current, visited);
    } else if (mask(current) !== current) {
      Reflect.defineProperty(value, key, {
        value: mask(current),
        writable: true,
        configurable: true,
        enumerable: property.enumerable ?? false,
      });
    }
  }
}

function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof Error || Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** Everything that tells a secret: the value, of a URL the password, and how each would be encoded in another text. */
function tellingTexts(value: string): Set<string> {
  const texts = new Set<string>();
  const add = (text: string) => {
    for (const form of [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text), base64(text)])
      if (form.length >= SHORTEST) texts.add(form);
  };
  add(value);
  // Greedy up to the last @, so that a password which was not percent-encoded is found whole.
  const [, user, password] = /^\w[\w+.-]*:\/\/([^:/?#]*):(.*)@/s.exec(value) ?? [];
  if (!password) return texts;
  for (const form of [password, decoded(password)]) {
    add(form);
    texts.add(`${user}:${form}`);
    texts.add(`:${form}@`);
  }
  return texts;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64').replace(/=+$/, '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Console, loggers and Next.js all write through these two streams; Node.js prints an uncaught error by itself. */
function maskOutput(): void {
  if (masking.outputIsMasked) return;
  masking.outputIsMasked = true;
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
    stream.write = ((chunk: unknown, ...rest: unknown[]) =>
      write(maskChunk(chunk), ...rest)) as typeof stream.write;
  }
  process.on('uncaughtExceptionMonitor', maskError);
}

function maskChunk(chunk: unknown): unknown {
  if (typeof chunk === 'string') return mask(chunk);
  if (!(chunk instanceof Uint8Array)) return chunk;
  const text = Buffer.from(chunk).toString('utf8');
  const masked = mask(text);
  return masked === text ? chunk : Buffer.from(masked);
}
