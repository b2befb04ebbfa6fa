import { parseArgs } from 'node:util';
import { type Blog, openBlog } from './blog.ts';
import { writeTable } from './figures.ts';
import { measureImage } from './image.ts';
import { progress, type Row } from './measure.ts';
import { measurePages } from './pages.ts';
import { measureSecrets } from './secrets.ts';
import { measureSoak } from './soak.ts';
import { measureContainer } from './start.ts';

const HELP = `Usage: npm run bench [-- [part…] [options]]

Measures, and writes the tables of docs/figures.md. A part that is not run keeps its table.

Parts, all of them by default:
  image     builds and sizes, with 1,000 posts
  start     a container's first answer, and its memory after load
  pages     requests a second beside nginx, latency during renders, a first visit, Lighthouse
  secrets   what reading secrets costs
  soak      memory while unknown addresses and revalidations go on

Options:
  --minutes <n>   how long the soak takes (5)
  --rounds <n>    how often builds are repeated for a median (3)
  --skip-cold     skip the build without a cache, which leaves out its rows
  -h, --help      this text

It needs Linux with two cores and Docker. The part pages also needs nginx, wrk and Chromium, and fetches Lighthouse from
the npm registry; without the latter its rows are left out.
`;

type Options = { minutes: number; rounds: number; skipCold: boolean };

const PARTS: Record<string, (blog: () => Promise<Blog>, options: Options) => Promise<Row[]>> = {
  image: async (blog, options) => measureImage(await blog(), options),
  start: async (blog) => measureContainer(await blog()),
  pages: async (blog) => measurePages(await blog()),
  secrets: measureSecrets,
  soak: async (blog, { minutes }) => measureSoak(await blog(), minutes),
};

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      minutes: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      'skip-cold': { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (values.help) return console.info(HELP);
  const unknown = positionals.find((name) => !Object.hasOwn(PARTS, name));
  if (unknown) throw new Error(`"${unknown}" is not a part. Use ${Object.keys(PARTS).join(', ')}.`);
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error('--minutes is not a number of minutes. Set it to one, such as 5.');

  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error('--rounds is not a whole number. Set it to one of at least 1.');

  let opened: Promise<Blog> | undefined;
  const blog = () => {
    opened ??= openBlog();
    return opened;
  };
  try {
    for (const [name, measure] of Object.entries(PARTS)) {
      if (positionals.length > 0 && !positionals.includes(name)) continue;
      progress(`${name}:`);
      const rows = await measure(blog, { minutes, rounds, skipCold: values['skip-cold'] });
      for (const { figure, measured, target } of rows)
        console.info(`${figure}: ${measured}${target ? ` (target ${target})` : ''}`);
      writeTable(name, rows);
    }
  } finally {
    await opened?.then(
      (blog) => blog.close(),
      () => undefined,
    );
  }
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
