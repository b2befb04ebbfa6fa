import { Agent, get } from 'node:http';
import { setTimeout as elapsed } from 'node:timers/promises';
import type { Blog } from './blog.ts';
import { format, median, postPaths, progress, quantile, type Row, requestAll } from './measure.ts';
import { query, writePosts } from './posts.ts';

const ROUNDS = 5;
const RENDERS = 100;

/** Milliseconds between two requests for finished pages. */
const PAUSE = 5;

/** Measures how long finished pages take while others are rendered, and at rest. */
export async function measureLatency({ url }: Blog, site: string): Promise<Row[]> {
  const ratios: number[] = [];
  const atRest: number[] = [];
  const busy: number[] = [];
  const rates: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const prefix = `unread-${round}`;
      await writePosts(url, { count: RENDERS, prefix, ageInYears: 10 });
      // The content log is read every second.
      await elapsed(3_000);
      const rest = await p99(site, elapsed(4_000));
      const since = performance.now();
      const renders = requestAll(site, postPaths(prefix, RENDERS), { connections: RENDERS });
      const during = await p99(site, renders);
      rates.push(RENDERS / ((performance.now() - since) / 1_000));
      ratios.push(during / rest);
      atRest.push(rest);
      busy.push(during);
      progress(`p99: ${format(during, 1)} ms during ${RENDERS} renders, ${format(rest, 1)} ms at rest`);
    }
  } finally {
    await query(url, `DELETE FROM "Post" WHERE "slug" LIKE 'unread-%'`);
  }
  return [
    {
      figure: `p99 of finished pages while ${RENDERS} others are rendered, to p99 at rest`,
      measured: format(median(ratios), 1),
      target: '≤ 3',
      how: `${format(median(busy), 1)} ms to ${format(median(atRest), 1)} ms, 200 requests a second; median of ${ROUNDS}`,
    },
    {
      figure: 'pages rendered a second',
      measured: format(median(rates)),
      how: `each on its first visit, ${RENDERS} at once, during those requests`,
    },
  ];
}

/** The 99th percentile of milliseconds from the planned time of a request to the end of its response. */
async function p99(site: string, until: Promise<unknown>): Promise<number> {
  const agent = new Agent({ keepAlive: true });
  const times: number[] = [];
  const pending: Promise<void>[] = [];
  const start = performance.now();
  let ended = false;
  const stop = () => {
    ended = true;
  };
  const finished = until.finally(stop);
  finished.catch(() => undefined);
  for (let number = 1; !ended; number++) {
    const planned = start + number * PAUSE;
    await elapsed(Math.max(0, planned - performance.now()));
    // A late timer of this process is no delay of the server.
    const sent = Math.max(planned, performance.now());
    const path = `/posts/post-${1 + (number % 50)}`;
    pending.push(
      new Promise((resolve, reject) => {
        get(site + path, { agent }, (response) => {
          response.resume().once('end', () => {
            times.push(performance.now() - sent);
            resolve();
          });
        }).once('error', reject);
      }),
    );
  }
  await finished;
  await Promise.all(pending);
  agent.destroy();
  return quantile(times, 0.99);
}
