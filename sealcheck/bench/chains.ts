import fc from 'fast-check';
import { hitsOf, leaks, written } from '../tests/chains.ts';

// node bench/chains.ts [draws]: the share of random leaks that is found, with a random seed, and the ones that are
// missed.
const draws = Number(process.argv[2] ?? 100_000);
const seed = Date.now() & 0x7fffffff;
const missed: string[] = [];
const found = new Map<number, [found: number, of: number]>();
for (const leak of fc.sample(leaks, { numRuns: draws, seed })) {
  const [hits, of] = found.get(leak.steps.length) ?? [0, 0];
  const isFound = hitsOf(leak.value, written(leak)).length > 0;
  found.set(leak.steps.length, [hits + Number(isFound), of + 1]);
  if (!isFound)
    missed.push(
      `${leak.steps.map(({ encoder }) => encoder.name).join(' > ')}: ${JSON.stringify(leak.value)}`,
    );
}
process.stdout.write(
  `${draws} draws, seed ${seed}\n| encoders | found | of | % |\n| ---: | ---: | ---: | ---: |\n`,
);
for (const [length, [hits, of]] of [...found].sort(([a], [b]) => a - b))
  process.stdout.write(`| ${length} | ${hits} | ${of} | ${((100 * hits) / of).toFixed(3)} |\n`);
for (const line of missed.slice(0, 40)) process.stdout.write(`missed: ${line}\n`);
