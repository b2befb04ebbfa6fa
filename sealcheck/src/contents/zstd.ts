import type { Transform } from 'node:stream';
import { constants, createZstdDecompress, zstdDecompressSync } from 'node:zlib';

// Windows of 64 MiB: what `zstd -19` and package managers write; `--ultra -22` asks for 128.
const params = { [constants.ZSTD_d_windowLogMax]: 26 };
const AT_ONCE = 2 ** 20;
const MAGIC_NUMBER = 0xfd2fb528;
const LONGEST_BLOCK = 128 * 1024;

type Through = (
  decoder: Transform & { readonly bytesWritten: number },
  source: AsyncIterable<Buffer>,
) => AsyncGenerator<Buffer, void, undefined>;

/** Reads exactly the requested number of bytes from a stream. */
class Bytes {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  async hasMore(): Promise<boolean> {
    while (this.#held.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) return false;
      this.#held = next.value;
    }
    return true;
  }

  async *pass(length: number): AsyncGenerator<Buffer, void, undefined> {
    for (let left = length; left > 0; ) {
      if (!(await this.hasMore())) throw new Error('unexpected end of file');
      const part = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.pass(length)) parts.push(part);
    return Buffer.concat(parts);
  }

  async leave(): Promise<void> {
    await this.#chunks.return?.();
  }
}

// RFC 8878, 3.1.1: a frame's length follows from its block headers, without decompressing it.
async function* frameOf(bytes: Bytes, magic: Buffer): AsyncGenerator<Buffer, void, undefined> {
  const descriptor = (await bytes.take(1))[0] as number;
  const single = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] as number;
  const size = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  yield Buffer.concat([
    magic,
    Buffer.from([descriptor]),
    await bytes.take((single ? 0 : 1) + dictionary + size),
  ]);
  for (let last = false; !last; ) {
    const header = await bytes.take(3);
    const fields = header.readUIntLE(0, 3);
    const length = ((fields >> 1) & 3) === 1 ? 1 : fields >> 3;
    if (((fields >> 1) & 3) === 3 || length > LONGEST_BLOCK) throw new Error('a block of it is invalid');
    yield Buffer.concat([header, await bytes.take(length)]);
    last = (fields & 1) === 1;
  }
  if (descriptor & 4) yield await bytes.take(4);
}

async function* unpackedFrame(
  frame: AsyncGenerator<Buffer, void, undefined>,
  through: Through,
): AsyncGenerator<Buffer, void, undefined> {
  const start: Buffer[] = [];
  let length = 0;
  let whole = false;
  while (!whole && length < AT_ONCE) {
    const next = await frame.next();
    if (next.done) whole = true;
    else {
      start.push(next.value);
      length += next.value.length;
    }
  }
  if (whole) {
    try {
      yield zstdDecompressSync(Buffer.concat(start), { params, maxOutputLength: 8 * AT_ONCE });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error;
    }
  }
  async function* all(): AsyncGenerator<Buffer, void, undefined> {
    yield Buffer.concat(start);
    yield* frame;
  }
  yield* through(createZstdDecompress({ params }), all());
}

/**
 * Decompresses every frame of a zstd stream, as written by zstd:chunked layers and parallel compressors: Node.js's own
 * decoder silently stops after the first one. Skippable frames hold no content.
 */
export async function* zstdFrames(
  source: AsyncIterable<Buffer>,
  through: Through,
): AsyncGenerator<Buffer, void, undefined> {
  const bytes = new Bytes(source);
  try {
    while (await bytes.hasMore()) {
      const magic = await bytes.take(4);
      const number = magic.readUInt32LE(0);
      if (number === MAGIC_NUMBER) yield* unpackedFrame(frameOf(bytes, magic), through);
      else if (number >>> 4 === 0x184d2a5)
        for await (const _ of bytes.pass((await bytes.take(4)).readUInt32LE(0)));
      else throw new Error('it is followed by other data');
    }
  } finally {
    await bytes.leave();
  }
}
