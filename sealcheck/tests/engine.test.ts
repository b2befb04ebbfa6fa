import { spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { engineHas, run, temporaryFolder } from './checking.ts';
import { fiftySecrets } from './fifty-secrets.ts';
import { shapes } from './shapes.ts';

const docker = (...parameters: string[]) => spawnSync('docker', parameters, { encoding: 'utf8' });

describe('no false alarm', () => {
  it.each(['node:26-trixie-slim', 'postgres:18'])(
    'is caused in %s by 50 random secrets and 50 shapes of configuration',
    async (image) => {
      if (!engineHas(image)) return;
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'env'), fiftySecrets());
      const options = shapes().flatMap(({ name, text }) => {
        const file = join(folder, name);
        writeFileSync(file, text);
        return name.endsWith('.env') ? ['--dotenv', file] : ['--secret', `id=${name},src=${file}`];
      });
      const all = [...options, '--dotenv', join(folder, 'env')];
      const ran = await run(['image', image, ...all, '--format', 'json']);
      const { findings, incomplete, unopened } = JSON.parse(ran.out);
      expect({ findings, incomplete, unopened }).toEqual({ findings: [], incomplete: [], unopened: [] });
      expect(ran.code).toBe(0);
    },
  );
});

describe('an image that the engine does not have', () => {
  it('cannot be checked, and the message says so on one line', async () => {
    const ran = await run(['image', 'sealcheck-no-such-image:1', '--secret', 'id=token,env=TOKEN'], {
      TOKEN: randomUUID(),
    });
    expect(ran.code).toBe(2);
    expect(ran.err.trim().split('\n')).toHaveLength(1);
  });
});

describe('what an engine writes in addition to an image', () => {
  const token = randomBytes(18).toString('base64url');
  let folder = '';
  let canWrite = false;

  // One real build for all: a layer that stays in a stage, a build argument, an SBOM that lists a file by name.
  beforeAll(() => {
    if (!engineHas('postgres:18') || !engineHas('docker/buildkit-syft-scanner:stable-1')) return;
    folder = mkdtempSync(join(tmpdir(), 'sealcheck-engine-'));
    writeFileSync(join(folder, 'token'), token);
    const lines = [
      'FROM postgres:18 AS build',
      'ARG URL',
      'RUN --mount=type=secret,id=token mkdir /out && cp /run/secrets/token /kept && date >/out/built',
      'FROM scratch',
      'COPY --from=build /out /',
    ];
    writeFileSync(join(folder, 'Dockerfile'), `${lines.join('\n')}\n`);
    const built = docker(
      ...['buildx', 'build', '--provenance=mode=max', '--sbom=true'],
      ...[
        '--build-arg',
        `URL=https://x.example/${token}`,
        '--secret',
        `id=token,src=${join(folder, 'token')}`,
      ],
      ...['--output', `type=oci,dest=${join(folder, 'image.tar')}`],
      ...['--cache-to', `type=local,mode=max,dest=${join(folder, 'cache')}`, folder],
    );
    canWrite = built.status === 0;
    // The classic image store writes none of it: https://docs.docker.com/build/metadata/attestations/
    if (!canWrite && process.env.CI === 'true')
      throw new Error(`the engine could not build it: ${built.stderr}`);
    if (!canWrite) process.stderr.write(`skipped: ${built.stderr.trim().split('\n').at(-1)}\n`);
  });
  afterAll(() => rmSync(folder || join(tmpdir(), 'none'), { recursive: true, force: true }));

  async function findingsIn(target: string, value = token): Promise<{ place: string; path: string }[]> {
    const secret = ['--secret', 'id=token,env=TOKEN'];
    const ran = await run(['image', join(folder, target), ...secret, '--format', 'json'], { TOKEN: value });
    expect(ran.code, ran.out + ran.err).toBe(1);
    return JSON.parse(ran.out).findings;
  }

  it('is read: provenance with its build arguments', async () => {
    if (!canWrite) return;
    const places = (await findingsIn('image.tar')).map(({ place }) => place);
    expect(places).toContain('attestation (provenance)');
  });

  it('is read: the SBOM', async () => {
    if (!canWrite) return;
    // The scanner's name and version are in every SBOM: as good a test value as one that a build would leak.
    const sbom = await findingsIn('image.tar', 'https://spdx.dev/Document');
    expect(sbom.map(({ place }) => place)).toContain('attestation (SBOM)');
  });

  it('is read: the build cache, with layers of stages that are not in the image', async () => {
    if (!canWrite) return;
    const cached = await findingsIn('cache');
    expect(cached.map(({ place, path }) => `${place}: ${path}`).join('\n')).toMatch(/^build cache: .*/m);
  });
});

