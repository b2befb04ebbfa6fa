import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hitsOf, leaks, written } from './chains.ts';

describe('a value under any chain of up to three encoders', () => {
  it('is found, in 10,000 draws', () => {
    fc.assert(
      fc.property(leaks, (leak) => hitsOf(leak.value, written(leak)).length > 0),
      { seed: 20261124, numRuns: 10_000, endOnFailure: true },
    );
  });

  it('is not found if one of its characters is another one', () => {
    const altered = fc.record({
      leak: leaks.filter(({ value }) => /^[A-Za-z0-9]+$/.test(value)),
      at: fc.nat(),
      letter: fc.constantFrom('a', 'Z', 'q'),
    });
    fc.assert(
      fc.property(altered, ({ leak, at, letter }) => {
        const middle = 4 + (at % (leak.value.length - 8));
        fc.pre(leak.value[middle] !== letter);
        const other = leak.value.slice(0, middle) + letter + leak.value.slice(middle + 1);
        expect(hitsOf(other, written(leak))).toEqual([]);
      }),
      { seed: 20261124, numRuns: 500, endOnFailure: true },
    );
  });
});
