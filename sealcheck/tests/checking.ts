import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { defaultLimits, type Limits } from '../src/contents/budget.ts';
import { checkImage } from '../src/image/check-image.ts';
import type { ImageSource } from '../src/image/source.ts';
import type { BuiltFile, ImageBuilder, PlantedEntry } from '../src/plant/builder.ts';
import { imageFile } from '../src/plant/self-test.ts';
import type { Report } from '../src/report/findings.ts';
import { prepare } from '../src/secrets/prepare.ts';

/** An archive's files as a source that can be read repeatedly. */
export const sourceOf = (files: readonly BuiltFile[]): ImageSource => ({
  name: 'image.tar',
  kind: 'archive',
  async *files() {
    for (const file of files) yield imageFile(file);
  },
});

export function checkFiles(
  files: readonly BuiltFile[],
  secrets: Readonly<Record<string, string>>,
  limits: Limits = defaultLimits,
): Promise<Report> {
  const declared = Object.entries(secrets).map(([id, value]) => ({
    id,
    value: Buffer.from(value),
    origin: 'a test',
  }));
  return checkImage(sourceOf(files), { prepared: prepare(declared), limits, allowFrameworkKeys: false });
}

export async function checkBuilt(
  image: ImageBuilder,
  secrets: Readonly<Record<string, string>>,
): Promise<Report> {
  return checkFiles(await image.files(), secrets);
}

/** A folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealcheck-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const cli = join(import.meta.dirname, '../src/cli.ts');

export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

/** Runs the command as a user would, with the secret in the environment. */
export function run(parameters: string[], environment: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [cli, ...parameters], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ran: Ran = { code: null, out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    ran.out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    ran.err += chunk.toString();
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...ran, code })));
}

/** Whether the engine has an image. A missing image is a failure in CI, and one visible line elsewhere. */
export function engineHas(image: string): boolean {
  const has = spawnSync('docker', ['image', 'inspect', image], { stdio: 'ignore' }).status === 0;
  if (has) return true;
  if (process.env.CI === 'true') throw new Error(`the test needs ${image}: docker pull ${image}`);
  process.stderr.write(`skipped: needs a Docker engine that has ${image} (docker pull ${image})\n`);
  return false;
}

export type { PlantedEntry };
