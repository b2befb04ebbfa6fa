import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findBuildSecret, optionalBuildSecrets } from '#building/build-secret.ts';
import { loadDotEnv } from '#building/dot-env.ts';
import { PROJECT } from '#building/project.ts';
import { run } from '#building/run.ts';
import { failWith } from './failure.ts';

const HELP = `Usage: npm run docker:verify -- [options] [-- options of sealcheck image]

Opens the image that docker:build built and looks for the secrets that built it, and for every credential in this folder
(.npmrc, .env*, .git/config, env/*, keys, tokens): in each layer, deleted files too, in the config, history and
attestations, in every encoding.

Options:
  -t, --tag <name>      the image's name (next-app)
      --secret <path>   the file that holds the database's URL, found as docker:build finds it
  -h, --help            this text

More options, such as --format html --output report.html: npx sealcheck image --help
Exit codes: 0 clean, 1 leak, 2 could not check.
`;

async function main(): Promise<void> {
  const options = {
    tag: { type: 'string', short: 't', default: 'next-app' },
    secret: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.help) return console.info(HELP);
  loadDotEnv();
  const { option } = findBuildSecret(values.secret);
  const passed = [option, ...optionalBuildSecrets().map((secret) => secret.option)];
  const secrets = passed.flatMap((secret) => ['--secret', secret]);
  const sealcheck = join(PROJECT, 'sealcheck/src/cli.ts');
  const dockerfile = ['--dockerfile', join(PROJECT, 'Dockerfile')];
  const context = ['--context', PROJECT];
  const args = [sealcheck, 'image', values.tag, ...secrets, ...context, ...dockerfile, ...positionals];
  const { status } = await run(process.execPath, args, { stdio: 'inherit' });
  process.exitCode = typeof status === 'number' ? status : 2;
}

await main().catch((error: unknown) => {
  failWith('docker:verify')(error);
  // 1 means a leak; 2 means that the check could not run.
  process.exitCode = 2;
});
