import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { docker, eventually } from './engine.ts';
import {
  buildWithCanary,
  commandsOf,
  copyExample,
  edit,
  type Posts,
  removeImages,
  sealcheck,
  shell,
  startPosts,
  step,
  workflowSteps,
} from './example.ts';

const image = `sealed-example-${randomBytes(6).toString('hex')}`;
const images: string[] = [];
const folders: string[] = [];
const containers: string[] = [];
/** For a build of which only the log matters. */
const NOT_KEPT = ['--output', 'type=cacheonly'];
const commands = commandsOf('examples/minimal/README.md', 'DOCKER_BUILDKIT=1');

let posts: Posts;
let folder: string;
let built: Awaited<ReturnType<typeof shell>>;

/** A name for another image of the suite, which is removed at the end. */
function imageName(of: string): string {
  images.push(`${image}-${of}`);
  return `${image}-${of}`;
}

function variant(): string {
  const copy = copyExample();
  folders.push(copy);
  return copy;
}

/** Runs a `docker run` from the README, on a free port. */
async function runContainer(
  command: string,
  { image: name = image, options = [] as string[] } = {},
): Promise<{ id: string; url: string }> {
  const published = command
    .replace('docker run', ['docker run --detach', ...options].join(' '))
    .replace('-p 3000:3000', '-p 127.0.0.1::3000')
    .replace('--name next-app', '');
  const { code, output } = await shell(published, { folder, image: name });
  expect(code, output).toBe(0);
  const id = output.trim();
  containers.push(id);
  const url = `http://${docker('port', id, '3000').trim().split('\n')[0]}`;
  await eventually(async () => (await fetch(url)).ok);
  return { id, url };
}

