import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { StreamSearch } from '../src/search/search.ts';
import { prepare } from '../src/secrets/prepare.ts';

// node bench/search.ts <file...>: how fast files are searched, in MB per second on one core, without decompression.
const SIZE = 1 << 16;
const files: [string, Buffer][] = [
  ...process.argv.slice(2).map((path): [string, Buffer] => [path, readFileSync(path)]),
  ['20,000 near misses', Buffer.from(`${'k9Lw2xPq7ZtVx4mRvXX '.repeat(20_000)}`)],
  ['base64 of noise', Buffer.from(randomBytes(20e6).toString('base64'))],
  ['escapes of escapes', Buffer.from('%252525\\\\\\\\u005c&amp;amp;'.repeat(400_000))],
];

function secondsFor(content: Buffer, secrets: number): number {
  const { search } = prepare(
    Array.from({ length: secrets }, (_, at) => ({
      id: `secret-${at}`,
      value: Buffer.from(at === 0 ? 'k9Lw2xPq7ZtVx4mRv2yK' : randomBytes(15).toString('base64url')),
      origin: 'bench',
    })),
  );
  const started = process.cpuUsage();
  const stream = new StreamSearch(search);
  for (let at = 0; at < content.length; at += SIZE) stream.push(content.subarray(at, at + SIZE));
  stream.end();
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1e6;
}

process.stdout.write('| content | MB | 1 secret, MB/s | 20 | 200 |\n| --- | ---: | ---: | ---: | ---: |\n');
for (const [name, content] of files) {
  const speeds = [1, 20, 200].map((secrets) => {
    const best = Math.min(...[1, 2, 3].map(() => secondsFor(content, secrets)));
    return (content.length / 1e6 / best).toFixed(0);
  });
  process.stdout.write(`| ${name} | ${(content.length / 1e6).toFixed(1)} | ${speeds.join(' | ')} |\n`);
}
