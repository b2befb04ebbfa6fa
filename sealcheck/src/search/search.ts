import type { Part } from '../secrets/parts.ts';
import { Blocks } from './blocks.ts';
import { Finder } from './finder.ts';
import { encodingOf } from './names.ts';
import { type Needle, needlesOf, type RawNeedle, rawNeedlesOf } from './needles.ts';
import { LARGEST_READ, Reducer, type Saved } from './reducer.ts';

/** A part of a secret found in a stream of bytes. Offsets and length are in bytes of that stream. */
export type Hit = {
  secret: string;
  part: string;
  encoding: string;
  offset: number;
  length: number;
};

/** How deep base64, hex and byte lists may be nested. */
const DEEPEST = 3;
/** Canonical text that is kept when more is read: the distance over which a value may be spread. */
const KEPT = 12 << 10;
/** Raw bytes before the current ones, which name the encoding of what was found. */
const KEPT_RAW = 8 << 10;
const FULL = 2 * LARGEST_READ;
const LONGEST_ESCAPE = 16;
const DROPPED = new Set(Buffer.from('\0\t\r\n "\'`\\'));

type Found = { part: Part; encoding: string; start: number; end: number };

/** Some bytes of a content that are being read. */
type Reading = {
  search: Search;
  /** The bytes, up to `end`. Bytes that were read earlier may precede them, to name the encoding of a hit. */
  raw: Buffer;
  end: number;
  /** Where `raw` begins in the content. */
  offset: number;
  /** The encodings that were undone to get at the content, outermost first. */
  names: readonly string[];
  report(found: Found): void;
};

/** The parts of all secrets, compiled for one search. */
export class Search {
  readonly parts: readonly Part[];
  readonly needles: Finder<Needle>;
  readonly rawNeedles: Finder<RawNeedle>;
  readonly blocks: Blocks;

  constructor(parts: readonly Part[]) {
    this.parts = parts;
    const needles = parts.map((part) => ({ part, found: needlesOf(part) }));
    this.needles = new Finder(needles.flatMap(({ found }) => found));
    this.rawNeedles = new Finder(
      needles.flatMap(({ part, found }) => (found.length === 0 ? rawNeedlesOf(part) : [])),
    );
    const isBinary = parts.some(({ bytes }) => bytes.some((byte) => byte > 126));
    this.blocks = new Blocks(Math.min(16, ...parts.map(({ bytes }) => bytes.length)), isBinary);
  }
}

/** Reads one content, or one decoded chunk of it: finds needles in its canonical text, and decodes what that holds. */
class Level {
  readonly depth: number;
  readonly reducer = new Reducer(FULL + 2 * LARGEST_READ + KEPT);
  #searchedTo = 0;

  constructor(depth: number) {
    this.depth = depth;
  }

  /** Begins with a new content, or continues one. */
  begin(saved?: Saved): void {
    this.reducer.reset(saved);
    this.#searchedTo = this.reducer.text.length;
  }

  /** Returns the state that the content's next bytes need, so that another one can be read in between. */
  suspend(reading: Reading): Saved {
    this.#decode(reading);
    return this.reducer.save(KEPT);
  }

  /** Reads on from `from`, and returns where it stopped, as `Reducer.read` does. */
  read(reading: Reading, from: number, isLast: boolean): number {
    const stopped = this.reducer.read(reading.raw, from, reading.end, isLast, reading.offset);
    const { text } = this.reducer;
    this.#search(reading);
    if (isLast || text.length >= FULL) this.#decode(reading);
    if (text.length >= FULL) {
      this.reducer.forget(text.length - KEPT);
      this.#searchedTo = KEPT;
    }
    return stopped;
  }

  /** Reads a complete text. */
  whole(reading: Reading): void {
    this.begin();
    reportRaw(reading);
    let from = 0;
    for (let end = 0; end < reading.end; ) {
      end = Math.min(reading.end, end + LARGEST_READ);
      from = this.read({ ...reading, end }, from, end === reading.end);
    }
  }

  #search(reading: Reading): void {
    const { bytes, at, length } = this.reducer.text;
    const { needles } = reading.search;
    needles.find(bytes, Math.max(0, this.#searchedTo - needles.longest - 256), length, (needle, place) => {
      const [first, last] = this.#whole(needle, place);
      const next = last + 1 < length ? (at[last + 1] as number) : reading.offset + reading.end;
      reading.report(locate(needle, reading, at[first] as number, at[last] as number, next));
    });
    this.#searchedTo = length;
  }

  // The needle is the middle of the value; the rest of the value on either side belongs to the match if it is there.
  #whole({ bytes: middle, before, after }: Needle, place: number): [number, number] {
    const { bytes, length } = this.reducer.text;
    let [first, last] = [place, place + middle.length - 1];
    for (let left = before.length - 1; left >= 0 && first > 0 && bytes[first - 1] === before[left]; left -= 1)
      first -= 1;
    for (
      let right = 0;
      right < after.length && last + 1 < length && bytes[last + 1] === after[right];
      right += 1
    )
      last += 1;
    return [first, last];
  }

  #decode({ search, names, report }: Reading): void {
    const inner = levels[this.depth + 1];
    if (!inner) return;
    const { text } = this.reducer;
    for (const { name, bytes, origin, length } of search.blocks.find(text)) {
      const offsetOf = (at: number) => text.at[origin[Math.min(at, length - 1)] as number] as number;
      inner.whole({
        ...{
          search,
          raw: Buffer.from(bytes.buffer, 0, length),
          end: length,
          offset: 0,
          names: [...names, name],
        },
        report: (found) =>
          report({ ...found, start: offsetOf(found.start), end: offsetOf(found.end - 1) + 1 }),
      });
    }
  }
}

