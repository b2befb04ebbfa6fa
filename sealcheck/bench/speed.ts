import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

// node bench/speed.ts [image]: time and memory with 1, 20 and 200 secrets, from a tar and straight from the engine.
const image = process.argv[2] ?? 'node:26-trixie-slim';
const cli = join(import.meta.dirname, '../src/cli.ts');
const folder = mkdtempSync(join(tmpdir(), 'sealcheck-bench-'));

type Measured = { seconds: number; megabytes: number; code: number | null };

function measure(target: string, secrets: number): Measured {
  const file = join(folder, 'env');
  const lines = Array.from(
    { length: secrets },
    (_, at) =>
      `SECRET_${at}=postgresql://app${at}:${randomBytes(12).toString('base64url')}@db.internal:5432/app`,
  );
  writeFileSync(file, lines.join('\n'));
  const started = performance.now();
  const wrapped = existsSync('/usr/bin/time');
  const memory = join(folder, 'memory');
  const command = [process.execPath, cli, 'image', target, '--dotenv', file];
  const ran = wrapped
    ? spawnSync('/usr/bin/time', ['-q', '-f', '%M', '-o', memory, ...command])
    : spawnSync(command[0] ?? '', command.slice(1));
  return {
    seconds: (performance.now() - started) / 1000,
    megabytes: wrapped ? Number(readFileSync(memory, 'utf8').trim().split('\n').at(-1)) / 1024 : Number.NaN,
    code: ran.status,
  };
}

try {
  const tar = join(folder, 'image.tar');
  if (spawnSync('docker', ['save', '-o', tar, image]).status !== 0)
    throw new Error(`docker save ${image} failed; is the image there?`);
  console.log(`${image}, ${availableParallelism()} cores, Node.js ${process.version}; best of 3 runs`);
  console.log('| source | secrets | seconds | memory, MB | exit |\n| --- | ---: | ---: | ---: | ---: |');
  for (const [name, target] of [
    ['tar', tar],
    ['docker save', image],
  ] as const) {
    for (const secrets of [1, 20, 200]) {
      const runs = [1, 2, 3].map(() => measure(target, secrets)).sort((a, b) => a.seconds - b.seconds);
      const best = runs[0];
      const most = Math.max(...runs.map((run) => run.megabytes));
      console.log(
        `| ${name} | ${secrets} | ${best?.seconds.toFixed(1)} | ${most.toFixed(0)} | ${best?.code} |`,
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
