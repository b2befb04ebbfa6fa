import { PassThrough, Readable, type Transform } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import xz from 'xz-decompress';
import { zstdFrames } from './zstd.ts';

export type Compression = 'gzip' | 'brotli' | 'zstd' | 'xz' | 'zlib' | 'deflate';

const HEAD_LENGTH = 512;
// Larger chunks than zlib's 16 KiB are less work for the event loop and the garbage collector.
const CHUNK = 2 ** 18;

/** The same stream with a first chunk of at least 512 bytes, if it has that many: enough for `kindOf`. */
export async function* withHead(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let head: Buffer | undefined = Buffer.alloc(0);
  let failure: unknown;
  try {
    for await (const chunk of source) {
      if (!head) yield chunk;
      else {
        head = head.length > 0 ? Buffer.concat([head, chunk]) : chunk;
        if (head.length < HEAD_LENGTH) continue;
        yield head;
        head = undefined;
      }
    }
  } catch (error) {
    failure = error;
  }
  if (head && head.length > 0) yield head;
  if (failure !== undefined) throw failure;
}

/** The first bytes of a stream, and the stream including them. */
export async function peek(
  source: AsyncIterable<Buffer>,
): Promise<{ head: Buffer; stream: AsyncGenerator<Buffer, void, undefined> }> {
  const chunks = withHead(source);
  const first = await chunks.next();
  async function* stream(): AsyncGenerator<Buffer, void, undefined> {
    if (first.done) return;
    yield first.value;
    yield* chunks;
  }
  return { head: first.done ? Buffer.alloc(0) : first.value, stream: stream() };
}

/** The kind of a file by its first bytes (at least 265 of them, or the whole file). */
export function kindOf(head: Buffer, name: string): Compression | 'tar' | undefined {
  if (head.length >= 3 && head[0] === 0x1f && head[1] === 0x8b && head[2] === 8) return 'gzip';
  if (head.length >= 4 && head.readUInt32BE(0) === 0x28b52ffd) return 'zstd';
  if (head.length >= 6 && head.toString('latin1', 0, 6) === '\xfd7zXZ\0') return 'xz';
  if (head.length >= 265 && head.toString('latin1', 257, 262) === 'ustar') return 'tar';
  if (/\.br$/i.test(name)) return 'brotli';
  const [first = 0, second = 0] = head;
  if (first === 0x78 && ((first << 8) | second) % 31 === 0 && (second & 0x20) === 0) return 'zlib';
  return undefined;
}

/** A zlib decoder reports how many bytes of its input belonged to the compressed data. */
type Decoder = Transform & { readonly bytesWritten: number };

// The data before the damage is passed on, and only then is the damage reported.
async function* through(
  decoder: Decoder,
  source: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  let fed = 0;
  let lastNotZero = 0;
  async function* watched(): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of source) {
      for (let at = chunk.length; at > 0 && lastNotZero <= fed; at -= 1)
        if (chunk[at - 1] !== 0) lastNotZero = fed + at;
      fed += chunk.length;
      yield chunk;
    }
  }
  const input = Readable.from(watched(), { objectMode: false });
  const output = new PassThrough();
  let failure: unknown;
  const fail = (error: Error): void => {
    failure ??= error;
    output.end();
  };
  input.once('error', fail);
  decoder.once('error', fail);
  input.pipe(decoder).pipe(output);
  try {
    for await (const chunk of output) yield chunk as Buffer;
  } finally {
    input.destroy();
    decoder.destroy();
  }
  if (failure !== undefined) throw failure;
  if (lastNotZero > decoder.bytesWritten) throw new Error('it is followed by other data');
}

async function* unpackedXz(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const input = Readable.from(source, { objectMode: false });
  const web = new xz.XzReadableStream(Readable.toWeb(input) as ReadableStream<Uint8Array> as never);
  const reader = (web as unknown as ReadableStream<Uint8Array>).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield Buffer.from(value);
    }
  } finally {
    reader.cancel().catch(() => undefined);
    input.destroy();
  }
}

/**
 * Decompresses a stream in bounded memory. Iteration throws if the data is damaged, truncated or followed by other
 * data.
 */
