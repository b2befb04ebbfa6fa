import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { declarationOf, SECRET_NAMES, type SecretName } from '#secrets/index.ts';
import { format, median, type Row } from './measure.ts';

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

/** Measures what secrets in files cost: at start, and for each use. On Linux, as it counts what the process reads. */
export async function measureSecrets(): Promise<Row[]> {
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
    const milliseconds = (of: (one: Measured) => number) => `${format(median(measured.map(of)), 1)} ms`;
    return [
      {
        figure: 'reading secrets at start',
        measured: milliseconds(({ reading }) => reading),
        how: `${names.length} in files: each is read and checked, and watching starts; median of ${ROUNDS}`,
      },
      {
        figure: 'loading the code for it',
        measured: milliseconds(({ loading }) => loading),
        how: 'bundled, as in the image',
      },
      {
        figure: `bytes read for ${format(measured[0]?.uses ?? 0)} uses`,
        measured: String(Math.max(...measured.map(({ bytes }) => bytes))),
        target: '0',
        how: 'rchar of /proc/self/io, the maximum of all runs',
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
