import type { Part } from '../secrets/parts.ts';
import { ENCODERS } from './encoders.ts';
import { LARGEST_READ, Reducer } from './reducer.ts';

/** A part of a secret as it is found. */
export type Needle = {
  part: Part;
  /** What is compared: the middle of the part's canonical text, which no context changes. */
  bytes: Uint8Array;
  /** The canonical text around that middle, which a context may have changed. */
  before: Uint8Array;
  after: Uint8Array;
  /** What was done to the part that is no escape: `reversed`, `latin-1`. */
  form?: string;
};

/** A canonical text of fewer bytes would be found by chance. */
const SHORTEST = 6;

const reducer = new Reducer(LARGEST_READ);

/** The canonical text of some bytes. */
export function canonicalOf(bytes: Uint8Array): Buffer {
  reducer.reset();
  reducer.read(bytes, 0, bytes.length, true, 0);
  return Buffer.from(reducer.text.bytes.subarray(0, reducer.text.length));
}

// What stands before or after a value and may become one escape, or one seam, with its first or last characters.
const BEFORE = ['=', '%', '\\', '&', '&#', '\\u', '\\x', '\n', '"', "'", '`', '>', '{', '}', '0', 'a'].map((text) => Buffer.from(text));
const AFTER = ['41', 'n', ';', 'lt;', '#34;', 'A', 'F0', '\n', '\r\n', '"', "'", '`', '"+"', '+"', '>', '=', '%', '\\', ' ', '{', '}', '-->'].map(
  (text) => Buffer.from(text),
);

function sharedStart(a: Buffer, b: Buffer): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}

const backwards = (bytes: Buffer): Buffer => Buffer.from(bytes).reverse();

function needleOf(part: Part, value: Buffer, form?: string): Needle | undefined {
  const whole = canonicalOf(value);
  const reversed = backwards(whole);
  let [start, end] = [0, whole.length];
  for (const context of BEFORE) {
    const shared = sharedStart(reversed, backwards(canonicalOf(Buffer.concat([context, value]))));
    start = Math.max(start, whole.length - shared);
  }
  for (const context of AFTER) end = Math.min(end, sharedStart(whole, canonicalOf(Buffer.concat([value, context]))));
  // base64 and hex lose up to three characters at the ends to what is around them.
  if (value.length >= 12) {
    end = Math.max(Math.min(end, whole.length - 1), Math.min(end, start + SHORTEST + 1));
    start = Math.min(Math.max(start, 3), Math.max(start, end - SHORTEST - 1));
  }
  // A value that its contexts leave little of is compared whole: a rare context is missed, not half a database found.
  if (end - start < Math.max(SHORTEST, whole.length / 2)) [start, end] = [0, whole.length];
  if (end - start < SHORTEST) return undefined;
  return {
    part,
    bytes: whole.subarray(start, end),
    before: whole.subarray(0, start),
    after: whole.subarray(end),
    ...(form !== undefined && { form }),
  };
}

/** The forms of a value that are not told from its canonical text, with their names. */
function formsOf(value: Buffer): [string | undefined, Buffer][] {
  const text = value.toString();
  const isText = Buffer.from(text).equals(value);
  const forms: [string | undefined, Buffer][] = [[undefined, value]];
  forms.push(['reversed', isText ? Buffer.from([...text].reverse().join('')) : backwards(value)]);
  if (!isText) return forms;
  if (text.includes(' ')) forms.push(['form-encoded', Buffer.from(text.replaceAll(' ', '+'))]);
  if (/^[\0-\x7f]*$/.test(text)) {
    forms.push(['js-escaped', Buffer.from(text.replace(/[^]/g, (c) => `\\${c.charCodeAt(0).toString(8)}`))]);
    return forms;
  }
  const wide = Buffer.from(text, 'utf16le');
  forms.push(['latin-1', Buffer.from(text, 'latin1')], ['utf-16le', wide], ['utf-16be', Buffer.from(wide).swap16()]);
  return forms;
}

/** The needles of a part, each canonical text once. */
export function needlesOf(part: Part): Needle[] {
  const needles = formsOf(part.bytes).flatMap(([form, value]) => needleOf(part, value, form) ?? []);
  return [...new Map(needles.reverse().map((needle) => [needle.bytes.toString(), needle])).values()];
}

/** A part of so few canonical characters that it is searched for in the raw bytes, under one encoder at a time. */
export type RawNeedle = { part: Part; bytes: Uint8Array; name: string };

/** The raw texts of a part that has no needle. */
export function rawNeedlesOf(part: Part): RawNeedle[] {
  const plain = { name: 'plain', encode: (value: Buffer) => value };
  return [plain, ...ENCODERS].map(({ name, encode }) => ({ part, name, bytes: encode(part.bytes) })).filter(
    ({ bytes }) => bytes.length >= SHORTEST,
  );
}
