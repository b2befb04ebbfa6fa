import fc from 'fast-check';
import { ENCODERS, type Encoder } from '../src/search/encoders.ts';
import { canonicalOf } from '../src/search/needles.ts';
import { type Hit, searchBytes } from '../src/search/search.ts';
import { prepare } from '../src/secrets/prepare.ts';

/** A value, and what a build may have made of it: encoders in turn, each with something around what it encodes. */
export type Leak = { value: string; steps: { encoder: Encoder; around: readonly [string, string] }[] };

// The last ones may become one escape with the value's first or last characters.
const AROUND = [
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
] as const;

const PRINTABLE = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));
const PUNCTUATION = PRINTABLE.filter((character) => !/[A-Za-z0-9]/.test(character));
const ALPHANUMERIC = PRINTABLE.filter((character) => /[A-Za-z0-9]/.test(character));

const value = fc.oneof(
  { weight: 6, arbitrary: letters(PRINTABLE) },
  { weight: 2, arbitrary: letters([...PUNCTUATION, ...PUNCTUATION, ...PRINTABLE]) },
  { weight: 2, arbitrary: letters(ALPHANUMERIC) },
);

function letters(alphabet: readonly string[]): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...alphabet), minLength: 12, maxLength: 40 });
}

const isWide = ({ encoder }: Leak['steps'][number]): boolean => encoder.name.startsWith('UTF-16');
const isForText = ({ encoder }: Leak['steps'][number]): boolean => /^(CSS|shell)/.test(encoder.name);

/** What the README excludes: values of hardly anything but quotes and spaces, and shells and styles around a NUL. */
function isPromised({ value, steps }: Leak): boolean {
  const wide = steps.findIndex(isWide);
  if (wide >= 0 && steps.slice(wide + 1).some((step) => isForText(step) || isWide(step))) return false;
  return canonicalOf(Buffer.from(value)).length >= 8;
}

/** Any promised leak. */
export const leaks: fc.Arbitrary<Leak> = fc
  .record({
    value,
    steps: fc.array(
      fc.record({ encoder: fc.constantFrom(...ENCODERS), around: fc.constantFrom(...AROUND) }),
      { minLength: 1, maxLength: 3 },
    ),
  })
  .filter(isPromised);

/** The bytes that a leak leaves in a file. */
export function written({ value, steps }: Leak): Buffer {
  const encoded = steps.reduce<Buffer>(
    (bytes, { encoder, around: [before, after] }) =>
      encoder.encode(Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)])),
    Buffer.from(value),
  );
  return Buffer.concat([Buffer.from('some text '), encoded, Buffer.from(' and more')]);
}

/** What a search for a value finds in some bytes. */
export function hitsOf(value: string | Buffer, bytes: Buffer): Hit[] {
  const { search } = prepare([{ id: 'id', value: Buffer.from(value), origin: 'a test' }]);
  return searchBytes(search, bytes);
}