export function decompressed(
  kind: Compression,
  source: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  switch (kind) {
    case 'xz':
      return unpackedXz(source);
    case 'zstd':
      return zstdFrames(source, through);
    case 'gzip':
      return through(createGunzip({ chunkSize: CHUNK }), source);
    case 'brotli':
      return through(createBrotliDecompress({ chunkSize: CHUNK }), source);
    case 'zlib':
      return through(createInflate({ chunkSize: CHUNK }), source);
    case 'deflate':
      return through(createInflateRaw({ chunkSize: CHUNK }), source);
  }
}

/**
 * One entry of a tar. `name` and `link` are as stored, read as UTF-8; `fields` are the header's texts as bytes, and
 * `header` is everything before the entry's content: padding, PAX records, long names, the header itself.
 */
export type TarEntry = {
  name: string;
  link: string;
  type: string;
  size: number;
  fields: Buffer;
  header: Buffer;
  body: AsyncIterable<Buffer>;
};

function fieldsOf(header: Header): Buffer {
  const pax = Object.entries((header.pax as Record<string, string> | null) ?? {}).flatMap(([key, value]) => [
    key,
    String(value),
  ]);
  const fields = [header.name, header.linkname ?? '', header.uname ?? '', header.gname ?? ''];
  return Buffer.concat([
    ...fields.map((field) => Buffer.from(`${field}\n`, 'latin1')),
    Buffer.from(pax.join('\n')),
  ]);
}

const asUtf8 = (stored: string): string =>
  /[\u0100-\uffff]/.test(stored) ? stored : Buffer.from(stored, 'latin1').toString();

const MOST_BETWEEN_ENTRIES = 8 * 2 ** 20;

/** The last bytes of a stream, from a position that only moves forward. */
class Passed {
  readonly #chunks: Buffer[] = [];
  #start = 0;
  #end = 0;
  #keepFrom = 0;

  async *watch(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of source) {
      this.#chunks.push(chunk);
      this.#end += chunk.length;
      this.forget(this.#keepFrom);
      if (this.#end - this.#keepFrom > MOST_BETWEEN_ENTRIES)
        throw new Error('it has more than 8 MiB between two entries');
      yield chunk;
    }
  }

  forget(before: number): void {
    this.#keepFrom = before;
    for (
      let first = this.#chunks[0];
      first && this.#start + first.length <= before;
      first = this.#chunks[0]
    ) {
      this.#start += first.length;
      this.#chunks.shift();
    }
  }

  upTo(end = this.#end): Buffer {
    const held = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    return Buffer.from(held.subarray(Math.max(0, this.#keepFrom - this.#start), end - this.#start));
  }
}

const OLD_SPARSE = 'S'.charCodeAt(0);

/**
 * Reads the entries of a tar one after the other, and passes on what is left after the last one. Iteration throws on an
 * invalid header, on truncated data, and on an old GNU sparse header that continues in a second block, which this
 * reader does not support.
 */
export async function* tarEntries(
  source: AsyncIterable<Buffer>,
  onTail: (bytes: Buffer) => void = () => undefined,
): AsyncGenerator<TarEntry, void, undefined> {
  const reader = extract({ filenameEncoding: 'latin1' } as Parameters<typeof extract>[0]);
  const passed = new Passed();
  const input = Readable.from(passed.watch(source), { objectMode: false });
  input.on('error', (error) => reader.destroy(error));
  input.pipe(reader as unknown as NodeJS.WritableStream);
  try {
    for await (const stream of reader) {
      const found = stream.header as Header & { byteOffset: number };
      const header = passed.upTo(found.byteOffset);
      const size = found.size ?? 0;
      passed.forget(found.byteOffset + (found.type === 'directory' ? 0 : size));
      if (header.at(-512 + 156) === OLD_SPARSE && header.at(-512 + 482) !== 0)
        throw new Error('it has a GNU sparse file of more than four stretches; pack it with --format=pax');
      yield {
        name: asUtf8(found.name),
        link: asUtf8(found.linkname ?? ''),
        type: found.type ?? 'unknown',
        size,
        fields: fieldsOf(found),
        header,
        body: stream as unknown as AsyncIterable<Buffer>,
      };
      stream.resume();
    }
    onTail(passed.upTo());
  } finally {
    input.destroy();
  }
}
