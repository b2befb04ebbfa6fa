import type { Part } from '../secrets/parts.ts';
import { anchorWindow, type Pattern, patternsOf } from './pattern.ts';

/** A part of a secret found in a stream of bytes. Offsets and length are in bytes of that stream. */
export interface Hit {
  secret: string;
  part: string;
  encoding: string;
  offset: number;
  length: number;
}

interface Anchor {
  bytes: Buffer;
  pattern: Pattern;
  /** Where in `bytes` the seven bytes lie that the prefilter looks for. */
  window: number;
}

const multiplier = 0x9e3779b1 | 0;

const wordAt = (bytes: Buffer, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

// Seven bytes as two overlapping words, mixed into one number.
const windowKey = (bytes: Buffer, at: number): number =>
  Math.imul(wordAt(bytes, at), multiplier) ^ Math.imul(wordAt(bytes, at + 3), 0x85ebca6b | 0);

function variety(bytes: Buffer, start: number): number {
  let different = 0;
  for (let i = start; i < start + anchorWindow; i += 1) {
    if (bytes.indexOf(bytes[i] as number, start) === i) different += 1;
  }
  return different;
}

/**
 * All patterns compiled into one prefilter. A text is read as 32-bit words, four bytes at a time; an anchor of seven
 * bytes holds at least one whole word however it lies, so each word is one table look-up whatever the number of patterns.
 */
export class Search {
  readonly parts: readonly Part[];
  /** Bytes of context that a match needs on either side of its anchor. */
  readonly reach: number;
  readonly patternCount: number;
  // One bit for each slot, small enough for the processor's cache; and for a set bit, which offsets its words have.
  readonly #filter: Int32Array;
  readonly #places: Uint8Array;
  readonly #shift: number;
  readonly #anchors = new Map<number, Anchor[]>();

  constructor(parts: readonly Part[]) {
    this.parts = parts;
    const patterns = parts.flatMap(patternsOf);
    this.patternCount = patterns.length;
    this.reach = Math.max(64, ...patterns.map((pattern) => pattern.reach));
    for (const pattern of patterns) {
      for (const bytes of pattern.anchors) this.#index(bytes, pattern);
    }
    const words = new Map<number, number>();
    for (const anchors of this.#anchors.values()) {
      for (const { bytes, window } of anchors) {
        for (let at = 0; at < 4; at += 1) {
          const word = wordAt(bytes, window + at);
          words.set(word, (words.get(word) ?? 0) | (1 << at));
        }
      }
    }
    const bits = Math.min(22, Math.max(14, Math.ceil(Math.log2(words.size * 20 + 1))));
    this.#shift = 32 - bits;
    this.#filter = new Int32Array(1 << (bits - 5));
    this.#places = new Uint8Array(1 << bits);
    for (const [word, places] of words) {
      const slot = Math.imul(word, multiplier) >>> this.#shift;
      this.#filter[slot >>> 5] = (this.#filter[slot >>> 5] as number) | (1 << (slot & 31));
      this.#places[slot] = (this.#places[slot] as number) | places;
    }
  }

  // Of an anchor's windows the one that fewest others share, and of those the most varied, is probed.
  #index(bytes: Buffer, pattern: Pattern): void {
    let best = 0;
    let bestScore = -Infinity;
    for (let start = 0; start + anchorWindow <= bytes.length; start += 1) {
      const shared = this.#anchors.get(windowKey(bytes, start))?.length ?? 0;
      const score = variety(bytes, start) - 4 * shared;
      if (score > bestScore) [best, bestScore] = [start, score];
    }
    const key = windowKey(bytes, best);
    const anchor = { bytes, pattern, window: best };
    const others = this.#anchors.get(key);
    if (others) others.push(anchor);
    else this.#anchors.set(key, [anchor]);
  }

  /** Reports every hit whose anchor starts in `text[from, to)`; the whole of `text` serves as context. */
  scan(text: Buffer, from: number, to: number, report: (hit: Hit) => void): void {
    const skew = (4 - ((text.byteOffset + from) & 3)) & 3;
    const first = from + skew;
    if (text.length - first < 4) return;
    const words = new Int32Array(
      text.buffer,
      text.byteOffset + first,
      Math.max(0, (Math.min(text.length, to + 64) - first) >> 2),
    );
    const filter = this.#filter;
    const shift = this.#shift;
    const count = words.length;
    for (let index = 0; index < count; index += 1) {
      const slot = Math.imul(words[index] as number, multiplier) >>> shift;
      if ((((filter[slot >>> 5] as number) >>> (slot & 31)) & 1) !== 0) {
        this.#consider(text, first + index * 4, this.#places[slot] as number, from, to, report);
      }
    }
  }

  #consider(
    text: Buffer,
    position: number,
    places: number,
    from: number,
    to: number,
    report: (hit: Hit) => void,
  ): void {
    for (let at = 0; at < 4; at += 1) {
      const start = position - at;
      if ((places & (1 << at)) === 0 || start < 0 || start + anchorWindow > text.length) continue;
      const anchors = this.#anchors.get(windowKey(text, start));
      if (anchors) this.#verify(text, start, anchors, from, to, report);
    }
  }

  #verify(
    text: Buffer,
    window: number,
    anchors: Anchor[],
    from: number,
    to: number,
    report: (hit: Hit) => void,
  ): void {
    for (const anchor of anchors) {
      const start = window - anchor.window;
      const end = start + anchor.bytes.length;
      if (start < from || start >= to || end > text.length) continue;
      if (text.compare(anchor.bytes, 0, anchor.bytes.length, start, end) !== 0) continue;
      const { pattern } = anchor;
      const low = Math.max(0, start - pattern.reach);
      const region = text.toString('latin1', low, Math.min(text.length, end + pattern.reach));
      const match = pattern.match(region, start - low, end - low);
      if (!match) continue;
      report({
        secret: pattern.part.secret,
        part: pattern.part.name,
        encoding: match.encoding,
        offset: low + match.start,
        length: match.end - match.start,
      });
    }
  }
}

