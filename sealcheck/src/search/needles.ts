import type { Part } from '../secrets/parts.ts';
import { ENCODERS } from './encoders.ts';
import { LARGEST_READ, Reducer } from './reducer.ts';

/** A part of a secret in the form in which it is searched for. */
export type Needle = {
  part: Part;
  /** What is compared: the middle of the part's canonical text, which no context changes. */
  bytes: Uint8Array;
  /** The canonical text around that middle, which the context may change. */
  before: Uint8Array;
  after: Uint8Array;
  /** What was done to the part that is not an escape: `reversed`, `latin-1`. */
  form?: string;
};

/** Shorter canonical texts would match by chance. */
const SHORTEST = 6;

/** How many bits must agree to rule out chance in gigabytes. */
const ENOUGH_BITS = 44;

/** The bits that each character of a random text of this kind carries. */
function bitsOf(text: string): number {
  const kinds: [RegExp, number][] = [
    [/^\d+$/, 10],
    [/^[\da-f-]+$/i, 16],
    [/^(?:[a-z]+|[A-Z]+)$/, 26],
    [/^[\da-z]+$/i, 62],
  ];
  return Math.log2(kinds.find(([kind]) => kind.test(text))?.[1] ?? 90);
}

const reducer = new Reducer(LARGEST_READ);

/** The canonical text of some bytes. */
export function canonicalOf(bytes: Uint8Array): Buffer {
  reducer.reset();
  reducer.read(bytes, 0, bytes.length, true, 0);
  return Buffer.from(reducer.text.bytes.subarray(0, reducer.text.length));
}

// What may precede or follow a value and form one escape, or one seam, with its first or last characters.
const BEFORE = ['=', '%', '\\', '&', '&#', '\\u', '\\x', '\n', '"', "'", '`', '>', '{', '}', '0', 'a'].map(
  (text) => Buffer.from(text),
);
const AFTER = [
  '41',
  'n',
  ';',
  'lt;',
  '#34;',
  'A',
  'F0',
  '\n',
  '\r\n',
  '"',
  "'",
  '`',
  '"+"',
  '+"',
  '>',
  '=',
  '%',
  '\\',
  ' ',
  '{',
  '}',
  '-->',
].map((text) => Buffer.from(text));

function sharedStart(a: Buffer, b: Buffer): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}

const backwards = (bytes: Buffer): Buffer => Buffer.from(bytes).reverse();

function needlesOfForm(part: Part, value: Buffer, form?: string): Needle[] {
  const whole = canonicalOf(value);
  const reversed = backwards(whole);
  const starts = BEFORE.map(
    (context) =>
      whole.length - sharedStart(reversed, backwards(canonicalOf(Buffer.concat([context, value])))),
  );
  const ends = AFTER.map((context) => sharedStart(whole, canonicalOf(Buffer.concat([value, context]))));
  const enough = Math.min(whole.length, Math.ceil(ENOUGH_BITS / bitsOf(whole.toString('latin1'))));
  const needle = (start: number, end: number): Needle => ({
    part,
    bytes: whole.subarray(start, end),
    before: whole.subarray(0, start),
    after: whole.subarray(end),
    ...(form !== undefined && { form }),
  });
  let [start, end] = [Math.max(...starts), Math.min(...ends)];
  // If no middle is long enough that is the same in all contexts, each context has a needle of its own.
  if (end - start < enough) {
    const pairs = [...new Set([0, ...starts])].flatMap((from) =>
      [...new Set([whole.length, ...ends])].map((to) => [from, to] as const),
    );
    return pairs
      .filter(([from, to]) => to - from >= Math.max(enough, SHORTEST))
      .map(([from, to]) => needle(from, to));
  }
  // base64 and hex lose up to three characters at the ends to their surroundings.
  const spare = (): number => Math.max(0, end - start - enough);
  if (value.length >= 12) {
    if (end === whole.length) end -= Math.min(1, spare());
    start += Math.min(Math.max(0, 3 - start), spare());
  }
  return end - start < SHORTEST ? [] : [needle(start, end)];
}

/** The forms of a value that its canonical text does not cover, with their names. */
function formsOf(value: Buffer): [string | undefined, Buffer][] {
  const text = value.toString();
  const isText = Buffer.from(text).equals(value);
  const forms: [string | undefined, Buffer][] = [[undefined, value]];
  forms.push(['reversed', isText ? Buffer.from([...text].reverse().join('')) : backwards(value)]);
  if (!isText) return forms;
  if (text.includes(' ')) forms.push(['form-encoded', Buffer.from(text.replaceAll(' ', '+'))]);
  if (Buffer.byteLength(text) === text.length) {
    forms.push([
      'js-escaped',
      Buffer.from(text.replace(/[\s\S]/g, (c) => `\\${c.charCodeAt(0).toString(8)}`)),
    ]);
    return forms;
  }
  const wide = Buffer.from(text, 'utf16le');
  forms.push(
    ['latin-1', Buffer.from(text, 'latin1')],
    ['utf-16le', wide],
    ['utf-16be', Buffer.from(wide).swap16()],
  );
  return forms;
}

/** The needles of a part, each canonical text once. */
export function needlesOf(part: Part): Needle[] {
  const needles = formsOf(part.bytes).flatMap(([form, value]) => needlesOfForm(part, value, form));
  return [...new Map(needles.reverse().map((needle) => [needle.bytes.toString(), needle])).values()];
}

/** A part with so few canonical characters that it is searched for in the raw bytes, under one encoder at a time. */
export type RawNeedle = { part: Part; bytes: Uint8Array; name: string };

/** The raw texts of a part that has no needle. */
export function rawNeedlesOf(part: Part): RawNeedle[] {
  const plain = { name: 'plain', encode: (value: Buffer) => value };
  return [plain, ...ENCODERS]
    .map(({ name, encode }) => ({ part, name, bytes: encode(part.bytes) }))
    .filter(({ bytes }) => bytes.length >= SHORTEST);
}
