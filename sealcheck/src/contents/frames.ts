import { isAscii } from 'node:buffer';
import {
  constants,
  crc32,
  inflateRawSync,
  inflateSync,
  type ZlibOptions,
  zstdDecompressSync,
} from 'node:zlib';
import { looksDeflated } from './deflate.ts';

/** A compressed frame somewhere in a buffer. `end` is where it ends, or undefined if the buffer ends first. */
export type Frame = {
  kind: 'gzip' | 'zstd' | 'xz' | 'zip' | 'zlib';
  start: number;
  /** Where the compressed data starts (after a zip entry's header). */
  data: number;
  /** The entry's name in a zip. */
  name?: string;
  /** Why a zip's entry can't be decompressed here. */
  obstacle?: 'encrypted' | 'method';
};

// PKWARE's APPNOTE, 4.4.5: the methods that archivers use.
const ZIP_METHODS: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 14, 93, 95, 98, 99]);

// RFC 1950, 2.2: the second byte of a zlib stream with a window of 32 KiB, from the fastest to the best level.
const ZLIB_LEVELS: ReadonlySet<number> = new Set([0x01, 0x5e, 0x9c, 0xda]);

// A magic number of three bytes contains a whole pair of bytes at an even address, at any alignment. A pair's entry
// says which of its bytes is the distinctive one that `frameAt` knows: 1 the first, 2 the second, 3 either.
const pairs = new Uint8Array(1 << 16);
const mark = (first: number, second: number, tells: number): void => {
  const pair = first | (second << 8);
  pairs[pair] = (pairs[pair] as number) | tells;
};
mark(0x1f, 0x8b, 2);
mark(0x8b, 0x08, 1);
mark(0x28, 0xb5, 2);
mark(0xb5, 0x2f, 1);
mark(0xfd, 0x37, 1);
mark(0x4b, 0x03, 2);
mark(0x03, 0x04, 1);
for (const level of ZLIB_LEVELS) {
  mark(0x78, level, 2);
  for (let next = 0; next < 256; next += 1) if ((next & 6) !== 6) mark(level, next, 1);
}
for (let before = 0; before < 256; before += 1) mark(before, 0xfd, 2);

// RFC 1952, 2.3: the optional fields between the header of ten bytes and the deflated data.
function gzipFrame(bytes: Buffer, start: number): Frame {
  const flags = bytes[start + 3] ?? 0;
  let data = start + 10;
  if (flags & 4) data += 2 + (data + 2 <= bytes.length ? bytes.readUInt16LE(data) : 0);
  for (const field of [8, 16]) {
    if ((flags & field) === 0) continue;
    const end = bytes.indexOf(0, data);
    data = end < 0 || end - data > 4096 ? bytes.length : end + 1;
  }
  return { kind: 'gzip', start, data: data + (flags & 2 ? 2 : 0) };
}

// APPNOTE, 4.4.3: versions go up to 6.3; a name is text.
const isPlausible = (version: number, name: string): boolean =>
  (version & 0xff) <= 63 && name.length > 0 && !/[\p{Cc}\ufffd]/u.test(name);

// RFC 1950, 2.2: method 8, a checksum of both bytes, no preset dictionary.
const isSmallZlib = (first: number, second: number): boolean =>
  (first & 0x8f) === 8 && ((first << 8) | second) % 31 === 0 && (second & 0x20) === 0;

// Checks the rarest byte of each magic number, so that ordinary text costs one lookup per byte.
function frameAt(bytes: Buffer, at: number, anyWindow = false): Frame | undefined {
  const byte = bytes[at];
  const before = bytes[at - 1];
  const after = bytes[at + 1];
  if (byte === 0x8b && before === 0x1f && after === 8 && ((bytes[at + 2] ?? 0) & 0xe0) === 0) {
    return gzipFrame(bytes, at - 1);
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
    const method = bytes.readUInt16LE(start + 8);
    const isEncrypted = (bytes.readUInt16LE(start + 6) & 1) !== 0;
    if ((method === 0 && !isEncrypted) || !ZIP_METHODS.has(method)) return undefined;
    const nameLength = bytes.readUInt16LE(start + 26);
    const data = start + 30 + nameLength + bytes.readUInt16LE(start + 28);
    const name = bytes.toString('utf8', start + 30, start + 30 + nameLength);
    const obstacle = isEncrypted ? 'encrypted' : method === 8 ? undefined : 'method';
    // Nothing else rules out four arbitrary bytes in a program: gzip itself has them.
    if (obstacle && !isPlausible(bytes.readUInt16LE(start + 4), name)) return undefined;
    return { kind: 'zip', start, data, name, ...(obstacle && { obstacle }) };
  }
  const isZlib =
    before === 0x78
      ? ZLIB_LEVELS.has(byte as number)
      : anyWindow && before !== undefined && isSmallZlib(before, byte as number);
  if (isZlib && looksDeflated(bytes, at + 1)) return { kind: 'zlib', start: at - 1, data: at - 1 };
  return undefined;
}

