import { PassThrough, pipeline, Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import xz from 'xz-decompress';

export type Compression = 'gzip' | 'brotli' | 'zstd' | 'xz' | 'zlib';

/** What a file is by its first bytes (at least 265 of them, or the whole file). */
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

/** Decompresses a stream in bounded memory. Iteration throws when the data is damaged or cut short. */
export async function* decompressed(
  kind: Compression,
  source: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  const input = Readable.from(source, { objectMode: false });
  if (kind === 'xz') {
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
  const decoder =
    kind === 'gzip'
      ? createGunzip()
      : kind === 'brotli'
        ? createBrotliDecompress()
        : kind === 'zlib'
          ? createInflate()
          : createZstdDecompress();
  const output = new PassThrough();
  pipeline(input, decoder, output, () => undefined);
  for await (const chunk of output) yield chunk as Buffer;
}

/** One entry of a tar. `name` and `link` are as stored, read as UTF-8; `texts` holds every header field as bytes. */
export interface TarEntry {
  name: string;
  link: string;
  type: string;
  size: number;
  texts: Buffer;
  body: AsyncIterable<Buffer>;
}

function headerTexts(header: Header): Buffer {
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

/** Reads the entries of a tar one after the other. Iteration throws on a bad header and when the data is cut short. */
export async function* tarEntries(source: AsyncIterable<Buffer>): AsyncGenerator<TarEntry, void, undefined> {
  const reader = extract({ filenameEncoding: 'latin1' } as Parameters<typeof extract>[0]);
  const input = Readable.from(source, { objectMode: false });
  input.on('error', (error) => reader.destroy(error));
  input.pipe(reader as unknown as NodeJS.WritableStream);
  try {
    for await (const stream of reader) {
      const { header } = stream;
      yield {
        name: asUtf8(header.name),
        link: asUtf8(header.linkname ?? ''),
        type: header.type ?? 'unknown',
        size: header.size ?? 0,
        texts: headerTexts(header),
        body: stream as unknown as AsyncIterable<Buffer>,
      };
      stream.resume();
    }
  } finally {
    input.destroy();
  }
}
