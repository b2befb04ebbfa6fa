import fc from 'fast-check';
import { AROUND, ENCODERS, encodedBy, isPromised, type Step } from '../src/search/encoders.ts';
import { canonicalOf } from '../src/search/needles.ts';
import { type Hit, searchBytes } from '../src/search/search.ts';
import { prepare } from '../src/secrets/prepare.ts';

/** A value, and how a build may have written it: encoders in turn, each with context around what it encodes. */
export type Leak = { value: string; steps: Step[] };

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

/** Any leak that should be found: all except values of almost nothing but quotes and spaces. */
export const leaks: fc.Arbitrary<Leak> = fc
  .record({
    value,
    steps: fc.array(
      fc.record({ encoder: fc.constantFrom(...ENCODERS), around: fc.constantFrom(...AROUND) }),
      { minLength: 1, maxLength: 3 },
    ),
  })
  .filter(({ value, steps }) => isPromised(steps) && canonicalOf(Buffer.from(value)).length >= 8);

/** The bytes that a leak leaves in a file. */
export const written = ({ value, steps }: Leak): Buffer =>
  Buffer.concat([Buffer.from('some text '), encodedBy(value, steps), Buffer.from(' and more')]);

/** What a search for a value finds in some bytes. */
export function hitsOf(value: string | Buffer, bytes: Buffer): Hit[] {
  const { search } = prepare([{ id: 'id', value: Buffer.from(value), origin: 'a test' }]);
  return searchBytes(search, bytes);
}
