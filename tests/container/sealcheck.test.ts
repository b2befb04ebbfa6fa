import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { fiftySecrets } from '../../sealcheck/tests/fifty-secrets.ts';
import { runNode } from '../setup/command.ts';
import { docker, startContainer, usesContainerdStore } from './engine.ts';

const built = inject('built');

/** Stands for a secret that is passed as a build argument. */
const REMARK = randomBytes(18).toString('base64url');

type Ran = { code: number; output: string };

async function sealcheck(args: string[], variables: Record<string, string> = {}): Promise<Ran> {
  const env = { ...process.env, ...variables };
  try {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['sealcheck/src/cli.ts', ...args],
      {
        env,
        maxBuffer: 1e8,
      },
    );
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

describe.skipIf(!built)('the image, checked by sealcheck', () => {
  const { image = '', secretFile = '', url = '' } = built ?? {};
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sealed-sealcheck-'));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it('is clean for npm run docker:verify, and a leak if it holds the secret', async () => {
    const verify = (tag: string) =>
      runNode('.', ['src/commands/docker-verify.ts', '--tag', tag, '--secret', secretFile]);
    const clean = verify(image);
    expect(await clean.ended, clean.output()).toBe(0);

    const leaking = `sealed-test:${randomBytes(6).toString('hex')}`;
    const container = docker('create', image).trim();
    try {
      docker('cp', secretFile, `${container}:/app/left-behind.txt`);
      docker('commit', container, leaking);
      const leak = verify(leaking);
      expect(await leak.ended, leak.output()).toBe(1);
      expect(leak.output()).toContain('app/left-behind.txt');
      expect(leak.output()).not.toContain(built?.canary);
    } finally {
      docker('rm', container);
      docker('image', 'rm', '--force', leaking);
    }
  });

  it('cannot be checked by npm run docker:verify if it does not exist', async () => {
    const missing = runNode('.', [
      'src/commands/docker-verify.ts',
      '--tag',
      'sealed-test:none',
      '--secret',
      secretFile,
    ]);
    expect(await missing.ended).toBe(2);
  });

  it('causes no false alarm for fifty random secrets', async () => {
    const file = join(folder, 'env');
    writeFileSync(file, fiftySecrets());
    const { code, output } = await sealcheck(['image', image, '--env-file', file, '--format', 'json']);
    expect(JSON.parse(output)).toMatchObject({ findings: [], incomplete: [], warnings: [] });
    expect(code).toBe(0);
  });

  it('sends no response that holds a secret of the running container', async () => {
    const values = {
      DATABASE_URL: url,
      AUTH_SECRET: randomBytes(32).toString('hex'),
      REVALIDATE_TOKEN: randomBytes(16).toString('hex'),
      STATUS_TOKEN: randomBytes(16).toString('hex'),
      STRIPE_SECRET_KEY: `sk_test_${randomBytes(16).toString('hex')}`,
    };
    const envFile = join(folder, '.env');
    writeFileSync(
      envFile,
      Object.entries(values)
        .map((line) => line.join('='))
        .join('\n'),
    );
    const container = await startContainer(image, ['--env-file', envFile]);
    try {
      const { code, output } = await sealcheck(['site', container.url, '--env-file', envFile]);
      expect(code, output).toBe(0);
      for (const value of Object.values(values)) expect(container.log()).not.toContain(value);
    } finally {
      container.remove();
    }
  });

  it('is proved by a canary: the database saw that password, the pages exist, and the image does not hold it', async () => {
    const tag = `sealed-test:${randomBytes(6).toString('hex')}`;
    try {
      const { code, output } = await sealcheck([
        'canary',
        ...['--secret', `id=database_url,src=${secretFile}`, '--image', tag],
        ...['--expect-file', 'app/.next/pages.zst'],
        '--',
        ...['docker', 'build', '--network=host', '--tag', tag],
        ...['--build-arg', `CONTENT_REVISION=${randomBytes(4).toString('hex')}`],
        ...['--secret', 'id=database_url,env=CANARY_DATABASE_URL', '.'],
      ]);
      expect(code, output).toBe(0);
      expect(output).toMatch(/"database_url" was used: \d+ logins?/);
    } finally {
      docker('image', 'rm', '--force', tag);
    }
  });
});

describe.skipIf(!built || !usesContainerdStore())(
  'the image with its attestations and its build cache',
  () => {
    const { secretFile = '', canary = '' } = built ?? {};
    let folder: string;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'sealed-attested-'));
      const build = runNode('.', [
        ...['src/commands/docker-build.ts', '--tag', 'sealed-test:attested', '--secret', secretFile, '--'],
        ...['--provenance=mode=max', '--sbom=true', '--output', `type=oci,dest=${join(folder, 'image.tar')}`],
        ...['--cache-to', `type=local,mode=max,dest=${join(folder, 'cache')}`],
        // No instruction uses it, so it is only in the provenance.
        ...['--build-arg', `UNUSED=${REMARK}`],
      ]);
      if ((await build.ended) !== 0) throw new Error(build.output());
    });

    afterAll(() => rmSync(folder, { recursive: true }));

    it.each([
      ['image.tar', []],
      // The cache keeps what the compile step wrote, including keys of Next.js that no image has and no server accepts.
      ['cache', ['--allow-framework-keys']],
    ])('has no build secret in %s', async (target, options) => {
      const { code, output } = await sealcheck([
        ...['image', join(folder, target), '--secret', `id=database_url,src=${secretFile}`, ...options],
      ]);
      expect(code, output).toBe(0);
      expect(output).not.toContain(canary);
    });

    it('is a leak if a build argument is the secret, since the provenance shows it', async () => {
      const { code, output } = await sealcheck(
        ['image', join(folder, 'image.tar'), '--secret', 'id=remark,env=REMARK', '--format', 'json'],
        { REMARK },
      );
      expect(code, output).toBe(1);
      const places = JSON.parse(output).findings.map(({ place }: { place: string }) => place);
      expect([...new Set(places)]).toEqual(['attestation (provenance)']);
    });
  },
);
