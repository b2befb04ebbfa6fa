import { parseArgs } from 'node:util';
import { readCacheKey } from '#building/build-secret.ts';
import { loadDotEnv } from '#building/dot-env.ts';
import { failWith } from './failure.ts';

const HELP = `Usage: npm run --silent content-revision

Prints the database and the content that pages would be prerendered from now: 12 hexadecimal digits for the database,
and 16 for the published posts and the newsletter's template. docker:build passes the same value:

  docker build --build-arg CONTENT_REVISION="$(npm run --silent content-revision)" ...

Options:
      --secret <path>   the file that holds the database's URL, found as docker:build finds it
  -h, --help            this text

Exit codes: 0 printed, 1 failed.
`;

async function main(): Promise<void> {
  const options = { secret: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
  const { values } = parseArgs({ options });
  if (values.help) return console.info(HELP);
  loadDotEnv();
  console.info(await readCacheKey(values.secret));
}

await main().catch(failWith('content-revision'));