describe('the canary', () => {
  async function database(): Promise<string> {
    const name = `sealcheck-test-${randomBytes(4).toString('hex')}`;
    const password = randomBytes(9).toString('hex');
    docker(
      'run',
      '-d',
      '--name',
      name,
      '-e',
      `POSTGRES_PASSWORD=${password}`,
      '-p',
      '127.0.0.1::5432',
      'postgres:18',
    );
    onTestFinished(() => void docker('rm', '-f', '-v', name));
    const port = Number(docker('port', name, '5432').stdout.trim().split(':').at(-1));
    for (let attempt = 0; attempt < 150; attempt += 1) {
      if (docker('exec', name, 'pg_isready', '-h', '127.0.0.1', '-U', 'postgres').status === 0) break;
      await setTimeout(200);
    }
    return `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`;
  }

  async function canaryOf(step: string, more: string[] = []) {
    const folder = temporaryFolder();
    const tag = `sealcheck-test-canary:${randomBytes(4).toString('hex')}`;
    onTestFinished(() => void docker('rmi', '-f', tag));
    const lines = [
      'FROM postgres:18 AS build',
      'ARG NONCE',
      'RUN mkdir /out',
      `RUN --mount=type=secret,id=database_url,required=true ${step}`,
      'FROM scratch',
      'COPY --from=build /out /',
    ];
    writeFileSync(join(folder, 'Dockerfile'), `${lines.join('\n')}\n`);
    const build = [
      'docker',
      'build',
      '-q',
      '--network=host',
      '--build-arg',
      `NONCE=${tag}`,
      '--secret',
      'id=database_url,env=CANARY_DATABASE_URL',
      '-t',
      tag,
      folder,
    ];
    return run(
      ['canary', '--secret', 'id=database_url,env=DATABASE_URL', '--image', tag, ...more, '--', ...build],
      { DATABASE_URL: await database() },
    );
  }

  const page = `psql "$(cat /run/secrets/database_url)" -tAc "select 'a post'" > /out/page.html`;

  it('is clean if the build logged in with it, generated its pages and kept no trace', async () => {
    if (!engineHas('postgres:18')) return;
    const ran = await canaryOf(page, ['--expect-file', 'page.html']);
    expect(ran.out).toMatch(/"database_url" was used: 1 login/);
    expect(ran.code).toBe(0);
  });

  it('is a leak if the build kept it', async () => {
    if (!engineHas('postgres:18')) return;
    const ran = await canaryOf(`${page} && base64 /run/secrets/database_url > /out/kept`, [
      '--expect-file',
      'page.html',
    ]);
    expect(ran.out).toMatch(/kept/);
    expect(ran.code).toBe(1);
  });

  it('proves nothing if the build never used it, or generated no pages', async () => {
    if (!engineHas('postgres:18')) return;
    const unused = await canaryOf('true');
    expect(unused.out).toMatch(/never logged in/);
    expect(unused.code).toBe(2);
    const empty = await canaryOf(page, ['--expect-file', 'app/**/*.html']);
    expect(empty.out).toMatch(/no file of the image matches/);
    expect(empty.code).toBe(2);
  });
});
