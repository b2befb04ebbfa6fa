import type { Text } from './text.ts';

/** A chunk of canonical text that was decoded, and for each of its bytes the index in that text where it begins. */
export type Block = { name: string; bytes: Uint8Array; origin: Uint32Array; length: number };

type Code = { name: string; bits: 4 | 6; letters: string };
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const CODES: readonly Code[] = [
  { name: 'base64', bits: 6, letters: BASE64 },
  { name: 'hex', bits: 4, letters: '0123456789abcdef' },
];
const NONE = 255;

function valuesOf({ bits, letters }: Code): Uint8Array {
  const values = new Uint8Array(256).fill(NONE);
  for (const [value, letter] of [...letters].entries()) {
    values[letter.charCodeAt(0)] = value;
    if (bits === 4) values[letter.toUpperCase().charCodeAt(0)] = value;
  }
  if (bits === 6) [values[0x2d], values[0x5f]] = [62, 63];
  return values;
}

const VALUES = CODES.map(valuesOf);
/** Each way in which a code can be aligned on a text: which code, and the first letter's offset in its group. */
const LANES = [0, 1, 2, 3]
  .map((phase) => ({ code: 0, period: 4, phase }))
  .concat([0, 1].map((phase) => ({ code: 1, period: 2, phase })));
const LIST_LANE = LANES.length;
const LIST = /[0-9a-fA-FxX,:-]/;
/** Items of at most four characters, with or without an index, one after the other. */
const LIST_ITEMS = /(?:(?:\d{1,5}:)?(?:0[xX])?[0-9a-fA-F]{1,3}[,:-]){5}/;
const LONGEST_ITEM = 5;
/** How many letters are probed to notice a chunk. */
const PROBE = 4;
const BREAK = 1;
/** How many zeros, as base64, a text may contain and still continue. */
const LONGEST_BLANK = 12;

const isText = (byte: number): boolean =>
  (byte >= 32 && byte < 127) || byte === 0 || byte === 9 || byte === 10 || byte === 13;

// A run of zeros is not text, and every executable has many.
const isBlank = (bytes: Uint8Array, at: number): boolean =>
  (bytes[at] === 0x41 || bytes[at] === 0x30) &&
  bytes[at] === bytes[at + 1] &&
  bytes[at] === bytes[at + 2] &&
  bytes[at] === bytes[at + 3];

const IS_TEXT = Uint8Array.from({ length: 256 }, (_, byte) => (isText(byte) ? 1 : 0));

/** Whether a letter may be at a phase of its group if the encoded content is text. */
function mayStand(value: number, bits: number, phase: number, isBinary: boolean): boolean {
  if (value === NONE) return false;
  if (isBinary) return true;
  const before = (phase * bits) % 8;
  const [high, low] = before + bits <= 8 ? [before, 8 - before - bits] : [0, 16 - before - bits];
  const width = 8 - high - low;
  const digits = value & ((1 << width) - 1);
  for (let byte = 0; byte < 256; byte += 1)
    if (isText(byte) && ((byte >> low) & ((1 << width) - 1)) === digits) return true;
  return false;
}

type Fits = readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array];

function lanesAt(bytes: Uint8Array, at: number, [first, second, third, fourth]: Fits): number {
  return (
    (first[bytes[at] as number] as number) &
    (second[bytes[at + 1] as number] as number) &
    (third[bytes[at + 2] as number] as number) &
    (fourth[bytes[at + 3] as number] as number)
  );
}

// The hot loop: four lookups for about every ten bytes.
function nextProbe(bytes: Uint8Array, from: number, to: number, step: number, fits: Fits): number {
  const [first, second, third, fourth] = fits;
  for (let at = from; at + PROBE <= to; at += step) {
    const lanes =
      (first[bytes[at] as number] as number) &
      (second[bytes[at + 1] as number] as number) &
      (third[bytes[at + 2] as number] as number) &
      (fourth[bytes[at + 3] as number] as number);
    if (lanes === 0) continue;
    const around = lanesAt(bytes, at + PROBE, fits) | (at < PROBE ? 0 : lanesAt(bytes, at - PROBE, fits));
    if ((lanes & around) !== 0 && !isBlank(bytes, at)) return at;
  }
  return to;
}

function startOf(bytes: Uint8Array, at: number, lane: number, fits: Fits): number {
  let start = at;
  let blanks = 0;
  while (
    start > 0 &&
    ((fits[(start - 1 - at) & 3] as Uint8Array)[bytes[start - 1] as number] as number) & lane
  ) {
    start -= 1;
    blanks = bytes[start] === 0x41 ? blanks + 1 : 0;
    if (blanks === LONGEST_BLANK) break;
  }
  return start;
}

function endOf(bytes: Uint8Array, at: number, to: number, lane: number, fits: Fits): number {
  let end = at + PROBE;
  let blanks = 0;
  while (end < to && ((fits[(end - at) & 3] as Uint8Array)[bytes[end] as number] as number) & lane) {
    blanks = bytes[end] === 0x41 ? blanks + 1 : 0;
    end += 1;
    if (blanks === LONGEST_BLANK) break;
  }
  return end;
}

/** Finds chunks of base64, hex and lists of bytes in canonical text, and decodes those that would read as text. */
export class Blocks {
  readonly #shortest: number;
  readonly #isBinary: boolean;
  // For a letter at each position of the probe, a bit for each lane in which it may be there.
  readonly #fits: Fits;

