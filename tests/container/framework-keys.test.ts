import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { runNode } from '../setup/command.ts';
import {
  addTestRoutes,
  type BuildKeys,
  buildKeys,
  cacheState,
  decrypts,
  draftCookie,
  draftMode,
  greeted,
  greetingForm,
  SHIPPED_IDS,
  spellings,
} from '../setup/framework-keys.ts';
import { type Container, docker, HARDENED, startContainer, tryDocker } from './engine.ts';

const built = inject('built');
const images: string[] = [];
const containers: Container[] = [];

afterAll(() => {
  for (const container of containers) container.remove();
  for (const image of images) docker('image', 'rm', '--force', image);
});

function imageName(): string {
  const name = `sealed-test:${randomBytes(6).toString('hex')}`;
  images.push(name);
  return name;
}

async function start(image: string, options: string[]): Promise<string> {
  const container = await startContainer(image, [...HARDENED, ...options]);
  containers.push(container);
  return container.url;
}

/** The keys of a build stage, whose files no image of the blog has. */
function keysOfStage(stage: string): BuildKeys {
  return buildKeys((path) => docker('run', '--rm', '--entrypoint', 'cat', stage, `/app/.next/${path}`));
}

/** The files of an image below a folder that hold a key, in any spelling that is text. */
async function filesWithKey(image: string, folder: string, keys: BuildKeys): Promise<string[]> {
  const telling = keys.all.flatMap((key) => spellings(key).slice(1));
  const patterns = telling.flatMap((spelling) => ['-e', spelling]);
  const search = ['--user', 'root', '--entrypoint', 'grep', image, '-rlaF', ...patterns, folder];
  const { code, output } = await tryDocker(['run', '--rm', ...search]);
  if (code !== 0 && code !== 1) throw new Error(output);
  return output.split('\n').filter(Boolean).sort();
}

describe.skipIf(!built)('the image', () => {
  const { image = '', secretFile = '' } = built ?? {};
  let stage: string;
  let keys: BuildKeys;

  beforeAll(async () => {
    stage = imageName();
    const args = ['--tag', stage, '--secret', secretFile, '--', '--target', 'generate'];
    const build = runNode('.', ['src/commands/docker-build.ts', ...args]);
    if ((await build.ended) !== 0) throw new Error(build.output());
    keys = keysOfStage(stage);
  });

  it('holds none of the keys that Next.js made while it was built', async () => {
    expect(await filesWithKey(image, '/app', keys)).toEqual([]);
    expect(await filesWithKey(stage, '/app/.next/server', keys)).toContain(
      '/app/.next/server/preview-props.json',
    );
  });

  it('serves with a read-only root, and renders no page anew for a key out of its files or its build', async () => {
    const site = await start(image, []);
    for (const key of [keys.previewModeId, ...SHIPPED_IDS]) {
      expect(await cacheState(site, key)).toBe('HIT');
      const page = await fetch(site, { headers: { cookie: `__prerender_bypass=${key}` } });
      expect(page.headers.get('x-nextjs-cache')).toBe('HIT');
    }
  });
});

describe.skipIf(!built)('containers of an image without a database', () => {
  const secret = randomBytes(32).toString('base64url');
  let folder: string;
  let keys: BuildKeys;
  let image: string;
  let first: string;
  let replica: string;
  let stranger: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sealed-keys-image-'));
    // The commit's files and what is not committed yet; the Dockerfile takes what it needs.
    const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
    for (const name of files.toString().split('\0').filter(Boolean))
      cpSync(name, join(folder, name), { recursive: true });
    addTestRoutes(folder);
    image = imageName();
    const stage = imageName();
    docker('build', '--quiet', '--target', 'compile', '--tag', stage, folder);
    docker('build', '--quiet', '--target', 'deferred', '--tag', image, folder);
    keys = keysOfStage(stage);
    first = await start(image, ['--env', `AUTH_SECRET=${secret}`]);
    replica = await start(image, ['--env', `AUTH_SECRET=${secret}`]);
    stranger = await start(image, []);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('find no key of the build in the image', async () => {
    expect(await filesWithKey(image, '/app', keys)).toEqual([]);
  });

  it('take no key out of the build for draft mode or for a server action', async () => {
    for (const site of [first, stranger]) {
      for (const key of [keys.previewModeId, ...SHIPPED_IDS])
        expect([key, await draftMode(site, `__prerender_bypass=${key}`)]).toEqual([key, 'off']);
      const { encrypted } = await greetingForm(site);
      expect(await decrypts(keys.serverActions, encrypted)).toBe(false);
    }
  });

  it('have draft mode and server actions with keys of their own', async () => {
    for (const site of [first, stranger]) {
      expect(await draftMode(site, await draftCookie(site))).toBe('on');
      const { visitor, form } = await greetingForm(site);
      expect(await greeted(site, form)).toBe(visitor);
    }
  });

  it('share what they give out where they share AUTH_SECRET, and only there', async () => {
    const cookie = await draftCookie(first);
    const { visitor, form } = await greetingForm(first);
    expect([await draftMode(replica, cookie), await greeted(replica, form)]).toEqual(['on', visitor]);
    expect([await draftMode(stranger, cookie), await greeted(stranger, form)]).toEqual(['off', undefined]);
  });
});
