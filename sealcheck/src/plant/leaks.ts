import { ENCODERS, type Encoder } from '../search/encoders.ts';
import { canonicalOf } from '../search/needles.ts';

/** A step of a chain: an encoder, and what else it encodes around the value. */
export type Step = { encoder: Encoder; around: readonly [before: string, after: string] };

/** A value, and the encoders through which a build wrote it, in turn. */
export type Leak = { value: string; steps: readonly Step[] };

/** Draws a whole number below another. */
export type Draw = (below: number) => number;

/** What may surround a value. The last ones may form one escape with its first or last characters. */
const AROUND: readonly Step['around'][] = [
  ['', ''],
  ['key=', ''],
  ['"', '"'],
  ["'", "'"],
  ['{"a":', '}'],
  ['<p>', '</p>'],
  ['a: ', '\n'],
  ['(', ')'],
  [',', ','],
  ['x ', ' y'],
  ['%', '%'],
  ['=', '='],
  ['&', ';'],
];

const PRINTABLE = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));
const PUNCTUATION = PRINTABLE.filter((character) => !/[A-Za-z0-9]/.test(character));
const ALPHANUMERIC = PRINTABLE.filter((character) => /[A-Za-z0-9]/.test(character));
/** Three in five values are of any printable characters, one mostly of punctuation, one alphanumeric. */
const ALPHABETS = [
  PRINTABLE,
  PRINTABLE,
  PRINTABLE,
  [...PUNCTUATION, ...PUNCTUATION, ...PRINTABLE],
  ALPHANUMERIC,
];

/** The fewest characters of a promised value besides those that the search drops. */
const FEWEST_TELLING = 8;

/** Draws a value of 12 to 40 characters and a chain of one to three encoders, or of `length`. */
export function drawLeak(draw: Draw, length = 1 + draw(3)): Leak {
  const oneOf = <T>(values: readonly T[]): T => values[draw(values.length)] as T;
  const alphabet = oneOf(ALPHABETS);
  const value = Array.from({ length: 12 + draw(29) }, () => oneOf(alphabet)).join('');
  return {
    value,
    steps: Array.from({ length }, () => ({ encoder: oneOf(ENCODERS), around: oneOf(AROUND) })),
  };
}

/** What a chain makes of a value, in the middle of other text. */
export function encodedBy(value: string, steps: readonly Step[]): Buffer {
  return steps.reduce<Buffer>(
    (bytes, { encoder, around: [before, after] }) =>
      encoder.encode(Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)])),
    Buffer.from(value),
  );
}

const isWide = ({ encoder }: Step): boolean => encoder.name.startsWith('UTF-16');
const isForText = ({ encoder }: Step): boolean => /^(?:CSS|shell)/.test(encoder.name);

/**
 * Whether a leak has to be found: all have to, except values of almost nothing but quotes and spaces, and chains that
 * escape the NULs of UTF-16 for a shell or CSS.
 */
export function isPromised({ value, steps }: Leak): boolean {
  const wide = steps.findIndex(isWide);
  const escapesNuls = wide >= 0 && steps.slice(wide + 1).some((step) => isForText(step) || isWide(step));
  return !escapesNuls && canonicalOf(Buffer.from(value)).length >= FEWEST_TELLING;
}
