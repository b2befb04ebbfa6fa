import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { PAGES_FILE } from '#build-output/record.ts';
import { databaseIdentity } from '#database/identity.ts';
import { readPack } from '#page-cache/pack.ts';
import { contentRevision } from '#posts/content-revision.ts';
import { type Command, runNode } from '../setup/command.ts';
import { createDatabase, type TestDatabase, writePosts } from '../setup/database.ts';
import { type HttpService, startService } from '../setup/http-service.ts';
import { copyProject } from '../setup/project-copy.ts';
import { startVault } from '../setup/vault.ts';

let folder: string;

beforeAll(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'sealed-build-')), 'project');
  copyProject(folder);
  cpSync(join(inject('siteFolder'), '.next'), join(folder, '.next'), {
    recursive: true,
    verbatimSymlinks: true,
  });
});

afterAll(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

const generate = (variables: Record<string, string>): Command =>
  runNode(folder, ['src/commands/build-generate.ts'], variables);

const pack = () => readPack(join(folder, '.next/standalone', PAGES_FILE));

const packedPosts = () =>
  pack()
    .paths.filter((path) => path.startsWith('/posts/'))
    .sort();

describe('build:generate', () => {
  it('generates the newest posts, over at most ten pooled connections', async () => {
    const database = await createDatabase({ migrated: true });
    await writePosts(database, 300);
    const build = generate({ DATABASE_URL: database.url, GENERATED_POSTS: '120' });
    let most = 0;
    let running = true;
    const watched = build.ended.finally(() => {
      running = false;
    });
    while (running) {
      const [row] = await database.query<{ count: number }>(
        `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sealed'`,
      );
      most = Math.max(most, row?.count ?? 0);
    }
    expect(await watched, build.output()).toBe(0);
    expect(packedPosts()).toHaveLength(120);
    expect(packedPosts()).toContain('/posts/post-120');
    expect(packedPosts()).not.toContain('/posts/post-121');
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(10);
  });

  it('leaves nothing of a post that was withdrawn since the previous build', async () => {
    const database = await createDatabase({ migrated: true });
    await writePosts(database, 2);
    expect(await generate({ DATABASE_URL: database.url }).ended).toBe(0);
    expect(packedPosts()).toEqual(['/posts/post-1', '/posts/post-2']);
    await database.query(`UPDATE "Post" SET "published" = false WHERE "slug" = 'post-1'`);
    expect(await generate({ DATABASE_URL: database.url }).ended).toBe(0);
    expect(packedPosts()).toEqual(['/posts/post-2']);
    const shipped = readdirSync(join(folder, '.next/standalone/.next/server/app'), {
      recursive: true,
      encoding: 'utf8',
    });
    expect(shipped.filter((name) => /\.(html|rsc|segments)$/.test(name))).toEqual([]);
    expect(pack().slugs).toEqual(['post-2']);
  });

  it('reads from a store only what is set nowhere else, and writes none of it to disk', async () => {
    const database = await createDatabase({ migrated: true });
    await writePosts(database, 1);
    const provider = await startService(() => [200, { Subject: 'News', HtmlBody: 'From the provider' }]);
    const vault = await startVault();
    vault.secret = {
      DATABASE_URL: database.url,
      EMAIL_API_KEY: randomBytes(16).toString('hex'),
      AUTH_SECRET: randomBytes(16).toString('hex'),
    };
    try {
      const VAULT_TOKEN = vault.makeToken();
      const build = generate({
        ...{ SECRETS_STORE: 'vault', VAULT_ADDR: vault.address, VAULT_TOKEN },
        EMAIL_API_URL: provider.url,
      });
      expect(await build.ended, build.output()).toBe(0);
      expect(packedPosts()).toEqual(['/posts/post-1']);
      expect(provider.received[0]?.headers['x-postmark-server-token']).toBe(vault.secret.EMAIL_API_KEY);
      const canaries = [database.address.password, VAULT_TOKEN, ...Object.values(vault.secret)];
      for (const canary of canaries) expect(build.output()).not.toContain(canary);
      const patterns = canaries.flatMap((canary) => ['-e', canary]);
      // The exit code for "no match"; symbolic links lead to packages.
      expect(spawnSync('grep', ['-rlF', ...patterns, join(folder, '.next')])).toMatchObject({ status: 1 });
    } finally {
      await Promise.all([vault.close(), provider.close()]);
    }
  });

  it('builds an empty blog that says it is empty', async () => {
    const { url } = await createDatabase({ migrated: true });
    const build = generate({ DATABASE_URL: url });
    expect(await build.ended, build.output()).toBe(0);
    const server = runNode(folder, ['.next/standalone/sealed.js'], { HOSTNAME: '127.0.0.1', PORT: '0' });
    const [, port] = await server.printed(/ready at http:\/\/127\.0\.0\.1:(\d+)/);
    try {
      const page = await fetch(`http://127.0.0.1:${port}/`);
      expect([page.status, await page.text()]).toEqual([
        200,
        expect.stringContaining('There is nothing to read yet'),
      ]);
      expect((await fetch(`http://127.0.0.1:${port}/posts/-`)).status).toBe(404);
    } finally {
      expect(await server.stop()).toBe(0);
    }
  });

  it('copies no .env into the standalone build', async () => {
    const { url } = await createDatabase({ migrated: true });
    writeFileSync(join(folder, '.env'), `DATABASE_URL=${url}\n`);
    writeFileSync(join(folder, '.env.production'), 'OTHER=value\n');
    const build = generate({ DATABASE_URL: url });
    expect(await build.ended, build.output()).toBe(0);
    expect(readdirSync(join(folder, '.next/standalone')).filter((name) => name.startsWith('.env'))).toEqual(
      [],
    );
    rmSync(join(folder, '.env'));
    rmSync(join(folder, '.env.production'));
  });

  it('records which database and content the pages come from, and the server logs that first', async () => {
    const database = await createDatabase({ migrated: true });
    await writePosts(database, 2);
    const build = generate({ DATABASE_URL: database.url, GENERATED_POSTS: '"1"' });
    expect(await build.ended, build.output()).toBe(0);
    expect(packedPosts()).toEqual(['/posts/post-1']);
    const record = JSON.parse(readFileSync(join(folder, '.next/standalone/.next/build-record.json'), 'utf8'));
    expect(record).toEqual({
      database: await databaseIdentity(database.address),
      revision: await contentRevision(database.address),
      position: {
        database: record.database,
        snapshot: expect.stringMatching(/^\d+:\d+:/),
        at: expect.stringMatching(/^\d{4}-\S+Z$/),
      },
      generatedAt: expect.stringMatching(/^\d{4}-\S+Z$/),
      paths: expect.arrayContaining(['/', '/posts/post-1']),
    });
    const server = runNode(folder, ['.next/standalone/sealed.js'], { HOSTNAME: '127.0.0.1', PORT: '0' });
    await server.printed(/ready at/);
    expect(server.output().split('\n')[0]).toContain(
      `from database ${record.database}, revision ${record.revision}, ${record.generatedAt}`,
    );
    expect(await server.stop()).toBe(0);
  });

  it('stops if no secret is set, and says which option to pass', async () => {
    const build = generate({});
    expect(await build.ended).toBe(1);
    expect(build.output().trim()).toMatch(
      /^build:generate: .*--secret id=database_url,src=env\/database_url\.txt.*--target deferred.*$/,
    );
  });

  it.each([
    [
      'a wrong password',
      (url: string) => url.replace(/:[^:@]+@/, ':hidden@'),
      /Access to the database "\w+" on 127\.0\.0\.1/,
    ],
    [
      'an unknown host',
      (url: string) => url.replace('127.0.0.1', 'no-such-host.invalid'),
      /no-such-host\.invalid is unknown/,
    ],
    [
      'a database without the schema',
      (url: string) => url.replace(/\/\w+$/, '/postgres'),
      /Tables are missing/,
    ],
  ])('fails for %s with one sentence, without user, password or URL', async (_, change, sentence) => {
    const { url, address } = await createDatabase({ migrated: true });
    const before = existsSync(join(folder, '.next/BUILD_ID'));
    const build = generate({ DATABASE_URL: change(url) });
    expect(await build.ended).toBe(1);
    expect(build.output().trim().split('\n')).toHaveLength(1);
    expect(build.output()).toMatch(sentence);
    for (const secret of ['hidden', address.password, 'blog:', 'postgresql:'])
      expect(build.output()).not.toContain(secret);
    expect(existsSync(join(folder, '.next/BUILD_ID'))).toBe(before);
  });
});

describe('the newsletter', () => {
  const key = randomBytes(16).toString('hex');
  const template = '<h1>From the provider</h1>{{#each posts}}<a href="{{url}}">{{title}}</a>{{/each}}';
  let provider: HttpService;
  let answer: [number, object] | undefined;
  let database: TestDatabase;
  let url: string;

  beforeAll(async () => {
    provider = await startService(() => answer);
    database = await createDatabase({ migrated: true });
    await writePosts(database, 2);
    await database.query(
      `UPDATE "Post" SET "title" = '<img src=x onerror=attack()>' WHERE "slug" = 'post-2'`,
    );
    url = database.url;
  });

  afterAll(() => provider.close());

  const page = () => pack().html('/newsletter/mail');
  const generateWith = (variables: Record<string, string>) =>
    generate({ DATABASE_URL: url, EMAIL_API_URL: provider.url, ...variables });

  it('is generated from the template that the provider returns for the key', async () => {
    answer = [200, { Subject: 'News', HtmlBody: template }];
    const build = generateWith({ EMAIL_API_KEY: key, EMAIL_TEMPLATE: 'weekly' });
    expect(await build.ended, build.output()).toBe(0);
    expect(provider.received.at(-1)).toMatchObject({
      ...{ method: 'GET', path: '/templates/weekly', headers: { 'x-postmark-server-token': key } },
    });
    expect(page()).toContain('From the provider');
    expect(page()).toContain('/posts/post-1');
    expect(page()).not.toContain('<img src=x');
    const kept = readdirSync(join(folder, '.next'), {
      recursive: true,
      encoding: 'utf8',
      withFileTypes: true,
    });
    const holding = kept.filter(
      (entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(key),
    );
    expect(holding.map(({ name }) => name)).toEqual([]);
  });

  it('keeps that template for pages that are rendered without the key', async () => {
    const server = runNode(folder, ['.next/standalone/sealed.js'], {
      ...{ HOSTNAME: '127.0.0.1', PORT: '0', DATABASE_URL: url },
    });
    const [, site = ''] = await server.printed(/ready at (http:\S+)/);
    try {
      await database.query(`UPDATE "Post" SET "title" = 'Rendered without the key' WHERE "slug" = 'post-1'`);
      await vi.waitFor(async () => {
        const mail = await (await fetch(`${site}/newsletter/mail`)).text();
        expect(mail).toContain('Rendered without the key');
        expect(mail).toContain('From the provider');
      }, 5_000);
    } finally {
      await server.stop();
    }
  });

  it('is generated from the template in the source if there is no key', async () => {
    const build = generateWith({});
    expect(await build.ended, build.output()).toBe(0);
    expect(page()).toContain('You receive this because you subscribed.');
  });

  it.each<[string, [number, object] | undefined, RegExp]>([
    [
      'rejects the key',
      [401, { ErrorCode: 10, Message: 'No token' }],
      /rejected the key \(401\)\. Check EMAIL_API_KEY\./,
    ],
    [
      'has no such template',
      [422, { ErrorCode: 1101 }],
      /has no template "newsletter" \(422\)\. Check EMAIL_TEMPLATE\./,
    ],
    ['is in trouble', [500, {}], /did not return the template/],
    ['does not answer', undefined, /does not answer\. Check EMAIL_API_URL and the network\./],
    ['gives no HTML', [200, { Subject: 'News' }], /has no HTML/],
  ])('stops the build if the provider %s, with one line and without the key', async (_, given, line) => {
    answer = given;
    const build = generateWith({ EMAIL_API_KEY: key });
    expect(await build.ended).toBe(1);
    expect(build.output()).toMatch(line);
    expect(build.output().trim().split('\n')).toHaveLength(1);
    expect(build.output()).not.toContain(key);
  });
});

// Last, because nothing is left to generate from.
describe('build:compile', () => {
  it.each([
    [
      'a path that Next.js can only take for the whole project',
      "process.env.ANY_FILE ?? 'x'",
      /\nbuild:compile: \.\/src\/app\/planted\/page\.tsx:4:\d+ reads a path that Next\.js can't know.*turbopackIgnore.*\n$/,
    ],
    [
      'a path for which Next.js ships a file of the project without a warning',
      "'tsconfig.json'",
      /\nbuild:compile: \.next\/standalone holds tsconfig\.json, which serving does not need.*\n$/,
    ],
  ])(
    'fails for a page that reads %s',
    async (_, file, message) => {
      const page = join(folder, 'src/app/planted/page.tsx');
      mkdirSync(join(page, '..'), { recursive: true });
      writeFileSync(
        page,
        `import { readFileSync } from 'node:fs';
         import { join } from 'node:path';
         export default async function Page() {
           return readFileSync(join(process.env.ANY_FOLDER ?? '.', ${file}), 'utf8').length;
         }`,
      );
      const build = runNode(folder, ['src/commands/build-compile.ts']);
      expect(await build.ended).toBe(1);
      expect(build.output()).toMatch(message);
    },
    180_000,
  );
});