/**
 * The first compressed frame at or after `from`. ASCII text can only contain a zip entry's. With `anyWindow`, zlib
 * streams with windows below 32 KiB are found too, as in PNG and PDF; elsewhere they would match by chance too often.
 */
export function nextFrame(bytes: Buffer, from: number, anyWindow = false): Frame | undefined {
  if (anyWindow) {
    for (let at = from; at < bytes.length; at += 1) {
      const frame = frameAt(bytes, at, true);
      if (frame && frame.start >= from) return frame;
    }
    return undefined;
  }
  if (from === 0 && isAscii(bytes)) {
    const at = bytes.indexOf('PK\u0003\u0004', 'latin1');
    return at < 0 ? undefined : frameAt(bytes, at + 2);
  }
  const start = from + ((bytes.byteOffset + from) & 1);
  const lead = frameAt(bytes, from);
  if (lead && lead.start >= from) return lead;
  if (bytes.length - start < 2) return undefined;
  const words = new Uint16Array(bytes.buffer, bytes.byteOffset + start, (bytes.length - start) >> 1);
  const count = words.length;
  for (let index = 0; index < count; index += 1) {
    const tells = pairs[words[index] as number] as number;
    if (tells === 0) continue;
    const at = start + index * 2;
    const first = (tells & 1) !== 0 ? frameAt(bytes, at) : undefined;
    if (first && first.start >= from) return first;
    const second = (tells & 2) !== 0 ? frameAt(bytes, at + 1) : undefined;
    if (second && second.start >= from) return second;
  }
  return undefined;
}

// RFC 8878, 3.1.1: a frame's length follows from its block headers, without decompressing it.
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

// The .xz file format, 2.1.2: a stream is a multiple of four bytes, and its footer ends with "YZ" after a checksum.
function xzFrameEnd(bytes: Buffer, start: number): number | undefined {
  for (
    let at = bytes.indexOf('YZ', start + 24, 'latin1');
    at >= 0;
    at = bytes.indexOf('YZ', at + 1, 'latin1')
  ) {
    const isFooter =
      (at + 2 - start) % 4 === 0 && bytes.readUInt32LE(at - 10) === crc32(bytes.subarray(at - 6, at));
    if (isFooter) return at + 2;
  }
  return undefined;
}

/** The result of unpacking a frame: its content and end; too large for memory; not a frame after all; or truncated. */
export type Unpacked =
  | { outcome: 'whole'; content: Buffer; end: number }
  | { outcome: 'large'; end?: number }
  | { outcome: 'chance' }
  | { outcome: 'cut'; content: Buffer };

type WithInfo = {
  buffer: Buffer;
  engine: { bytesWritten: number };
};

const isTooLarge = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
const isCut = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR';

/** Unpacks a frame held in memory, up to `most` bytes of content. xz is left to the stream decoder ("large"). */
export function unpackFrame(bytes: Buffer, frame: Frame, most: number): Unpacked {
  if (frame.kind === 'xz') {
    const header = bytes.subarray(frame.start, frame.start + 12);
    const isWrong = header.length === 12 && header.readUInt32LE(8) !== crc32(header.subarray(6, 8));
    if (isWrong) return { outcome: 'chance' };
    const end = xzFrameEnd(bytes, frame.start);
    return end === undefined ? { outcome: 'cut', content: Buffer.alloc(0) } : { outcome: 'large', end };
  }
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
  const unpack = frame.kind === 'zlib' ? inflateSync : inflateRawSync;
  const options = { maxOutputLength: most, info: true } as ZlibOptions;
  if (frame.kind === 'zlib') {
    try {
      unpack(bytes.subarray(frame.data, frame.data + 256), { finishFlush: constants.Z_SYNC_FLUSH });
    } catch {
      return { outcome: 'chance' };
    }
  }
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
