import fc from 'fast-check';
import { drawLeak, encodedBy, isPromised, type Leak } from '../src/plant/leaks.ts';
import { type Hit, searchBytes } from '../src/search/search.ts';
import { prepare } from '../src/secrets/prepare.ts';

const MOST_NUMBERS = 50;

/** Any leak that has to be found, drawn as the self-test draws what it plants. */
export const leaks: fc.Arbitrary<Leak> = fc
  .array(fc.nat(), { minLength: MOST_NUMBERS, maxLength: MOST_NUMBERS })
  .map((numbers) => {
    const rest = numbers.values();
    return drawLeak((below) => (rest.next().value ?? 0) % below);
  })
  .filter(isPromised);

/** The bytes that a leak leaves in a file. */
export const written = ({ value, steps }: Leak): Buffer =>
  Buffer.concat([Buffer.from('some text '), encodedBy(value, steps), Buffer.from(' and more')]);

/** What a search for a value finds in some bytes. */
export function hitsOf(value: string | Buffer, bytes: Buffer): Hit[] {
  const { search } = prepare([{ id: 'id', value: Buffer.from(value), origin: 'a test' }]);
  return searchBytes(search, bytes);
}
