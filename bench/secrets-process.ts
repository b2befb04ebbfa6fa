import { readFileSync } from 'node:fs';

// The process that bench/secrets.ts measures: it uses its secrets as a server does.
const READS = 100_000;
const names = (process.env.NAMES ?? '').split(' ');

const started = performance.now();
const { liveSecret, watchSecrets } = await import('#secrets/index.ts');
const loaded = performance.now();
watchSecrets(() => undefined);
for (const name of names) if (!liveSecret(name as 'AUTH_SECRET')) throw new Error(`${name} was not read.`);
const read = performance.now();

/** Bytes that this process has read, including this measurement. */
const bytesRead = () => Number(/^rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
const first = bytesRead();
const look = bytesRead() - first;
for (let use = 0; use < READS; use++) liveSecret(names[use % names.length] as 'AUTH_SECRET');
const bytes = bytesRead() - first - 2 * look;

console.info(JSON.stringify({ loading: loaded - started, reading: read - loaded, bytes, uses: READS }));
process.exit(0);
