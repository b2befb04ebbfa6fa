import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runNode } from '../setup/command.ts';
import { createDatabase, type TestDatabase, writePosts } from '../setup/database.ts';
import { startDatabaseProxy } from '../setup/database-proxy.ts';
import {
  addTestRoutes,
  type BuildKeys,
  buildKeys,
  cacheState,
  draftMode,
  SHIPPED_IDS,
  spellings,
} from '../setup/framework-keys.ts';
import { copyProject } from '../setup/project-copy.ts';
import { serveStandalone } from '../setup/standalone.ts';

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
let compiled: string;
let database: TestDatabase;
let keys: BuildKeys;
let leaks: { compiled: string[]; generated: string[]; unblanked: string[] };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-keys-'));
  project = join(folder, 'project');
  shipped = join(folder, 'shipped');
  compiled = join(folder, 'compiled');
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
  leaks = { compiled: await build('compile'), generated: [], unblanked: [] };
  cpSync(standalone, compiled, { recursive: true, verbatimSymlinks: true });
  leaks.generated = await build('generate');
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

describe('the build', () => {
  it('ships none of the keys that Next.js created, whether compiled or generated', () => {
    expect(leaks.compiled).toEqual([]);
    expect(leaks.generated).toEqual([]);
    expect(leaks.unblanked).toEqual([
      'preview-props.json',
      'server-reference-manifest.js',
      'server-reference-manifest.json',
    ]);
  });

  it('rejects a generated page whose action could not run because the key for its value is gone', async () => {
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

/** Runs while a copy of the shipped build is served. */
async function withServer(
  script: string[],
  prepare: (copy: string) => void,
  test: (site: string, copy: string) => Promise<void>,
): Promise<void> {
  const copy = join(mkdtempSync(join(folder, 'copy-')), 'standalone');
  cpSync(shipped, copy, { recursive: true, verbatimSymlinks: true });
  prepare(copy);
  const server = runNode(copy, script, {
    DATABASE_URL: database.url,
    HOSTNAME: '127.0.0.1',
    PORT: '0',
    NODE_ENV: 'production',
  });
  try {
    const [, site = ''] = await server.printed(/ready at (http:\S+)/);
    await test(site, copy);
  } finally {
    await server.stop();
  }
}

async function acceptsNoKey(site: string): Promise<void> {
  for (const key of [keys.previewModeId, ...SHIPPED_IDS]) {
    expect([key, await cacheState(site, key)]).not.toEqual([key, 'REVALIDATED']);
    expect([key, await draftMode(site, `__prerender_bypass=${key}`)]).toEqual([key, 'off']);
  }
  const tags = { 'x-next-revalidated-tags': 'posts', 'x-next-revalidate-tag-token': keys.previewModeId };
  expect((await fetch(site, { headers: tags })).headers.get('x-nextjs-cache')).not.toBe('REVALIDATED');
}

describe('a server of that build', () => {
  it("accepts no key from it, even without the project's own server in front", async () => {
    await withServer(
      ['plain.mjs'],
      (copy) => writeFileSync(join(copy, 'plain.mjs'), PLAIN_SERVER),
      acceptsNoKey,
    );
  });

  it('accepts no key from it, even if the build still has them', async () => {
    const unblanked = (copy: string) => {
      for (const name of ['server/preview-props.json', 'prerender-manifest.json'])
        cpSync(join(project, '.next', name), join(copy, '.next', name));
    };
    await withServer(['sealed.js'], unblanked, acceptsNoKey);
  });
});

describe('a server of a build that is only compiled', () => {
  it('keeps each page once it is rendered, follows changes, and knows which posts exist', async () => {
    const proxy = await startDatabaseProxy(database.address);
    const site = await serveStandalone({ DATABASE_URL_FILE: '', DATABASE_URL: proxy.url }, compiled);
    const ask = async (path: string) => {
      const answer = await fetch(site.url + path);
      return [answer.status, answer.headers.get('etag'), await answer.text()] as const;
    };
    try {
      const pages = ['/', '/posts/post-1', '/newsletter', '/newsletter/mail', '/support', '/nonesuch'];
      const rendered = await Promise.all(pages.map(ask));
      expect(rendered.map(([status]) => status)).toEqual([200, 200, 200, 200, 200, 404]);
      expect(rendered[0]?.[2]).toContain('Post 1');
      for (const [, , html] of rendered) expect(html).not.toContain('<script');
      await database.query(`UPDATE "Post" SET "title" = 'Changed' WHERE "slug" = 'post-1'`);
      await vi.waitFor(
        async () => expect((await ask('/posts/post-1'))[2].includes('Changed')).toBe(true),
        15_000,
      );
      await ask('/');
      const last = await Promise.all(pages.map(ask));
      proxy.refuse(true);
      expect(await Promise.all(pages.map(ask))).toEqual(last);
      expect((await ask('/posts/nonesuch'))[0]).toBe(404);
      expect((await ask('/posts/post-2'))[0]).toBe(503);
    } finally {
      await site.stop();
      await proxy.stop();
    }
  });
});
