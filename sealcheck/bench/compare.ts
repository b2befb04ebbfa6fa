import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ImageBuilder } from '../src/plant/builder.ts';
import { PLANTS } from '../src/plant/plants.ts';
import { plantedValue } from '../src/plant/writings.ts';

// node bench/compare.ts: what sealcheck, gitleaks and trufflehog find in the corpus, in one run, and how long they
// take. Each pair is one tree: the layers' files unchanged, with the image's documents beside them. The scanners know
// no value, so any finding in a pair's folder counts as that pair found; sealcheck is given the values.
const folder = mkdtempSync(join(tmpdir(), 'sealcheck-compare-'));
const cli = join(import.meta.dirname, '../src/cli.ts');

function write(path: string, bytes: Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

function foundIn(text: string): number {
  return PLANTS.filter(({ id }) => text.includes(`/${id}/`)).length;
}

try {
  const corpus = join(folder, 'corpus');
  const lines: string[] = [];
  for (const plant of PLANTS) {
    const value = `postgresql://sealed:${encodeURIComponent(plantedValue())}@db.internal:5432/blog`;
    lines.push(`${plant.id.replace('-', '_')}=${value}`);
    const image = new ImageBuilder();
    await plant.plant(image, value);
    const root = join(corpus, plant.id);
    for (const entry of [
      ...image.layers.copied,
      ...image.layers.gzip,
      ...image.layers.zstd,
      ...image.cached,
    ]) {
      if (entry.link === undefined && entry.name.length < 200)
        write(join(root, 'files', entry.name.replaceAll('..', '_')), entry.content ?? Buffer.alloc(0));
    }
    for (const { name, bytes } of await image.files()) write(join(root, 'image', name), bytes);
  }
  const env = join(folder, 'env');
  writeFileSync(env, lines.join('\n'));
  const report = join(folder, 'report.json');
  const tools: [string, string, string[], () => string][] = [
    [
      'sealcheck',
      process.execPath,
      [cli, 'dir', corpus, '--dotenv', env, '--format', 'json', '--output', report],
      () => spawnSync('cat', [report], { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout,
    ],
    [
      'gitleaks',
      'gitleaks',
      ['dir', corpus, '--no-banner', '--max-decode-depth', '5', '-f', 'json', '-r', report],
      () => spawnSync('cat', [report], { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout,
    ],
    [
      'trufflehog',
      'trufflehog',
      ['filesystem', corpus, '--no-update', '--no-verification', '--json'],
      () => '',
    ],
  ];
  console.log(
    `${PLANTS.length} pairs of hiding place and encoding, a PostgreSQL URL in each\n| tool | pairs found | seconds |\n| --- | ---: | ---: |`,
  );
  for (const [name, program, parameters, output] of tools) {
    rmSync(report, { force: true });
    const started = performance.now();
    const ran = spawnSync(program, parameters, { encoding: 'utf8', maxBuffer: 1 << 28 });
    if (ran.error) console.log(`| ${name} | not installed | |`);
    else {
      const text =
        name === 'sealcheck' ? output().replaceAll('"path": "', '"path": "/') : output() || ran.stdout;
      console.log(`| ${name} | ${foundIn(text)} | ${((performance.now() - started) / 1000).toFixed(1)} |`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
