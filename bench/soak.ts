import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { setTimeout as elapsed } from 'node:timers/promises';
import type { Blog } from './blog.ts';
import { format, postPaths, progress, type Row, requestAll, run } from './measure.ts';

const UNKNOWN = 50_000;
const REVALIDATIONS = 10_000;

/** Seconds of load before the memory at the start is read: until then, Next.js loads and V8 compiles. */
const WARM_UP = 20;

/** Measures whether memory stays the same while a server is asked for unknown addresses and to revalidate pages. */
export async function measureSoak({ serve, stop, build, envFile }: Blog, minutes: number): Promise<Row[]> {
  progress('building the image');
  await build();
  const token = randomBytes(16).toString('hex');
  const tokenFile = `${envFile}.token`;
  writeFileSync(tokenFile, `REVALIDATE_TOKEN=${token}\n`, { mode: 0o600 });
  const { id, site } = await serve('--memory', '256m', '--env-file', tokenFile);
  const resident = () => {
    const status = run('docker', 'exec', id, 'cat', '/proc/1/status');
    return (Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024) / 1e6;
  };
  const revalidate = async (number: number) => {
    const response = await fetch(`${site}/revalidate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ slug: `post-${1 + (number % 100)}` }),
    });
    if (!response.ok) throw new Error(`/revalidate answered ${response.status}.`);
    await requestAll(site, [`/posts/post-${1 + (number % 100)}`]);
  };
  try {
    await paced(WARM_UP, 500, revalidate);
    await requestAll(site, postPaths('warm-up', 5_000), { status: 404 });
    const start = resident();
    const readings = [start];
    const unknown = postPaths('unknown', UNKNOWN);
    await Promise.all([
      paced(minutes * 60, UNKNOWN, () => requestAll(site, [unknown.next().value ?? ''], { status: 404 })),
      paced(minutes * 60, REVALIDATIONS, revalidate),
      paced(minutes * 60, minutes * 4, async () => {
        readings.push(resident());
        progress(`RSS ${format(readings.at(-1) ?? 0)} MB`);
      }),
    ]);
    // The garbage collector runs when the server is idle.
    await elapsed(5_000);
    const end = resident();
    return [
      {
        figure: 'RSS at the end, to RSS at the start',
        measured: format(end / start, 2),
        target: '≤ 1.1',
        how: `${format(start)} MB, then ${format(end)} MB; at most ${format(Math.max(...readings, end))} MB`,
      },
      {
        figure: 'length',
        measured: `${format(minutes)} min`,
        how: `${format(UNKNOWN)} distinct unknown addresses, ${format(REVALIDATIONS)} revalidations, each followed by a read; \`--memory 256m\``,
      },
    ];
  } finally {
    stop(id);
  }
}

/** Does something so many times, evenly spread over some seconds; if it takes longer, without a pause. */
async function paced(
  duration: number,
  count: number,
  work: (number: number) => Promise<void>,
): Promise<void> {
  const start = performance.now();
  for (let number = 0; number < count; number++) {
    await elapsed(Math.max(0, start + (number * duration * 1_000) / count - performance.now()));
    await work(number);
  }
}
