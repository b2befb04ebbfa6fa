import { BASE, type Blog, POSTS } from './blog.ts';
import {
  format,
  median,
  postPaths,
  progress,
  type Row,
  requestAll,
  run,
  seconds,
  untilAnswered,
} from './measure.ts';
import { query, writePosts } from './posts.ts';

const ROUNDS = 9;

/** Codings that a page is compressed with at run time, so that memory includes every variant of it. */
const CODINGS = ['br', 'gzip', 'identity'];

/** The least that a Node.js HTTP server can be. */
const EMPTY_SERVER = "require('http').createServer((_, response) => response.end('ok')).listen(3000)";

/** Measures a container's start and its memory. */
export async function measureContainer(blog: Blog): Promise<Row[]> {
  progress('building the image');
  await blog.build();
  return [...(await measureStart(blog)), ...(await measureMemory(blog))];
}

/** Measures the time from `docker run` to the first 200 over a published port, beside an empty server. */
async function measureStart({ image, envFile, start, stop }: Blog): Promise<Row[]> {
  const servers = {
    empty: [BASE, 'node', '--eval', EMPTY_SERVER],
    blog: [image],
    database: ['--env-file', envFile, image],
  };
  const times: Record<keyof typeof servers, number[]> = { empty: [], blog: [], database: [] };
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, options] of Object.entries(servers) as [keyof typeof servers, string[]][]) {
      const port = 20_000 + Math.floor(Math.random() * 900);
      let id = '';
      const took = await seconds(async () => {
        id = start('--publish', `127.0.0.1:${port}:3000`, ...options);
        await untilAnswered(`http://127.0.0.1:${port}/`);
      });
      stop(id);
      times[name].push(1_000 * took);
      progress(`start, ${name}: ${format(1_000 * took)} ms`);
    }
  const empty = median(times.empty);
  const row = (figure: string, took: number[]): Row => ({
    figure,
    measured: format(median(took) / empty, 2),
    target: '≤ 1.3',
    how: `${format(median(took))} ms to ${format(empty)} ms; medians of ${ROUNDS}, in turn`,
  });
  return [
    row('`docker run` to the first 200, to an empty Node.js server', times.blog),
    row('the same, with a database whose content log is read first', times.database),
  ];
}

/** Memory of a container after its pages were read in every coding, and as many others were rendered. */
async function measureMemory({ serve, stop, url }: Blog): Promise<Row[]> {
  progress('memory after load');
  await writePosts(url, { count: POSTS, prefix: 'older', ageInYears: 10 });
  const { id, site } = await serve('--memory', '256m');
  for (const coding of CODINGS)
    await requestAll(site, postPaths('post', POSTS), { headers: { 'accept-encoding': coding } });
  await requestAll(site, postPaths('older', POSTS));
  await requestAll(site, postPaths('unknown', POSTS), { status: 404 });
  // Such as `161.5MiB / 256MiB`.
  const used =
    Number.parseFloat(run('docker', 'stats', '--no-stream', '--format', '{{.MemUsage}}', id)) * 2 ** 20;
  const status = run('docker', 'exec', id, 'cat', '/proc/1/status');
  const resident = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
  stop(id);
  await query(url, `DELETE FROM "Post" WHERE "slug" LIKE 'older-%'`);
  return [
    {
      figure: 'memory after load, `--memory 256m`',
      measured: `${format(used / 1e6)} MB`,
      target: '≤ 160 MB',
      how: `as \`docker stats\` counts it; RSS is ${format(resident / 1e6)} MB; ${format(POSTS)} pages read in three codings, and as many others rendered`,
    },
  ];
}
