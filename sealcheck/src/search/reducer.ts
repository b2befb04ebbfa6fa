import { BEGINS_ESCAPE, decodeEscapes, LOOK_AHEAD, mayBeginEscape } from './escapes.ts';
import { cutSeam, cutTag, mayEndTag } from './seams.ts';
import { emptyText, type Text } from './text.ts';

/** The most bytes that a reducer is given at once. */
export const LARGEST_READ = 1 << 16;

// No escape is this long in raw bytes, even in UTF-16, so none crosses a gap of this length without any.
const GAP = 32;
// A value of 40 characters under three encoders that escape every character. Longer input is read in two overlapping
// parts.
const LONGEST_VALUE = 3 << 13;

const [DROP, KEEP, ESCAPE, QUOTE, TAG_END, BRACE, LINE_BREAK, LINE_PREFIX] = [0, 1, 2, 3, 4, 5, 6, 7];

const KIND = new Uint8Array(256).fill(KEEP);
for (const byte of Buffer.from('\0\t $')) KIND[byte] = DROP;
for (const byte of Buffer.from('"\'`')) KIND[byte] = QUOTE;
for (const byte of Buffer.from('\r\n')) KIND[byte] = LINE_BREAK;
for (const byte of Buffer.from('#*|')) KIND[byte] = LINE_PREFIX;
for (const byte of Buffer.from('{}')) KIND[byte] = BRACE;
KIND[0x3e] = TAG_END;
for (let byte = 0; byte < 256; byte += 1) if (BEGINS_ESCAPE[byte] === 1) KIND[byte] = ESCAPE;

// One decoding ends before the next begins, so all reducers share these.
const SPARE = [emptyText(2 * LARGEST_READ + LOOK_AHEAD), emptyText(2 * LARGEST_READ + LOOK_AHEAD)] as const;

const [BACKSLASH, BACKTICK, CARET, DOLLAR, DOUBLE_QUOTE] = [0x5c, 0x60, 0x5e, 0x24, 0x22];
// By far the most common escapes, which need no decoding.
const [LOWER_N, LOWER_R, LOWER_T] = [0x6e, 0x72, 0x74];
function isEscapedBreak(bytes: Uint8Array, at: number, end: number): boolean {
  if (bytes[at] !== BACKSLASH || at + 1 >= end) return false;
  const next = bytes[at + 1];
  return next === LOWER_N || next === LOWER_R || next === LOWER_T;
}

/**
 * Copies bytes up to one with a meaning, at most 65,535. Returns the number read, times 65,536, plus the number
 * written.
 */
function copyPlain(
  bytes: Uint8Array,
  from: number,
  end: number,
  out: Uint8Array,
  places: Float64Array,
  start: number,
  offset: number,
): number {
  const limit = Math.min(end, from + 0xfff);
  let length = start;
  let at = from;
  for (; at < limit; at += 1) {
    const byte = bytes[at] as number;
    const kind = KIND[byte] as number;
    if (kind > 1) break;
    out[length] = byte;
    places[length] = offset + at;
    length += kind;
  }
  return ((at - from) << 16) | (length - start);
}

/** The saved state of a reading. */
export type Saved = { bytes: Uint8Array; at: Float64Array; quote: number; lineStart: number };

/**
 * Reads bytes as canonical text: without escapes, quotes, white space, and what a formatter puts between two pieces of
 * a string. However a value was encoded, its canonical text is the same. base64 and the like are left to `blocks.ts`.
 */
export class Reducer {
  /** The canonical text so far. Its reader may `forget` its beginning. */
  readonly text: Text;
  #quote = -1;
  #quoteKind = 0;
  /** The shortest length of the text during this decoding. */
  #lowest = 0;
  #lineStart = -1;

  constructor(capacity: number) {
    this.text = emptyText(capacity);
  }

  /** Begins with a new content, or continues one that was saved. */
  reset(saved?: Saved): void {
    this.text.length = saved?.bytes.length ?? 0;
    this.#quote = saved?.quote ?? -1;
    this.#lineStart = saved?.lineStart ?? -1;
    if (!saved) return;
    this.text.bytes.set(saved.bytes);
    this.text.at.set(saved.at);
  }

  /** Copies the state needed to continue later, with the last bytes of the canonical text, `kept` at most. */
  save(kept: number): Saved {
    this.forget(Math.max(0, this.text.length - kept));
    const { bytes, at, length } = this.text;
    return {
      bytes: bytes.slice(0, length),
      at: at.slice(0, length),
      quote: this.#quote,
      lineStart: this.#lineStart,
    };
  }