describe.skipIf(!inject('built'))('the minimal example', () => {
  beforeAll(async () => {
    posts = await startPosts();
    folder = variant();
    writeFileSync(join(folder, 'env/database_url.txt'), `${posts.url}\n`);
    writeFileSync(join(folder, '.env'), `DATABASE_URL=${posts.url}\n`);
    images.push(image);
    built = await shell(`${commands[0]} --progress=plain`, { folder, image });
    if (built.code !== 0) throw new Error(`The example was not built:\n${built.output}`);
  });

  afterAll(() => {
    for (const id of containers) docker('rm', '--force', id);
    removeImages(images);
    posts?.stop();
    for (const path of folders) rmSync(path, { recursive: true });
  });

  it('needs only the three commands of the article', () => {
    expect(commands).toEqual([
      'DOCKER_BUILDKIT=1 docker build --secret id=database_url,src=env/database_url.txt -t next-app .',
      'docker run --name next-app -p 3000:3000 next-app',
      'docker run --env-file .env --name next-app -p 3000:3000 next-app',
    ]);
  });

  it('serves the pages of its build without a single variable, from files that it cannot change', async () => {
    const hardened = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'];
    const { id, url } = await runContainer(commands[1] ?? '', { options: hardened });
    expect(await (await fetch(url)).text()).toContain('<li>A secret has a phase</li>');
    expect(docker('exec', id, 'id', '-u').trim()).not.toBe('0');
    const [config] = JSON.parse(docker('inspect', id));
    const check = config.Config.Healthcheck.Test.slice(1);
    expect(docker('exec', id, ...check)).toBe('');
    expect(docker('logs', id)).not.toContain('Error');
  });

  it('has no working key of Next.js', async () => {
    const { id, url } = await runContainer(commands[1] ?? '');
    const { previewModeId } = JSON.parse(docker('exec', id, 'cat', '.next/server/preview-props.json'));
    expect(() => new Headers({ 'x-prerender-revalidate': previewModeId })).toThrow();
    for (const guess of ['', '\u00ed\u00a0\u0080', '\\ud800', 'undefined']) {
      const answer = await fetch(url, { headers: { 'x-prerender-revalidate': guess } });
      expect(answer.headers.get('x-nextjs-cache')).not.toBe('REVALIDATED');
    }
  });

  it('passes all checks of its workflow, which run before the push', async () => {
    const names = workflowSteps.map(({ name, uses }) => name ?? uses ?? '');
    const checks = names.filter((name) => name.startsWith('Refuse'));
    expect(checks).toHaveLength(3);
    expect(names.at(-1)).toBe('Push');
    for (const check of checks) {
      const { code, output } = await step(check, { folder, image, variables: { DATABASE_URL: posts.url } });
      expect(code, `${check}: ${output}`).toBe(0);
    }
  });

  it('uses its secret in the build, and holds it nowhere', async () => {
    const canary = imageName('canary');
    const options = ['--image', canary, '--expect-file', 'app/.next/server/app/index.html'];
    const build = ['--no-cache-filter=generate', '--tag', canary];
    const { code, output } = await buildWithCanary(posts, folder, options, build);
    expect(code, output).toBe(0);
    expect(output).toMatch(/"database_url" was used: \d+ logins?/);
  });

  describe('with a trap', () => {
    it('a missing &&: the build that never ran is noticed because nothing logged in', async () => {
      const trapped = variant();
      edit(
        trapped,
        'Dockerfile',
        'id=database_url,env=DATABASE_URL,required=true npm run build:generate',
        'id=database_url export DATABASE_URL=$(cat /run/secrets/database_url) npm run build',
      );
      const { code, output } = await buildWithCanary(posts, trapped, [], NOT_KEPT);
      expect(output).toContain('never logged in');
      expect(code).toBe(2);
    });

    it('a stale layer: repeating the build renders nothing, but the build of the workflow does', async () => {
      await posts.query(`UPDATE "Post" SET "title" = 'Edited' WHERE "id" = 1`);
      const again = await buildWithCanary(posts, folder, [], NOT_KEPT);
      expect(again.output).toContain('never logged in');
      expect(again.code).toBe(2);

      const rebuilt = { folder, image: imageName('rebuilt'), variables: { DATABASE_URL: posts.url } };
      const { code, output } = await step('Build', rebuilt);
      expect(code, output).toBe(0);
      const { url } = await runContainer(commands[1] ?? '', rebuilt);
      expect(await (await fetch(url)).text()).toContain('<li>Edited</li>');
    });

    it('an unpinned # syntax= line is rejected before the build, a pinned one is accepted', async () => {
      const refusal = 'Refuse a Dockerfile frontend';
      const trapped = variant();
      const dockerfile = readFileSync(join(trapped, 'Dockerfile'), 'utf8');
      for (const line of [
        '# syntax=docker/dockerfile:1',
        '#syntax = docker/dockerfile',
        '# Syntax=docker/dockerfile:1.2.3',
      ]) {
        writeFileSync(join(trapped, 'Dockerfile'), `${line}\n${dockerfile}`);
        expect((await step(refusal, { folder: trapped, image })).code, line).toBe(1);
      }
      const pinned = `# syntax=docker/dockerfile:1@sha256:${'0'.repeat(64)}`;
      writeFileSync(join(trapped, 'Dockerfile'), `${pinned}\n${dockerfile}`);
      expect((await step(refusal, { folder: trapped, image })).code).toBe(0);
    });

    it('FROM node:23, past its end of life: npm ci rejects it', async () => {
      const name = imageName('node23');
      // The real Node.js 23 comes from npm, so the test does not depend on a registry that still has its image.
      const base = [
        'FROM node:26-trixie-slim',
        'RUN npm install --global --prefix /old node-linux-$(node -p process.arch)@23.11.1',
        'RUN cp /old/lib/node_modules/node-linux-*/bin/node /usr/local/bin/node && node --version',
      ];
      const trapped = variant();
      writeFileSync(join(trapped, 'Dockerfile.base'), base.join('\n'));
      edit(trapped, 'Dockerfile', 'FROM node:26-trixie-slim AS deps', `FROM ${name} AS deps`);
      const { code, output } = await shell(
        `docker build --quiet --file Dockerfile.base -t ${name} . && docker build --target deps .`,
        { folder: trapped, image },
      );
      expect(output).toContain('EBADENGINE');
      expect(code).not.toBe(0);
    });
  });

  describe('with the traps that put a secret into the image', () => {
    // Each trap has its own value, so finding one proves nothing about another.
    const urls = Object.fromEntries(
      ['DOTENV', 'ARGUMENT', 'VARIABLE', 'PUBLIC'].map((name) => [
        name,
        `postgresql://blog:${randomBytes(18).toString('base64url')}@database.example:5432/blog`,
      ]),
    );
    // Only containerd's store can hold attestations.
    let keepsAttestations = false;
    let trapped = '';
    let log = '';
    let found: { secret: string; place: string; path: string }[] = [];

    const places = (secret: string) =>
      found.filter((finding) => finding.secret === secret).map(({ place, path }) => `${place} ${path}`);

    beforeAll(async () => {
      const copy = variant();
      trapped = imageName('trapped');
      writeFileSync(join(copy, 'env/database_url.txt'), posts.url);
      writeFileSync(join(copy, '.env'), `DATABASE_URL=${urls.DOTENV}\n`);
      rmSync(join(copy, '.dockerignore'));
      const publicUrl =
        "'use client';\n\nexport const Status = () => <i>{process.env.NEXT_PUBLIC_DATABASE_URL}</i>;\n";
      writeFileSync(join(copy, 'app/status.tsx'), publicUrl);
      edit(copy, 'app/page.tsx', '</main>', '<Status /></main>');
      edit(copy, 'app/page.tsx', 'import', "import { Status } from './status';\nimport");
      const dockerfile: [from: string, to: string][] = [
        ['RUN PRISMA', 'RUN --mount=type=secret,id=public,env=NEXT_PUBLIC_DATABASE_URL PRISMA'],
        ['build:generate', 'build:generate && echo "$DATABASE_URL" | tee .next/standalone/build.txt'],
        [
          'USER node',
          'COPY . copied\nARG DATABASE_URL\nRUN test -n "$DATABASE_URL"\nARG OTHER_URL\nENV OTHER_URL=$OTHER_URL',
        ],
      ];
      for (const [from, to] of dockerfile) edit(copy, 'Dockerfile', from, to);
      keepsAttestations = docker('info', '--format', '{{json .DriverStatus}}').includes('containerd');
      const build = await shell(
        `docker build ${keepsAttestations ? '--provenance=mode=max' : ''} --progress=plain --secret id=database_url,src=env/database_url.txt --secret id=public,env=PUBLIC \
          --build-arg DATABASE_URL="$ARGUMENT" --build-arg OTHER_URL="$VARIABLE" -t next-app .`,
        { folder: copy, image: trapped, variables: urls },
      );
      if (build.code !== 0) throw new Error(`The variant was not built:\n${build.output}`);
      log = build.output;
      const secrets = ['DATABASE', ...Object.keys(urls)].flatMap((name) => [
        '--secret',
        `id=${name},env=${name}`,
      ]);
      const checked = await sealcheck(['image', trapped, '--format', 'json', ...secrets], {
        ...urls,
        DATABASE: posts.url,
      });
      expect(checked.code).toBe(1);
      found = JSON.parse(checked.output.slice(checked.output.indexOf('{'))).findings;
    });

    it('COPY . . with a .env', () => {
      expect(places('DOTENV')).toContain('layer app/copied/.env');
    });

    it('a .env that Next.js copies into standalone', () => {
      expect(places('DOTENV')).toContain('layer app/.env');
    });

    it('ARG DATABASE_URL', () => {
      expect(places('ARGUMENT').filter((place) => place.startsWith('history'))).not.toEqual([]);
      expect(places('ARGUMENT').some((place) => place.startsWith('attestation'))).toBe(keepsAttestations);
    });

    it('ENV DATABASE_URL', () => {
      expect(places('VARIABLE').filter((place) => place.startsWith('config'))).not.toEqual([]);
    });

    it('echo of the secret into a file', () => {
      expect(places('DATABASE')).toContain('layer app/build.txt');
    });

    it('NEXT_PUBLIC_DATABASE_URL, in the script that every visitor gets', () => {
      expect(places('PUBLIC').join('\n')).toMatch(/^layer app\/\.next\/static\/chunks\/\S+\.js$/m);
    });

    it('echo of the secret into a log', async () => {
      const logs = mkdtempSync(join(tmpdir(), 'sealed-example-log-'));
      folders.push(logs);
      const file = join(logs, 'build.log');
      const check = () => sealcheck(['dir', logs, '--secret', 'id=database_url,env=URL'], { URL: posts.url });
      writeFileSync(file, built.output);
      expect((await check()).code).toBe(0);
      writeFileSync(file, log);
      const { code, output } = await check();
      expect(code).toBe(1);
      expect(output).toContain('build.log');
    });

    it('running as root', async () => {
      const refusal = 'Refuse an image that runs as root';
      expect((await step(refusal, { folder, image: trapped })).code).toBe(1);
    });
  });

  it('renders its page again from the database if it has a URL', async () => {
    const { url } = await runContainer(commands[2] ?? '');
    // A page is fresh for a minute after its build, so this one is expired on request.
    const title = `Written ${randomBytes(4).toString('hex')}`;
    await posts.query(`INSERT INTO "Post" ("title") VALUES ('${title}')`);
    await eventually(async () => (await (await fetch(url)).text()).includes(title), 90_000);
  });
});
