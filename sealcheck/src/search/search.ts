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

/** How many times base64, hex and byte lists may hold one another. */
const DEEPEST = 3;
/** Canonical text that is kept when more is read: what a value may be spread over. */
const KEPT = 12 << 10;
/** Raw bytes before those that are read, which name the encoding of what was found. */
const KEPT_RAW = 8 << 10;
const FULL = 2 * LARGEST_READ;
const LONGEST_ESCAPE = 16;
const DROPPED = new Set(Buffer.from('\0\t\r\n "\'`\\'));

type Found = { part: Part; encoding: string; start: number; end: number };
type Report = (found: Found) => void;

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

/** Reads one content, or one decoded stretch of it: finds needles in its canonical text, and decodes what that holds. */
class Level {
  readonly depth: number;
  readonly reducer = new Reducer(FULL + 2 * LARGEST_READ + KEPT);
  #searchedTo = 0;

  constructor(depth: number) {
    this.depth = depth;
  }

  /** Begins with a new content, or goes on with one. */
  begin(saved?: Saved): void {
    this.reducer.reset(saved);
    this.#searchedTo = this.reducer.text.length;
  }

  /** Gives what the content's next bytes need, so that another one can be read in between. */
  suspend(search: Search, names: readonly string[], report: Report): Saved {
    this.#decode(search, names, report);
    return this.reducer.save(KEPT);
  }

  /** Reads `raw[from, end)` as `Reducer.read` does. `raw` may begin before, for the names of what is found. */
  read(
    search: Search,
    raw: Buffer,
    from: number,
    end: number,
    isLast: boolean,
    offset: number,
    names: readonly string[],
    report: Report,
  ): number {
    const stopped = this.reducer.read(raw, from, end, isLast, offset);
    const { text } = this.reducer;
    this.#search(search, raw, offset, end, names, report);
    if (isLast || text.length >= FULL) this.#decode(search, names, report);
    if (text.length >= FULL) {
      this.reducer.forget(text.length - KEPT);
      this.#searchedTo = KEPT;
    }
    return stopped;
  }

  #search(
    search: Search,
    raw: Buffer,
    offset: number,
    end: number,
    names: readonly string[],
    report: Report,
  ): void {
    const { text } = this.reducer;
    const { bytes, at, length } = text;
    const from = Math.max(0, this.#searchedTo - search.needles.longest - 256);
    search.needles.find(bytes, from, length, (needle, place) => {
      const [first, last] = this.#whole(needle, place);
      const start = at[first] as number;
      const next = last + 1 < length ? (at[last + 1] as number) : offset + end;
      report(locate(needle, raw, offset, start, at[last] as number, next, names));
    });
    this.#searchedTo = length;
  }

  // The needle is the middle of the value; what is left of it on either side belongs to the match if it is there.
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

  #decode(search: Search, names: readonly string[], report: Report): void {
    const inner = levels[this.depth + 1];
    if (!inner) return;
    const { text } = this.reducer;
    for (const block of search.blocks.find(text)) {
      const { bytes, origin, length } = block;
      const offsetOf = (at: number) => text.at[origin[Math.min(at, length - 1)] as number] as number;
      const raw = Buffer.from(bytes.buffer, 0, length);
      inner.whole(search, raw, [...names, block.name], (found) =>
        report({ ...found, start: offsetOf(found.start), end: offsetOf(found.end - 1) + 1 }),
      );
    }
  }

  /** Reads a text that is there whole. */
  whole(search: Search, raw: Buffer, names: readonly string[], report: Report): void {
    this.begin();
    rawMatches(search, raw, raw.length, 0, names, report);
    let from = 0;
    for (let end = 0; end < raw.length; ) {
      end = Math.min(raw.length, end + LARGEST_READ);
      from = this.read(search, raw, from, end, end === raw.length, 0, names, report);
    }
  }
}

const levels = Array.from({ length: DEEPEST + 1 }, (_, depth) => new Level(depth));
const first = levels[0] as Level;

function rawMatches(
  search: Search,
  raw: Buffer,
  end: number,
  offset: number,
  names: readonly string[],
  report: Report,
): void {
  search.rawNeedles.find(raw, 0, end, ({ part, name, bytes }, at) =>
    report({
      part,
      encoding: [...names, name].join(', '),
      start: offset + at,
      end: offset + at + bytes.length,
    }),
  );
}

/** Where exactly a needle lies in the raw bytes, and in what encoding. */
function locate(
  { part, form }: Needle,
  raw: Buffer,
  offset: number,
  start: number,
  last: number,
  next: number,
  names: readonly string[],
): Found {
  const value = part.bytes;
  // Quotes and spaces that the value begins with are not in its canonical text.
  for (
    let skipped = 0;
    skipped < value.length && (skipped === 0 || DROPPED.has(value[skipped - 1] as number));
    skipped += 1
  ) {
    const from = start - offset - skipped;
    if (
      form === undefined &&
      from >= 0 &&
      raw.compare(value, 0, value.length, from, Math.min(raw.length, from + value.length)) === 0
    )
      return {
        part,
        encoding: encodingOf(value, value, form, names),
        start: start - skipped,
        end: start - skipped + value.length,
      };
  }
  let end = Math.max(last + 1, Math.min(next, last + LONGEST_ESCAPE));
  while (end > last + 1 && DROPPED.has(raw[end - 1 - offset] as number)) end -= 1;
  const slice = raw.subarray(Math.max(0, start - offset), end - offset);
  return { part, encoding: encodingOf(slice, value, form, names), start, end };
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

const MOST_HITS = 1000;
const NOTHING = Buffer.alloc(0);
// Bytes of all streams pass through here one after the other: room for the kept ones, for those that wait, and for new ones.
const passage = Buffer.from(new ArrayBuffer(KEPT_RAW + 2 * LARGEST_READ));
let owner: StreamSearch | undefined;

/** Searches a stream of chunks in bounded memory. */
export class StreamSearch {
  readonly hits: Hit[] = [];
  /** How many hits were dropped since the list is full: one stream needs no more to be called a leak. */
  dropped = 0;
  readonly #search: Search;
  readonly #seen = new Set<string>();
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Raw bytes that were read, for names, and after `#read` those that wait for more. */
  #tail = NOTHING;
  #read = 0;
  /** Where the tail begins in the stream. */
  #offset = 0;
  #saved: Saved | undefined;

  constructor(search: Search) {
    this.#search = search;
  }

  push(chunk: Buffer): void {
    // Who gives a small chunk may use its memory again.
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
    const report = (found: Found) => this.#report(found);
    rawMatches(this.#search, passage, end, this.#offset, [], report);
    const stopped = first.read(this.#search, passage, this.#read, end, isLast, this.#offset, [], report);
    const from = Math.max(0, stopped - KEPT_RAW);
    this.#tail = Buffer.from(passage.subarray(from, end));
    this.#read = stopped - from;
    this.#offset += from;
  }

  #suspend(): void {
    this.#saved = first.suspend(this.#search, [], (found) => this.#report(found));
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

/** Searches a text that is at hand whole. */
export function searchBytes(search: Search, bytes: Buffer): Hit[] {
  const stream = new StreamSearch(search);
  stream.push(bytes);
  return stream.end();
}