  /** Drops the first `count` bytes of the canonical text. */
  forget(count: number): void {
    const { bytes, at } = this.text;
    bytes.copyWithin(0, count, this.text.length);
    at.copyWithin(0, count, this.text.length);
    this.text.length -= count;
    this.#quote -= count;
    this.#lineStart -= count;
  }

  /**
   * Reads `bytes[from, end)` and returns where it stopped: before the end if an escape may continue after it, unless it
   * is the last. At most `LARGEST_READ` bytes may be new. `offset` is where `bytes` begins in the content.
   */
  read(bytes: Uint8Array, from: number, end: number, isLast: boolean, offset: number): number {
    for (let at = from; at < end; ) {
      at = this.#plain(bytes, at, end, offset, false);
      if (at >= end) break;
      const stop = this.#endOfEscapes(bytes, at, end);
      const isOpen = stop === end && !isLast;
      if (isOpen && end - at < LARGEST_READ) return at;
      this.#escaped(bytes, at, stop, offset);
      if (isOpen) return Math.max(at + 1, end - LONGEST_VALUE);
      at = stop;
    }
    return end;
  }

  // The hot loop: one table lookup for each byte. Stops at an escape, unless those are decoded already.
  #plain(bytes: Uint8Array, from: number, end: number, offset: number, isDecoded: boolean): number {
    const { text } = this;
    const { bytes: out, at: places } = text;
    let length = text.length;
    let at = from;
    while (at < end) {
      const copied = copyPlain(bytes, at, end, out, places, length, offset);
      at += copied >>> 16;
      length += copied & 0xffff;
      if (at >= end) break;
      const byte = bytes[at] as number;
      const kind = KIND[byte] as number;
      if (kind === ESCAPE) {
        if (!isDecoded && isEscapedBreak(bytes, at, end)) {
          if (bytes[at + 1] !== LOWER_T) this.#lineStart = length;
          at += 2;
          continue;
        }
        if (!isDecoded && mayBeginEscape(bytes, at, end)) break;
        if (byte === BACKSLASH || byte === CARET) {
          at += 1;
          continue;
        }
      } else if (kind === LINE_BREAK) {
        this.#lineStart = length;
        at += 1;
        continue;
      } else if (kind === QUOTE) {
        text.length = length;
        this.#endPiece(byte, bytes[at + 1]);
        length = text.length;
        at += 1;
        continue;
      } else if (this.#isDropped(byte, kind, length)) {
        length = text.length;
        at += 1;
        continue;
      }
      out[length] = byte;
      places[length] = offset + at;
      length += 1;
      at += 1;
    }
    text.length = length;
    return at;
  }

  #isDropped(byte: number, kind: number, length: number): boolean {
    const { text } = this;
    const last = text.bytes[length - 1];
    text.length = length;
    if (kind === LINE_PREFIX) return this.#lineStart === length;
    // Templates double a brace to mean one.
    if (kind === BRACE) return length > 0 && last === byte;
    if (!mayEndTag(last) || !cutTag(text)) return false;
    this.#lowest = Math.min(this.#lowest, text.length);
    return true;
  }

  #endPiece(quote: number, next: number | undefined): void {
    // PowerShell escapes the next character with a backtick.
    if (quote === BACKTICK && (next === DOLLAR || next === DOUBLE_QUOTE || next === BACKTICK)) return;
    const { text } = this;
    cutSeam(text, quote === this.#quoteKind ? this.#quote : -1);
    this.#lowest = Math.min(this.#lowest, text.length);
    this.#quote = text.length;
    this.#quoteKind = quote;
  }

  // Escapes follow one another closely, with at most a gap between them: where the last one is sure to end.
  #endOfEscapes(bytes: Uint8Array, from: number, end: number): number {
    let last = from;
    for (let at = from + 1; at < end; at += 1) {
      if (at - last > GAP) return at;
      if (KIND[bytes[at] as number] === ESCAPE && mayBeginEscape(bytes, at, end)) last = at;
    }
    return end;
  }

  #escaped(bytes: Uint8Array, from: number, end: number, offset: number): void {
    const [raw, other] = SPARE;
    raw.bytes.set(bytes.subarray(from, end));
    raw.length = end - from;
    for (let at = 0; at < raw.length; at += 1) raw.at[at] = offset + from + at;
    const decoded = decodeEscapes(raw, other);
    const { text } = this;
    this.#lowest = text.length;
    this.#plain(decoded.bytes, 0, decoded.length, 0, true);
    for (let at = this.#lowest; at < text.length; at += 1)
      text.at[at] = decoded.at[text.at[at] as number] as number;
  }
}
