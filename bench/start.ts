import { BASE, type Blog } from './blog.ts';
import { format, median, progress, type Row, seconds, untilAnswered } from './measure.ts';

const ROUNDS = 9;

/** The least that a Node.js HTTP server can be. */
const EMPTY_SERVER = "require('http').createServer((_, response) => response.end('ok')).listen(3000)";

/** Measures the time from `docker run` to the first 200 over a published port, beside an empty server. */
export async function measureStart({ image, envFile, start, stop }: Blog): Promise<Row[]> {
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
