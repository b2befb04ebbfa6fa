import { processWide } from '#environment/process-wide.ts';

/** Minimum characters for masking a text everywhere. A shorter password is masked only inside a URL: it is in every word. */
const MIN_LENGTH = 4;

/** Maximum texts kept per secret: each rotation adds some, and a process may run for years. */
const MAX_TEXTS = 60;

type Masking = {
  /** Every text that must not be printed, with the name of its secret. */
  texts: Map<string, string>;
  /** Called with each new text. */
  listeners: Set<(text: string, name: string) => void>;
  outputIsMasked: boolean;
};

const masking = processWide(
  'secrets.masking',
  (): Masking => ({ texts: new Map(), listeners: new Set(), outputIsMasked: false }),
);

/**
 * Masks a secret in everything that the process writes to stdout and stderr from now on: its value, the password if it
 * is a URL, and the usual encodings of both. {@link readSecret} calls this.
 */
export function maskSecret(name: string, value: string): void {
  const { texts: masked, listeners } = masking;
  for (const text of sensitiveTexts(value)) {
    if (masked.has(text)) continue;
    masked.set(text, name);
    for (const listener of listeners) listener(text, name);
  }
  const ofThisSecret = [...masked].filter(([, owner]) => owner === name);
  for (const [text] of ofThisSecret.slice(0, -MAX_TEXTS)) masked.delete(text);
  maskOutput();
}

/** Calls `listener` with each text that must not be printed: at once with the known ones, later with each new one. */
export function onMasked(listener: (text: string, name: string) => void): void {
  for (const [text, name] of masking.texts) listener(text, name);
  masking.listeners.add(listener);
}

/** Replaces every secret that this process has read by its name in brackets, such as `[DATABASE_URL]`. */
export function mask(text: string): string {
  let result = text;
  // Longest first: the whole URL is replaced before the password in it.
  for (const [secret, name] of [...masking.texts].sort(([a], [b]) => b.length - a.length)) {
    if (result.includes(secret)) result = result.replaceAll(secret, `[${name}]`);
  }
  return result;
}

/**
 * Masks an error in place: message, stack, causes and every other string in it.
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
    // In some versions of V8 `stack` is an accessor that is safe to read; other accessors are left alone.
    if (!property || (!('value' in property) && key !== 'stack')) continue;
    const current: unknown = Reflect.get(value, key);
    if (typeof current !== 'string') {
      // Plain objects, arrays and causes, but not the sockets and pools that an error may refer to.
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

/** The texts that reveal a secret: its value, the password if it is a URL, and the usual encodings of both. */
function sensitiveTexts(value: string): Set<string> {
  const texts = new Set<string>();
  const add = (text: string) => {
    for (const form of [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text), base64(text)])
      if (form.length >= MIN_LENGTH) texts.add(form);
  };
  add(value);
  // Greedy up to the last @, so that a password with an unencoded @ is found whole.
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

/** Console, loggers and Next.js all write to these two streams. Node.js prints uncaught errors without them. */
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
