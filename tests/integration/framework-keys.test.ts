import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ownFrameworkKeys } from '#serving/framework-keys.ts';
import { type Command, runNode } from '../setup/command.ts';
import { createDatabase, type TestDatabase, writePosts } from '../setup/database.ts';
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
import { copyProject } from '../setup/project-copy.ts';

/** Next.js on a standalone build without the project's own server. */
const PLAIN_SERVER = `
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
const { config } = JSON.parse(readFileSync('.next/required-server-files.json', 'utf8'));
process.env.__NEXT_PRIVATE_STANDALONE_CONFIG = JSON.stringify(config);
const { default: next } = await import('next');
const app = next({ dev: false, dir: import.meta.dirname });
await app.prepare();
const server = createServer(app.getRequestHandler());
server.listen(0, '127.0.0.1', () => console.info('ready at http://127.0.0.1:' + server.address().port));
`;

let folder: string;
let project: string;
let shipped: string;
let database: TestDatabase;
let keys: BuildKeys;
let leaks: { compiled: string[]; generated: string[]; unblanked: string[] };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-keys-'));
  project = join(folder, 'project');
  shipped = join(folder, 'shipped');
  copyProject(project);
  addTestRoutes(project);
  database = await createDatabase({ migrated: true });
  await writePosts(database, 2);

  const standalone = join(project, '.next/standalone');
  const build = async (phase: string) => {
    const command = runNode(project, [`src/commands/build-${phase}.ts`], { DATABASE_URL: database.url });
    if ((await command.ended) !== 0) throw new Error(command.output());
    keys = buildKeys((path) => readFileSync(join(project, '.next', path), 'utf8'));
    return filesWithKey(standalone);
  };
  leaks = { compiled: await build('compile'), generated: await build('generate'), unblanked: [] };
  leaks.unblanked = filesWithKey(join(project, '.next/server'));
  cpSync(standalone, shipped, { recursive: true, verbatimSymlinks: true });
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function filesWithKey(below: string): string[] {
  const telling = keys.all.flatMap(spellings);
  return readdirSync(below, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      const content = readFileSync(path, 'latin1');
      return telling.some((spelling) => content.includes(spelling));
    })
    .map((path) => relative(below, path))
    .sort();
}

function serveCopy(from: string, variables: Record<string, string>): Command {
  return runNode(from, ['sealed.js', 'serve'], {
    DATABASE_URL: database.url,
    HOSTNAME: '127.0.0.1',
    PORT: '0',
    ...variables,
  });
}

const readyUrl = async (server: Command) => (await server.printed(/ready at (http:\S+)/))[1] ?? '';

describe('the build', () => {
  it('ships none of the keys that Next.js made, compiled or generated', () => {
    expect(leaks.compiled).toEqual([]);
    expect(leaks.generated).toEqual([]);
    expect(leaks.unblanked).toEqual([
      'preview-props.json',
      'server-reference-manifest.js',
      'server-reference-manifest.json',
    ]);
  });

  it('refuses a generated page whose action could not be run, as the key for its value is gone', async () => {
    const build = runNode(project, ['src/commands/build-generate.ts'], {
      DATABASE_URL: database.url,
      GENERATED_FOR: 'everyone',
    });
    expect(await build.ended).toBe(1);
    expect(build.output().trim().split('\n').at(-1)).toMatch(
      /^build:generate: The page in .*greeting.* closes over a value.*Render it for each request/,
    );
  });
});