const levels = Array.from({ length: DEEPEST + 1 }, (_, depth) => new Level(depth));
const first = levels[0] as Level;

function reportRaw({ search, raw, end, offset, names, report }: Reading): void {
  search.rawNeedles.find(raw, 0, end, ({ part, name, bytes }, at) => {
    const start = offset + at;
    report({ part, encoding: [...names, name].join(', '), start, end: start + bytes.length });
  });
}

/** Where the value itself is in plain form, if it is. Quotes and spaces that it begins with are not in `start`. */
function plainStart(value: Buffer, raw: Buffer, start: number): number | undefined {
  for (let skipped = 0; skipped < value.length; skipped += 1) {
    const from = start - skipped;
    if (from >= 0 && raw.subarray(from, from + value.length).equals(value)) return from;
    if (!DROPPED.has(value[skipped] as number)) return undefined;
  }
  return undefined;
}

/** Where exactly a needle is in the content, and in what encoding. */
function locate(
  { part, form }: Needle,
  { raw, offset, names }: Reading,
  start: number,
  last: number,
  next: number,
): Found {
  const value = part.bytes;
  const plain = form === undefined ? plainStart(value, raw, start - offset) : undefined;
  if (plain !== undefined) {
    const from = offset + plain;
    return { part, encoding: encodingOf(value, value, form, names), start: from, end: from + value.length };
  }
  let end = Math.max(last + 1, Math.min(next, last + LONGEST_ESCAPE));
  while (end > last + 1 && DROPPED.has(raw[end - 1 - offset] as number)) end -= 1;
  const slice = raw.subarray(Math.max(0, start - offset), end - offset);
  return { part, encoding: encodingOf(slice, value, form, names), start, end };
}

/** Of overlapping hits the most specific (the longest) for each secret, in order of offset. */
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

const MOST_HITS = 1000;
const NOTHING = Buffer.alloc(0);
// Bytes of all streams pass through here one after the other: room for the kept ones, the waiting ones and new ones.
const passage = Buffer.from(new ArrayBuffer(KEPT_RAW + 2 * LARGEST_READ));
let owner: StreamSearch | undefined;

/** Searches a stream of chunks in bounded memory. */
export class StreamSearch {
  readonly hits: Hit[] = [];
  /** Number of hits dropped because the list is full: one stream needs no more to be called a leak. */
  dropped = 0;
  readonly #search: Search;
  readonly #seen = new Set<string>();
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Raw bytes that were read, to name encodings, and after `#read` those that wait for more. */
  #tail = NOTHING;
  #read = 0;
  /** Where the tail begins in the stream. */
  #offset = 0;
  #saved: Saved | undefined;

  constructor(search: Search) {
    this.#search = search;
  }

  push(chunk: Buffer): void {
    // The sender of a small chunk may reuse its memory.
    this.#held.push(chunk.length < LARGEST_READ ? Buffer.from(chunk) : chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes >= LARGEST_READ) this.#work(false);
  }

  end(): Hit[] {
    this.#work(true);
    if (owner === this) owner = undefined;
    return strongest(this.hits);
  }

  #work(isLast: boolean): void {
    const held = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    if (owner !== this) {
      if (owner) owner.#suspend();
      owner = this;
      first.begin(this.#saved);
    }
    for (let at = 0; at < held.length || isLast; ) {
      const piece = held.subarray(at, at + LARGEST_READ);
      at += piece.length;
      this.#readPiece(piece, isLast && at >= held.length);
      if (isLast && at >= held.length) break;
    }
  }

  #readPiece(piece: Buffer, isLast: boolean): void {
    this.#tail.copy(passage);
    piece.copy(passage, this.#tail.length);
    const end = this.#tail.length + piece.length;
    const reading = this.#reading(end);
    reportRaw(reading);
    const stopped = first.read(reading, this.#read, isLast);
    const from = Math.max(0, stopped - KEPT_RAW);
    this.#tail = Buffer.from(passage.subarray(from, end));
    this.#read = stopped - from;
    this.#offset += from;
  }

  #suspend(): void {
    this.#saved = first.suspend(this.#reading(0));
  }

  #reading(end: number): Reading {
    const report = (found: Found) => this.#report(found);
    return { search: this.#search, raw: passage, end, offset: this.#offset, names: [], report };
  }

  #report({ part, encoding, start, end }: Found): void {
    const key = `${part.secret} ${part.name} ${encoding} ${start}`;
    if (this.#seen.has(key)) return;
    if (this.hits.length >= MOST_HITS) {
      this.dropped += 1;
      return;
    }
    this.#seen.add(key);
    this.hits.push({ secret: part.secret, part: part.name, encoding, offset: start, length: end - start });
  }
}

/** Searches a text that is completely in memory. */
export function searchBytes(search: Search, bytes: Buffer): Hit[] {
  const stream = new StreamSearch(search);
  stream.push(bytes);
  return stream.end();
}
