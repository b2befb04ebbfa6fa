/** A fixed text to find, and what it stands for. */
export type Target = { bytes: Uint8Array };

/** The length of the window of bytes by which a target is noticed. */
const WINDOW = 7;

const MULTIPLIER = 0x9e3779b1 | 0;
const OTHER_MULTIPLIER = 0x85ebca6b | 0;

const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

// Seven bytes as two overlapping words, mixed into one number.
const windowKey = (bytes: Uint8Array, at: number): number =>
  Math.imul(wordAt(bytes, at), MULTIPLIER) ^ Math.imul(wordAt(bytes, at + 3), OTHER_MULTIPLIER);

const variety = (bytes: Uint8Array, at: number): number => new Set(bytes.subarray(at, at + WINDOW)).size;

type Entry<T> = { target: T; window: number };

/**
 * Finds many fixed texts in one pass. A text is read as aligned 32-bit words; a window of seven bytes contains one of
 * them at any alignment, so each word is one table lookup, whatever the number of targets.
 */
export class Finder<T extends Target> {
  readonly longest: number;
  readonly isEmpty: boolean;
  /** For a word's slot, the offsets in a window at which it may be. */
  readonly #places = new Uint8Array(1 << 16);
  readonly #windows = new Map<number, Entry<T>[]>();
  /** Targets that are shorter than a window are rare. */
  readonly #short: T[] = [];

  constructor(targets: readonly T[]) {
    this.isEmpty = targets.length === 0;
    this.longest = Math.max(0, ...targets.map(({ bytes }) => bytes.length));
    for (const target of targets) {
      if (target.bytes.length < WINDOW) {
        this.#short.push(target);
        continue;
      }
      const window = this.#bestWindow(target.bytes);
      const key = windowKey(target.bytes, window);
      this.#windows.set(key, [...(this.#windows.get(key) ?? []), { target, window }]);
      for (let place = 0; place < 4; place += 1) {
        const slot = Math.imul(wordAt(target.bytes, window + place), MULTIPLIER) >>> 16;
        this.#places[slot] = (this.#places[slot] as number) | (1 << place);
      }
    }
  }

  // The window shared by the fewest other targets, and of those the most varied.
  #bestWindow(bytes: Uint8Array): number {
    let [best, bestScore] = [0, Number.NEGATIVE_INFINITY];
    for (let at = 0; at + WINDOW <= bytes.length; at += 1) {
      const score = variety(bytes, at) - 4 * (this.#windows.get(windowKey(bytes, at))?.length ?? 0);
      if (score > bestScore) [best, bestScore] = [at, score];
    }
    return best;
  }

  /** Reports each target in `bytes[from, to)`. `bytes` begins at a multiple of four of its buffer. */
  find(bytes: Uint8Array, from: number, to: number, report: (target: T, at: number) => void): void {
    if (this.isEmpty) return;
    for (const target of this.#short) {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, to);
      for (let at = text.indexOf(target.bytes, from); at >= 0; at = text.indexOf(target.bytes, at + 1))
        report(target, at);
    }
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
    const places = this.#places;
    const last = to >> 2;
    for (let index = from >> 2; index < last; index += 1) {
      const found = places[Math.imul(words[index] as number, MULTIPLIER) >>> 16] as number;
      if (found !== 0) this.#consider(bytes, index * 4, found, from, to, report);
    }
  }

  #consider(
    bytes: Uint8Array,
    word: number,
    places: number,
    from: number,
    to: number,
    report: (target: T, at: number) => void,
  ): void {
    for (let place = 0; place < 4; place += 1) {
      const window = word - place;
      if ((places & (1 << place)) === 0 || window < from || window + WINDOW > to) continue;
      for (const entry of this.#windows.get(windowKey(bytes, window)) ?? []) {
        const start = window - entry.window;
        const wanted = entry.target.bytes;
        if (start < from || start + wanted.length > to) continue;
        let at = 0;
        while (at < wanted.length && bytes[start + at] === wanted[at]) at += 1;
        if (at === wanted.length) report(entry.target, start);
      }
    }
  }
}
