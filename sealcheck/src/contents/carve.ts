import {
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  type ZlibOptions,
  zstdDecompressSync,
} from 'node:zlib';

/** A compressed frame somewhere in a buffer. `end` is where it ends, or undefined when the buffer ends first. */
export interface Frame {
  kind: 'gzip' | 'zstd' | 'xz' | 'zip' | 'zlib';
  start: number;
  /** Where the compressed data starts (after a zip entry's header). */
  data: number;
  /** The entry's name in a zip. */
  name?: string;
}

const tells = new Uint8Array(256);
for (const byte of [0x8b, 0xb5, 0xfd, 0x03, 0x9c, 0xda]) tells[byte] = 1;

// Looks at the rarest byte of each magic number, so that ordinary text costs one look-up a byte.
function frameAt(bytes: Buffer, at: number): Frame | undefined {
  const byte = bytes[at];
  const before = bytes[at - 1];
  const after = bytes[at + 1];
  if (byte === 0x8b && before === 0x1f && after === 8 && ((bytes[at + 2] ?? 0) & 0xe0) === 0) {
    return { kind: 'gzip', start: at - 1, data: at - 1 };
  }
  if (byte === 0xb5 && before === 0x28 && after === 0x2f && bytes[at + 2] === 0xfd) {
    return { kind: 'zstd', start: at - 1, data: at - 1 };
  }
  if (byte === 0xfd && after === 0x37 && bytes.toString('latin1', at + 1, at + 6) === '7zXZ\0') {
    return { kind: 'xz', start: at, data: at };
  }
  if (byte === 0x03 && before === 0x4b && bytes[at - 2] === 0x50 && after === 0x04) {
    const start = at - 2;
    if (start + 30 > bytes.length) return { kind: 'zip', start, data: start };
    if (bytes.readUInt16LE(start + 8) !== 8) return undefined;
    const nameLength = bytes.readUInt16LE(start + 26);
    const data = start + 30 + nameLength + bytes.readUInt16LE(start + 28);
    return { kind: 'zip', start, data, name: bytes.toString('utf8', start + 30, start + 30 + nameLength) };
  }
  if ((byte === 0x9c || byte === 0xda) && before === 0x78 && ((after ?? 6) & 6) !== 6) {
    return { kind: 'zlib', start: at - 1, data: at - 1 };
  }
  return undefined;
}

/** The first compressed frame whose tell-tale byte is at or after `from`. */
export function nextFrame(bytes: Buffer, from: number): Frame | undefined {
  for (let at = from; at < bytes.length; at += 1) {
    if (tells[bytes[at] as number] === 1) {
      const frame = frameAt(bytes, at);
      if (frame && frame.start >= from) return frame;
    }
  }
  return undefined;
}

// RFC 8878, 3.1.1: a frame's length can be told from its block headers without decompressing it.
function zstdFrameEnd(bytes: Buffer, start: number): number | 'cut' | 'invalid' {
  const descriptor = bytes[start + 4];
  if (descriptor === undefined) return 'cut';
  if (descriptor & 8) return 'invalid';
  const single = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const size = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  let at = start + 5 + (single ? 0 : 1) + dictionary + size;
  for (;;) {
    if (at + 3 > bytes.length) return 'cut';
    const header = bytes.readUIntLE(at, 3);
    const type = (header >> 1) & 3;
    const length = header >> 3;
    if (type === 3 || length > 128 * 1024) return 'invalid';
    at += 3 + (type === 1 ? 1 : length);
    if (header & 1) break;
  }
  at += descriptor & 4 ? 4 : 0;
  return at > bytes.length ? 'cut' : at;
}

/** What came of unpacking a frame: its content and end; too big for memory; not a frame after all; or cut off. */
export type Unpacked =
  | { outcome: 'whole'; content: Buffer; end: number }
  | { outcome: 'large' }
  | { outcome: 'chance' }
  | { outcome: 'cut'; content: Buffer };

interface WithInfo {
  buffer: Buffer;
  engine: { bytesWritten: number };
}

const isTooLarge = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
const isCut = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR';

/** Unpacks a frame held in memory, up to `most` bytes of content. xz is left to the stream decoder ("large"). */
export function unpackFrame(bytes: Buffer, frame: Frame, most: number): Unpacked {
  if (frame.kind === 'xz') return { outcome: 'large' };
  if (frame.kind === 'zstd') {
    const end = zstdFrameEnd(bytes, frame.start);
    if (end === 'invalid') return { outcome: 'chance' };
    if (end === 'cut') return { outcome: 'cut', content: Buffer.alloc(0) };
    try {
      return {
        outcome: 'whole',
        content: zstdDecompressSync(bytes.subarray(frame.start, end), { maxOutputLength: most }),
        end,
      };
    } catch (error) {
      return { outcome: isTooLarge(error) ? 'large' : 'chance' };
    }
  }
  if (frame.data >= bytes.length) return { outcome: 'cut', content: Buffer.alloc(0) };
  const unpack = frame.kind === 'gzip' ? gunzipSync : frame.kind === 'zip' ? inflateRawSync : inflateSync;
  const options = { maxOutputLength: most, info: true } as ZlibOptions;
  if (frame.kind === 'zlib') {
    try {
      unpack(bytes.subarray(frame.data, frame.data + 256), { finishFlush: constants.Z_SYNC_FLUSH });
    } catch {
      return { outcome: 'chance' };
    }
  }
  // The pieces grow, since a frame is mostly short and its input would be copied whole.
  try {
    const { buffer, engine } = unpack(bytes.subarray(frame.data), options) as unknown as WithInfo;
    return { outcome: 'whole', content: buffer, end: frame.data + engine.bytesWritten };
  } catch (error) {
    if (isTooLarge(error)) return { outcome: 'large' };
    if (!isCut(error)) return { outcome: 'chance' };
  }
  try {
    const { buffer } = unpack(bytes.subarray(frame.data), {
      ...options,
      finishFlush: constants.Z_SYNC_FLUSH,
    }) as unknown as WithInfo;
    return { outcome: 'cut', content: buffer };
  } catch (error) {
    return { outcome: isTooLarge(error) ? 'large' : 'chance' };
  }
}
