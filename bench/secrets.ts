import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { declarationOf, SECRET_NAMES, type SecretName } from '#secrets/index.ts';
import { median } from './measure.ts';

const HELP = `Usage: npm run bench:secrets

Measures what secrets in files cost: at start, and for each use. On Linux, as it counts what the process reads.
`;

const ROUNDS = 15;

type Measured = { loading: number; reading: number; bytes: number; uses: number };

function secretOf(name: SecretName): string {
  if (name === 'DATABASE_URL') return 'postgresql://blog:change-me@127.0.0.1/blog';
  const random = randomBytes(24).toString('hex');
  return name === 'STRIPE_SECRET_KEY' ? `sk_test_${random}` : random;
}

/** Bundles the measured process, like the code in the image. Returns the file. */
async function bundled(folder: string): Promise<string> {
  const file = join(folder, 'process.mjs');
  const bundle = await rolldown({ input: 'bench/secrets-process.ts', platform: 'node', logLevel: 'silent' });
  await bundle.write({ file, format: 'esm', codeSplitting: false });
  await bundle.close();
  return file;
}

async function main(): Promise<void> {
  if (process.argv.slice(2).some((argument) => /^(-h|--help)$/.test(argument))) {
    console.info(HELP);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'sealed-bench-'));
  const names = SECRET_NAMES.filter((name) => declarationOf(name).phases.run);
  const env: Record<string, string> = { NAMES: names.join(' '), NODE_ENV: 'production' };
  for (const name of names) {
    env[`${name}_FILE`] = join(folder, name.toLowerCase());
    writeFileSync(join(folder, name.toLowerCase()), secretOf(name), { mode: 0o600 });
  }
  try {
    const file = await bundled(folder);
    const measured = Array.from(
      { length: ROUNDS },
      (): Measured =>
        JSON.parse(
          execFileSync(process.execPath, [file], { env: env as NodeJS.ProcessEnv, encoding: 'utf8' }),
        ),
    );
    const milliseconds = (of: (one: Measured) => number) => `${median(measured.map(of)).toFixed(1)} ms`;
    const rows = [
      [
        'reading secrets at start',
        milliseconds(({ reading }) => reading),
        `${names.length} in files: each is read and checked, the watch begins`,
      ],
      ['loading the code for it', milliseconds(({ loading }) => loading), 'bundled, as in the image'],
      [
        `bytes read for ${measured[0]?.uses.toLocaleString('en')} uses`,
        String(Math.max(...measured.map(({ bytes }) => bytes))),
        'rchar of /proc/self/io, the most of all runs',
      ],
    ];
    console.info(`| What | Median of ${ROUNDS} | How |\n| --- | --- | --- |`);
    for (const row of rows) console.info(`| ${row.join(' | ')} |`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

await main();