describe('servers of one build', () => {
  const secret = randomBytes(32).toString('base64url');
  const servers: Command[] = [];
  let first: string;
  let replica: string;
  let stranger: string;
  let nobody: string;

  beforeAll(async () => {
    const secretFile = join(folder, 'auth_secret.txt');
    writeFileSync(secretFile, `${secret}\n`);
    const start = (variables: Record<string, string>) => {
      const server = serveCopy(shipped, variables);
      servers.push(server);
      return readyUrl(server);
    };
    first = await start({ AUTH_SECRET: secret });
    replica = await start({ AUTH_SECRET_FILE: secretFile });
    stranger = await start({ AUTH_SECRET: randomBytes(32).toString('base64url') });
    nobody = await start({ AUTH_SECRET: '' });
  }, 120_000);

  afterAll(() => Promise.all(servers.map((server) => server.stop())));

  const idOf = async (site: string) => (await draftCookie(site)).replace('__prerender_bypass=', '');

  it('render no page anew for a key out of the build, and do for their own', async () => {
    for (const site of [first, nobody]) {
      for (const key of [keys.previewModeId, ...SHIPPED_IDS])
        expect([key, await cacheState(site, key)]).toEqual([key, 'HIT']);
      expect(await cacheState(site, await idOf(site))).toBe('REVALIDATED');
    }
  });

  it('forget no tag for a key out of the build', async () => {
    await fetch(first);
    const page = await fetch(first, {
      headers: {
        'x-next-revalidated-tags': 'posts',
        'x-next-revalidate-tag-token': keys.previewModeId,
      },
    });
    expect(page.headers.get('x-nextjs-cache')).toBe('HIT');
  });

  it('take no draft-mode cookie that was forged from the build, and take their own', async () => {
    for (const site of [first, nobody]) {
      for (const key of [keys.previewModeId, ...SHIPPED_IDS]) {
        const cookie = `__prerender_bypass=${key}`;
        expect([key, await draftMode(site, cookie)]).toEqual([key, 'off']);
        const page = await fetch(site, { headers: { cookie } });
        expect([key, page.headers.get('x-nextjs-cache')]).toEqual([key, 'HIT']);
      }
      expect(await draftMode(site, await draftCookie(site))).toBe('on');
    }
  });

  it('run server actions, and encrypt what they close over with no key out of the build', async () => {
    for (const site of [first, nobody]) {
      const { visitor, form, encrypted } = await greetingForm(site);
      expect(await decrypts(keys.serverActions, encrypted)).toBe(false);
      expect(await greeted(site, form)).toBe(visitor);
    }
  });

  it('have the keys that AUTH_SECRET gives by the documented derivation', async () => {
    vi.stubEnv('AUTH_SECRET', secret);
    const own = ownFrameworkKeys();
    vi.unstubAllEnvs();
    expect(await idOf(first)).toBe(own.preview.previewModeId);
    expect(await decrypts(own.serverActions, (await greetingForm(first)).encrypted)).toBe(true);
  });

  it('accept what another with the same AUTH_SECRET gave out', async () => {
    expect(await idOf(replica)).toBe(await idOf(first));
    expect(await draftMode(replica, await draftCookie(first))).toBe('on');
    const { visitor, form } = await greetingForm(first);
    expect(await greeted(replica, form)).toBe(visitor);
  });

  it('refuse what one with another AUTH_SECRET, or with none, gave out', async () => {
    for (const other of [stranger, nobody]) {
      expect(await draftMode(other, await draftCookie(first))).toBe('off');
      expect(await cacheState(other, await idOf(first))).toBe('HIT');
      expect(await greeted(other, (await greetingForm(first)).form)).toBeUndefined();
    }
  });

  it('refresh pages by tag, and keep those that are made later', async () => {
    const page = async (path: string) => {
      const answer = await fetch(`${first}${path}`);
      return { text: await answer.text(), state: answer.headers.get('x-nextjs-cache') };
    };
    expect((await page('/posts/post-1')).state).toBe('HIT');
    await database.query(`UPDATE "Post" SET "title" = 'Another title' WHERE "slug" = 'post-1'`);
    expect((await page('/posts/post-1')).text).not.toContain('Another title');
    await fetch(`${first}/refresh`, { method: 'POST' });
    expect((await page('/posts/post-1')).text).toContain('Another title');
    expect((await page('/posts/post-1')).state).toBe('HIT');
    await database.query(
      `INSERT INTO "Post" ("id", "slug", "title", "content", "published", "publishedAt", "updatedAt")
       VALUES ('late', 'late', 'Late', 'Late text.', true, now(), now())`,
    );
    expect((await page('/posts/late')).state).toBe('MISS');
    expect((await page('/posts/late')).state).toBe('HIT');
  });
});

describe('a server', () => {
  it('that makes no keys finds none in the build that anyone could know', async () => {
    const copy = join(folder, 'plain');
    cpSync(shipped, copy, { recursive: true, verbatimSymlinks: true });
    writeFileSync(join(copy, 'plain.mjs'), PLAIN_SERVER);
    const server = runNode(copy, ['plain.mjs'], { NODE_ENV: 'production' });
    try {
      const site = await readyUrl(server);
      for (const key of [keys.previewModeId, ...SHIPPED_IDS]) {
        expect([key, await cacheState(site, key)]).toEqual([key, 'HIT']);
        expect([key, await draftMode(site, `__prerender_bypass=${key}`)]).not.toContain('on');
      }
      expect((await fetch(`${site}/drafting`)).status).toBe(500);
      await expect(greetingForm(site)).rejects.toThrow('holds no encrypted value');
    } finally {
      await server.stop();
    }
  });

  it('does not start where AUTH_SECRET is named but not there', async () => {
    const server = serveCopy(shipped, { AUTH_SECRET_FILE: join(folder, 'nowhere') });
    expect(await server.ended).toBe(1);
    expect(server.output()).toMatch(
      /^sealed: AUTH_SECRET: the file that AUTH_SECRET_FILE names.*no such file/m,
    );
    expect(server.output()).not.toContain('ready at');
  });

  it.each([
    ['keeps no manifest in memory', 'if (shouldCache && cache.has(path))', 'if (false)'],
    [
      'has another way to its manifests',
      'return loadManifest(manifestPath, shouldCache, cache, skipParse, handleMissing)',
      "return skipParse ? (0, _fs.readFileSync)(manifestPath, 'utf8') : JSON.parse((0, _fs.readFileSync)(manifestPath, 'utf8'))",
    ],
    ['has no loader of manifests where it was', 'loadManifest: function()', 'readManifest: function()'],
  ])('does not start with a Next.js that %s', async (_, code, otherCode) => {
    const copy = join(mkdtempSync(join(folder, 'other-')), 'standalone');
    cpSync(shipped, copy, { recursive: true, verbatimSymlinks: true });
    const loader = join(copy, 'node_modules/next/dist/server/load-manifest.external.js');
    const source = readFileSync(loader, 'utf8');
    expect(source).toContain(code);
    writeFileSync(loader, source.replace(code, otherCode));
    const server = serveCopy(copy, {});
    expect(await server.ended).toBe(1);
    expect(server.output()).toMatch(/^sealed: Next\.js does not take the keys that the server made for it/m);
    expect(server.output()).not.toContain('ready at');
  });
});