/** Of hits that overlap, the one that says most (the longest) for each secret, in order of offset. */
export function strongest(hits: readonly Hit[]): Hit[] {
  const kept: Hit[] = [];
  const ordered = [...hits].sort((a, b) => b.length - a.length || a.offset - b.offset);
  const bySecret = new Map<string, Hit[]>();
  for (const hit of ordered) {
    const others = bySecret.get(hit.secret) ?? [];
    bySecret.set(hit.secret, others);
    if (
      others.some(
        (other) => hit.offset < other.offset + other.length && other.offset < hit.offset + hit.length,
      )
    )
      continue;
    others.push(hit);
    kept.push(hit);
  }
  return kept.sort((a, b) => a.offset - b.offset);
}

let scratch = Buffer.allocUnsafe(1 << 19);

// A search ends before the next begins, so one buffer serves all streams; allocating for each chunk costs more than searching.
function joined(tail: Buffer, chunk: Buffer): Buffer {
  const length = tail.length + chunk.length;
  if (scratch.length < length) scratch = Buffer.allocUnsafe(length);
  tail.copy(scratch, 0);
  chunk.copy(scratch, tail.length);
  return scratch.subarray(0, length);
}

/** Searches a stream of chunks in bounded memory: a tail of each chunk is kept so that no match is lost at a border. */
export class StreamSearch {
  readonly hits: Hit[] = [];
  /** How many hits were dropped since the list is full: one stream needs no more to be called a leak. */
  dropped = 0;
  readonly #search: Search;
  #tail: Buffer = Buffer.alloc(0);
  #scannedInTail = 0;
  #offset = 0;
  readonly #seen = new Set<string>();

  constructor(search: Search) {
    this.#search = search;
  }

  push(chunk: Buffer): void {
    const text = this.#tail.length > 0 ? joined(this.#tail, chunk) : chunk;
    const margin = this.#search.reach + 64;
    const to = Math.max(this.#scannedInTail, text.length - margin);
    this.#scan(text, this.#scannedInTail, to);
    const keepFrom = Math.max(0, to - margin);
    this.#tail = Buffer.from(text.subarray(keepFrom));
    this.#scannedInTail = to - keepFrom;
    this.#offset += keepFrom;
  }

  end(): Hit[] {
    this.#scan(this.#tail, this.#scannedInTail, this.#tail.length);
    this.#tail = Buffer.alloc(0);
    this.#scannedInTail = 0;
    return strongest(this.hits);
  }

  #scan(text: Buffer, from: number, to: number): void {
    if (to <= from) return;
    this.#search.scan(text, from, to, (hit) => {
      const offset = this.#offset + hit.offset;
      const key = `${hit.secret} ${hit.part} ${hit.encoding} ${offset}`;
      if (this.#seen.has(key)) return;
      if (this.hits.length >= 1000) {
        this.dropped += 1;
        return;
      }
      this.#seen.add(key);
      this.hits.push({ ...hit, offset });
    });
  }
}

/** Searches a text that is at hand whole. */
export function searchBytes(search: Search, bytes: Buffer): Hit[] {
  const stream = new StreamSearch(search);
  stream.push(bytes);
  return stream.end();
}
