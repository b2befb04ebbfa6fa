import { BEGINS_ESCAPE, decodeEscapes, LOOK_AHEAD, mayBeginEscape } from './escapes.ts';
import { cutSeam, cutTag } from './seams.ts';
import { emptyText, type Text } from './text.ts';

/** How many bytes are given to a reducer at once, at most. */
export const LARGEST_READ = 1 << 16;

// No escape is this long in raw bytes, even in UTF-16, so none crosses a gap of this length without any.
const GAP = 32;
// A value of 40 characters under three encoders that escape every character. What is longer is read in two overlapping parts.
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
const LOWER_T = 0x74;
const isEscapedBreak = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === BACKSLASH && (bytes[at + 1] === 0x6e || bytes[at + 1] === 0x72 || bytes[at + 1] === LOWER_T);

/** A reading that was put aside. */
export type Saved = { bytes: Uint8Array; at: Float64Array; quote: number; lineStart: number };

/**
 * Reads bytes as canonical text: without escapes, quotes, white space, and what a formatter puts between two pieces of
 * a string. However a value was encoded, its canonical text is the same. base64 and the like are left to `blocks.ts`.
 */
export class Reducer {
  /** The canonical text so far. Whoever reads it may `forget` its beginning. */
  readonly text: Text;
  #quote = -1;
  #quoteKind = 0;
  #lineStart = -1;

  constructor(capacity: number) {
    this.text = emptyText(capacity);
  }

  /** Begins with a new content, or goes on with one that was saved. */
  reset(saved?: Saved): void {
    this.text.length = saved?.bytes.length ?? 0;
    this.#quote = saved?.quote ?? -1;
    this.#lineStart = saved?.lineStart ?? -1;
    if (!saved) return;
    this.text.bytes.set(saved.bytes);
    this.text.at.set(saved.at);
  }

  /** Copies what is needed to go on later, with the last bytes of the canonical text, `kept` at most. */
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
   * Reads `bytes[from, end)` and gives where it stopped: before the end if an escape may go on after it, unless that is
   * the last. At most `LARGEST_READ` bytes may be new. `offset` is where `bytes` begins in the content.
   */
  read(bytes: Uint8Array, from: number, end: number, isLast: boolean, offset: number): number {
    for (let at = from; at < end; ) {
      at = this.#plain(bytes, at, end, offset);
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

  // The hot loop: one table look-up for each byte, up to the next escape.
  #plain(bytes: Uint8Array, from: number, end: number, offset: number): number {
    const { text } = this;
    const { bytes: out, at: places } = text;
    let length = text.length;
    let at = from;
    for (; at < end; at += 1) {
      const byte = bytes[at] as number;
      const kind = KIND[byte] as number;
      if (kind <= KEEP) {
        out[length] = byte;
        places[length] = offset + at;
        length += kind;
        continue;
      }
      if (kind === ESCAPE) {
        const breaks = byte === BACKSLASH && at + 1 < end && isEscapedBreak(bytes, at);
        if (!breaks && mayBeginEscape(bytes, at, end)) break;
        if (byte !== BACKSLASH && byte !== CARET) {
          out[length] = byte;
          places[length] = offset + at;
          length += 1;
        } else if (breaks) {
          at += 1;
          if (bytes[at] !== LOWER_T) this.#lineStart = length;
        }
        continue;
      }
      text.length = length;
      this.#mark(byte, kind, offset + at, bytes[at + 1]);
      length = text.length;
    }
    text.length = length;
    return at;
  }

  // Escapes follow one another closely, with at most a gap between them: where the last one surely ends.
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
    for (let at = 0; at < decoded.length; at += 1) {
      const byte = decoded.bytes[at] as number;
      const kind = KIND[byte] as number;
      if (kind === KEEP || (kind === ESCAPE && byte !== BACKSLASH && byte !== CARET)) {
        text.bytes[text.length] = byte;
        text.at[text.length] = decoded.at[at] as number;
        text.length += 1;
      } else if (kind > ESCAPE) this.#mark(byte, kind, decoded.at[at] as number, decoded.bytes[at + 1]);
    }
  }

  #mark(byte: number, kind: number, place: number, next: number | undefined): void {
    const { text } = this;
    if (kind === QUOTE) {
      // PowerShell escapes with a backtick what it stands before.
      if (byte === BACKTICK && (next === DOLLAR || next === DOUBLE_QUOTE || next === BACKTICK)) return;
      cutSeam(text, byte === this.#quoteKind ? this.#quote : -1);
      this.#quote = text.length;
      this.#quoteKind = byte;
      return;
    }
    if (kind === LINE_BREAK) {
      this.#lineStart = text.length;
      return;
    }
    if (kind === LINE_PREFIX && this.#lineStart === text.length) return;
    // Templates write a brace twice to mean one.
    if (kind === BRACE && text.bytes[text.length - 1] === byte && text.length > 0) return;
    text.bytes[text.length] = byte;
    text.at[text.length] = place;
    text.length += 1;
    if (kind === TAG_END) cutTag(text);
  }
}