  /** `shortest` is the length of the shortest value, in bytes. With `isBinary` the encoded content need not be text. */
  constructor(shortest: number, isBinary: boolean) {
    this.#isBinary = isBinary;
    this.#shortest = Math.max(6, Math.min(shortest - 1, 11));
    this.#fits = Array.from({ length: PROBE }, (_, place) =>
      Uint8Array.from({ length: 256 }, (__, byte) => {
        let fits = LIST.test(String.fromCharCode(byte)) ? 1 << LIST_LANE : 0;
        for (const [lane, { code, period, phase }] of LANES.entries()) {
          const value = VALUES[code]?.[byte] as number;
          if (mayStand(value, CODES[code]?.bits as number, (place + phase) % period, isBinary))
            fits |= 1 << lane;
        }
        return fits;
      }),
    ) as unknown as Fits;
  }

  /** Decodes the chunks of a text, those of one code joined to one block. */
  find(text: Text): Block[] {
    const { bytes, length: to } = text;
    const blocks = new Map<string, Block>();
    const read = new Int32Array(LANES.length + 1);
    const step = Math.max(4, Math.floor((this.#shortest * 4) / 3) - PROBE);
    for (
      let at = nextProbe(bytes, 0, to, step, this.#fits);
      at < to;
      at = nextProbe(bytes, at + step, to, step, this.#fits)
    ) {
      let lanes = lanesAt(bytes, at, this.#fits);
      // A chunk that is long enough extends by as much again, on at least one side.
      lanes &=
        lanesAt(bytes, at + PROBE, this.#fits) | (at < PROBE ? 0 : lanesAt(bytes, at - PROBE, this.#fits));
      for (let lane = 0; lanes !== 0; lane += 1, lanes >>= 1) {
        if ((lanes & 1) === 0) continue;
        // The same lane has another number at another offset.
        const known = lane === LIST_LANE ? lane : lane < 4 ? (lane - at) & 3 : 4 + ((lane - at) & 1);
        if (at < (read[known] as number)) continue;
        const start = startOf(bytes, at, 1 << lane, this.#fits);
        const end = endOf(bytes, at, to, 1 << lane, this.#fits);
        read[known] = end;
        if (lane === LIST_LANE) this.#list(text, start, end, blocks);
        else this.#letters(text, start, end, lane, at, blocks);
      }
    }
    return [...blocks.values()];
  }

  #letters(text: Text, from: number, to: number, lane: number, at: number, blocks: Map<string, Block>): void {
    const { code, period, phase } = LANES[lane] as (typeof LANES)[number];
    const { name, bits } = CODES[code] as Code;
    if (((to - from) * bits) / 8 < this.#shortest) return;
    const values = VALUES[code] as Uint8Array;
    const start = from + ((period - ((from - at + phase) & (period - 1))) & (period - 1));
    const block = blockIn(blocks, name);
    let held = 0;
    let count = 0;
    let run = block.length;
    for (let index = start; index < to; index += 1) {
      held = ((held << bits) | (values[text.bytes[index] as number] as number)) & 0xffff;
      count += bits;
      if (count < 8) continue;
      count -= 8;
      const byte = (held >> count) & 0xff;
      if (this.#isBinary || IS_TEXT[byte] === 1) append(block, byte, index - 1);
      else run = this.#endRun(block, run, index - 1);
    }
    this.#endRun(block, run, to - 1);
  }

  // Letters that fit one by one may still make bytes that are not text: what is left between those must be long enough.
  #endRun(block: Block, run: number, origin: number): number {
    if (block.length - run < this.#shortest) block.length = run;
    else append(block, BREAK, origin);
    return block.length;
  }

  // 115,101 · 0x73,0x65 · 0:115,1:101 · 73:65 · 73-65
  #list(text: Text, from: number, to: number, blocks: Map<string, Block>): void {
    if (!mayBeList(text.bytes, from, to)) return;
    const written = Buffer.from(text.bytes.buffer, from, to - from).toString('latin1');
    const separator = [',', ':', '-'].find((candidate) => written.includes(candidate));
    if (separator === undefined || !LIST_ITEMS.test(written)) return;
    const readings = [
      { name: 'byte list', base: 10, token: /^(?:\d+:)?(\d{1,3})$/ },
      { name: 'hex, byte by byte', base: 16, token: /^(?:\d+:)?(?:0[xX])?([0-9a-fA-F]{1,2})$/ },
    ];
    for (const { name, base, token } of readings) {
      const block = blockIn(blocks, name);
      const before = block.length;
      let at = from;
      for (const item of written.split(separator)) {
        const byte = Number.parseInt(token.exec(item)?.[1] ?? '', base);
        append(block, byte < 256 ? byte : BREAK, at);
        at += item.length + 1;
      }
      if (block.length - before < this.#shortest) block.length = before;
      else append(block, BREAK, to - 1);
    }
  }
}

/** A fast test: whether five items with the length of a byte follow one another. */
function mayBeList(bytes: Uint8Array, from: number, to: number): boolean {
  let items = 0;
  let start = from;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at];
    if (byte !== 0x2c && byte !== 0x3a && byte !== 0x2d) continue;
    items = at - start <= LONGEST_ITEM && at > start ? items + 1 : 0;
    if (items === 5) return true;
    start = at + 1;
  }
  return false;
}

function blockIn(blocks: Map<string, Block>, name: string): Block {
  let block = blocks.get(name);
  if (!block) {
    block = { name, bytes: new Uint8Array(1024), origin: new Uint32Array(1024), length: 0 };
    blocks.set(name, block);
  }
  return block;
}

function append(block: Block, byte: number, origin: number): void {
  if (block.length === block.bytes.length) {
    const { bytes, origin: before } = block;
    block.bytes = new Uint8Array(2 * bytes.length);
    block.bytes.set(bytes);
    block.origin = new Uint32Array(2 * bytes.length);
    block.origin.set(before);
  }
  block.bytes[block.length] = byte;
  block.origin[block.length] = origin;
  block.length += 1;
}
