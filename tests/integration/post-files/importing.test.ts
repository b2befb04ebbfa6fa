import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { importPosts } from '#post-files/import.ts';
import { PostFileErrors } from '#post-files/parse.ts';
import { runNode } from '../../setup/command.ts';
import { createDatabase, type TestDatabase } from '../../setup/database.ts';
import { makeGif, makePng } from '../../setup/images.ts';
import { makeFolder, markdown, writeFiles } from '../../setup/post-folder.ts';

const POST = markdown('title: A post\ndate: 2026-01-02');

let database: TestDatabase;

beforeEach(async () => {
  database = await createDatabase({ migrated: true });
});

const posts = () =>
  database.query<{
    slug: string;
    title: string;
    published: boolean;
    images: Record<string, { hash: string }>;
  }>('SELECT * FROM "Post" ORDER BY "slug"');

async function findingsOf(files: Record<string, string | Buffer>, prepare?: (folder: string) => void) {
  const folder = makeFolder(files);
  prepare?.(folder);
  try {
    const { warnings } = await importPosts(database.address, folder);
    return { warnings: warnings.map(({ file, line, omission, count }) => [file, line, omission, count]) };
  } catch (error) {
    if (!(error instanceof PostFileErrors)) throw error;
    return { errors: error.message.split('\n') };
  }
}

describe('an import', () => {
  it('writes posts with their images, which are stored once by their bytes', async () => {
    const photo = makePng(30, 20);
    const folder = makeFolder({
      'a/index.md': markdown(
        'title: A\ndate: 2026-01-02\ncover: cover.png',
        '![one](./photo%20one.png)\n<img src="../shared.jpg?v=2">',
      ),
      'a/photo one.png': photo,
      'a/cover.png': photo,
      'shared.jpg': makeGif(5, 6),
      'b.md': markdown(
        'title: B\ndate: 2026-01-03',
        'See ![x][ref].\n\n```\n![no](none.png)\n```\n\n[ref]: /shared.jpg',
      ),
    });
    const imported = await importPosts(database.address, folder);
    expect(imported).toMatchObject({
      created: ['a', 'b'],
      changed: [],
      unchanged: 0,
      images: 2,
      warnings: [],
    });
    const [a, b] = await posts();
    const images = await database.query(
      'SELECT "type", "width", "height", "content" FROM "Image" ORDER BY "type"',
    );
    expect(images).toEqual([
      { type: 'gif', width: 5, height: 6, content: makeGif(5, 6) },
      { type: 'png', width: 30, height: 20, content: photo },
    ]);
    expect(Object.keys(a?.images ?? {}).sort()).toEqual(['../shared.jpg', 'cover.png', 'photo one.png']);
    expect(b?.images['/shared.jpg']).toMatchObject({ type: 'gif', width: 5, height: 6 });
    expect(a?.images['cover.png']?.hash).toBe(a?.images['photo one.png']?.hash);
  });

  it('does not touch what is the same, so that nothing is rendered again', async () => {
    const folder = makeFolder({
      'a.md': POST,
      'b.md': markdown('title: B\ndate: 2026-01-03\ntags: [x]\nother: {k: [1, 2.50, null]}'),
    });
    await importPosts(database.address, folder);
    const before = await database.query('SELECT *, "xmin"::text FROM "Post" ORDER BY "slug"');
    await database.query('DELETE FROM "ContentChange"');
    expect(await importPosts(database.address, folder)).toMatchObject({
      created: [],
      changed: [],
      unchanged: 2,
    });
    expect(await database.query('SELECT *, "xmin"::text FROM "Post" ORDER BY "slug"')).toEqual(before);
    expect(await database.query('SELECT FROM "ContentChange"')).toEqual([]);
  });

  it('records the change of one post in the content log, with its neighbours if its title changed', async () => {
    const numbered = (n: number, title = `Post ${n}`) => ({
      [`p${n}.md`]: markdown(`title: ${title}\ndate: 2026-01-0${n}`),
    });
    const folder = makeFolder({ ...numbered(1), ...numbered(2), ...numbered(3), ...numbered(4) });
    await importPosts(database.address, folder);
    await database.query('DELETE FROM "ContentChange"');
    writeFiles(folder, numbered(2, 'Another'));
    expect(await importPosts(database.address, folder)).toMatchObject({ changed: ['p2'], unchanged: 3 });
    const [row] = await database.query<{ tags: string[] }>('SELECT "tags" FROM "ContentChange"');
    expect(row?.tags.sort()).toEqual(['lists', 'post:p1', 'post:p2', 'post:p3']);
  });

  it('takes the time of a change from the file if it says it, and is the time of the import otherwise', async () => {
    const updated = async () =>
      (await database.query<{ at: string }>(`SELECT "updatedAt"::text AS at FROM "Post"`))[0]?.at;
    const folder = makeFolder({ 'a.md': POST });
    await importPosts(database.address, folder);
    expect(await updated()).toBe('2026-01-02 00:00:00');
    writeFiles(folder, { 'a.md': POST.replace('Text.', 'Other.') });
    await importPosts(database.address, folder);
    expect(await updated()).toMatch(new RegExp(`^${new Date().getUTCFullYear()}-\\d\\d-\\d\\d .*`));
    writeFiles(folder, { 'a.md': POST.replace('date:', 'updated: 2026-03-04T05:06:07Z\ndate:') });
    await importPosts(database.address, folder);
    expect(await updated()).toBe('2026-03-04 05:06:07');
  });

  it('lists every error at once, and then writes nothing', async () => {
    const found = await findingsOf(
      {
        'good.md': POST,
        'no-title.md': markdown('date: 2026-01-02'),
        'no-date.md': markdown('title: T'),
        'yaml.md': markdown('title: [T'),
        'bomb.md': markdown(
          `title: T\na: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(10)}]\nc: &c [${'*b,'.repeat(10)}]\nd: [${'*c,'.repeat(10)}]`,
        ),
        'sub/good.md': POST,
        'traversal.md': markdown('title: T\ndate: 2026-01-02', 'One.\n\n![x](../../../etc/passwd)'),
        'absolute.md': markdown(
          'title: T\ndate: 2026-01-02',
          '![x](/../../etc/passwd)\n\n![y](a/../../b.png)',
        ),
        'latin.md': Buffer.from('---\ntitle: caf\xe9\n---\n', 'latin1'),
        'linked-image.md': markdown('title: T\ndate: 2026-01-02', '![x](link.png)'),
      },
      (folder) => {
        symlinkSync('/etc/hostname', join(folder, 'link.png'));
        symlinkSync('/etc', join(folder, 'etc'));
        symlinkSync('/etc/passwd', join(folder, 'passwd.md'));
        symlinkSync('loop.md', join(folder, 'loop.md'));
      },
    );
    expect(found.errors?.map((line) => line.replace(/: .*/, ''))).toEqual([
      'absolute.md:6',
      'absolute.md:8',
      'bomb.md:2',
      'etc:1',
      'latin.md:1',
      'link.png:1',
      'linked-image.md:6',
      'loop.md:1',
      'no-date.md:1',
      'no-title.md:1',
      'passwd.md:1',
      'sub/good.md:1',
      'traversal.md:8',
      'yaml.md:2',
    ]);
    expect(found.errors?.find((line) => line.startsWith('sub/good.md'))).toBe(
      'sub/good.md:1: The slug good is taken by good.md. Add another slug to the front matter.',
    );
    expect(await posts()).toEqual([]);
    expect(await database.query('SELECT FROM "Image"')).toEqual([]);
  });

  it('leaves what a reader can do without as it is, and counts it', async () => {
    const content = [
      '![v](film.mp4)',
      '![s](drawing.png)',
      '![l](large.png)',
      '![m](missing.png)',
      '![h](page.png)',
      '{{< youtube abc >}} {{% note %}}x{{% /note %}}',
      '<Chart data={x} />',
      '`{{ code }}` and `<Code />`',
    ].join('\n\n');
    const found = await findingsOf({
      'a.mdx': markdown('title: T\ndate: 2026-01-02', `import X from './x'\n\n${content}`),
      'film.mp4': 'film',
      'drawing.png': '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
      'large.png': Buffer.concat([makePng(9, 9), Buffer.alloc(6 * 2 ** 20)]),
      'page.png': '<html>',
      'README.md': '# About this folder',
      '_index.md': markdown('title: Posts'),
      'index.markdown': markdown('layout: home'),
      'themes/x/exampleSite/content/b.md': markdown('title: T'),
    });
    expect(found).toEqual({
      warnings: [
        ['README.md', 1, 'skipped', 1],
        ['_index.md', 1, 'skipped', 1],
        ['a.mdx', 6, 'component', 2],
        ['a.mdx', 8, 'video', 1],
        ['a.mdx', 10, 'svg', 1],
        ['a.mdx', 12, 'large', 1],
        ['a.mdx', 14, 'missing', 1],
        ['a.mdx', 16, 'unknown', 1],
        ['a.mdx', 18, 'shortcode', 2],
        ['index.markdown', 1, 'skipped', 1],
      ],
    });
    const [post] = await database.query<{ content: string }>('SELECT "content" FROM "Post"');
    expect(post?.content).toBe(`import X from './x'\n\n${content}`);
  });

  it('stores an image as what its bytes are, whatever its name says', async () => {
    const folder = makeFolder({
      'a.md': markdown('title: T\ndate: 2026-01-02', '![g](really.svg)'),
      'really.svg': makeGif(7, 8),
    });
    expect((await importPosts(database.address, folder)).warnings).toEqual([]);
    expect(await database.query('SELECT "type", "width" FROM "Image"')).toEqual([{ type: 'gif', width: 7 }]);
  });

  it('takes an image of exactly 5 MB, and none that is a byte larger', async () => {
    const png = makePng(9, 9);
    const sized = (bytes: number) => Buffer.concat([png, Buffer.alloc(bytes - png.length)]);
    const found = await findingsOf({
      'a.md': markdown('title: T\ndate: 2026-01-02', '![a](a.png)\n![b](b.png)'),
      'a.png': sized(5 * 2 ** 20),
      'b.png': sized(5 * 2 ** 20 + 1),
    });
    expect(found.warnings).toEqual([['a.md', 7, 'large', 1]]);
    expect(await database.query('SELECT FROM "Image"')).toHaveLength(1);
  });

  it('gives an old URL that two posts claim to the first of them', async () => {
    const found = await findingsOf({
      'a.md': markdown('title: A\ndate: 2026-01-02\naliases: [/old]'),
      'b.md': markdown('title: B\ndate: 2026-01-02\npermalink: /old/'),
    });
    expect(found.warnings).toEqual([['b.md', 1, 'alias', 1]]);
  });

  it('unpublishes the posts whose file is gone only if asked, and no post that had no file', async () => {
    await database.query(
      `INSERT INTO "Post" ("id", "slug", "title", "content", "published", "publishedAt", "updatedAt")
       VALUES ('own', 'own', 'Own', '', true, now(), now())`,
    );
    const folder = makeFolder({ 'a.md': POST, 'b.md': POST });
    await importPosts(database.address, folder);
    rmSync(join(folder, 'b.md'));
    const published = async () => (await posts()).filter((post) => post.published).map((post) => post.slug);
    expect(await importPosts(database.address, folder)).toMatchObject({ unpublished: [], unchanged: 1 });
    expect(await published()).toEqual(['a', 'b', 'own']);
    expect(await importPosts(database.address, folder, { prune: true, dryRun: true })).toMatchObject({
      unpublished: ['b'],
    });
    expect(await published()).toEqual(['a', 'b', 'own']);
    expect(await importPosts(database.address, folder, { prune: true })).toMatchObject({
      unpublished: ['b'],
    });
    expect(await published()).toEqual(['a', 'own']);
    writeFiles(folder, { 'b.md': POST });
    expect(await importPosts(database.address, folder)).toMatchObject({ changed: ['b'] });
    expect(await published()).toEqual(['a', 'b', 'own']);
  });

  it('never prunes because a folder is empty, as one is that was not mounted', async () => {
    const folder = makeFolder({ 'a.md': POST });
    await importPosts(database.address, folder);
    rmSync(join(folder, 'a.md'));
    await expect(importPosts(database.address, folder, { prune: true })).rejects.toThrow(
      'There is no post in',
    );
    await expect(importPosts(database.address, join(folder, 'none'))).rejects.toThrow('is not a folder');
    expect((await posts())[0]?.published).toBe(true);
  });

  it('reads a link that stays in the folder, and no folder twice', async () => {
    const folder = makeFolder({ 'posts/a.md': POST });
    symlinkSync('a.md', join(folder, 'posts/b.md'));
    symlinkSync('..', join(folder, 'posts/up'));
    mkdirSync(join(folder, '.hidden'));
    expect(await importPosts(database.address, folder)).toMatchObject({ created: ['a', 'b'] });
  });

  it('writes each post once if two imports run at the same time', async () => {
    const folder = makeFolder(Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`p${n}.md`, POST])));
    const [one, two] = await Promise.all([1, 2].map(() => importPosts(database.address, folder)));
    expect((one?.created.length ?? 0) + (two?.created.length ?? 0)).toBe(30);
    expect((one?.unchanged ?? 0) + (two?.unchanged ?? 0)).toBe(30);
  });

  it('writes a thousand files in seconds', async () => {
    const text = `${'A paragraph with *words*, `code` and a [link](https://example.org).\n\n'.repeat(60)}![x](x.png)`;
    const folder = makeFolder({
      'x.png': makePng(9, 9),
      ...Object.fromEntries(
        Array.from({ length: 1_000 }, (_, n) => [
          `p${n}.md`,
          markdown(`title: P ${n}\ndate: 2026-01-02`, text),
        ]),
      ),
    });
    const since = performance.now();
    expect((await importPosts(database.address, folder)).created).toHaveLength(1_000);
    expect(performance.now() - since).toBeLessThan(20_000);
  });
});

describe('the command import', () => {
  const run = async (...args: string[]) => {
    const command = runNode('.', ['src/commands/sealed.ts', ...args], { DATABASE_URL: database.url });
    return { code: await command.ended, output: command.output() };
  };

  it('says what it did, would do, and left, in one line each', async () => {
    const folder = makeFolder({ 'a.md': POST, 'b.md': markdown('title: B\ndate: 2026-01-02', '{{< x >}}') });
    expect(await run('import', folder, '--dry-run')).toEqual({
      code: 0,
      output: [
        'import: warning: b.md:6: 1 shortcode stays as it is.',
        'import: would create a',
        'import: would create b',
        'import: 2 posts would be created, 0 would be changed, 0 unchanged. Left as it is: 1 shortcode.',
        '',
      ].join('\n'),
    });
    expect(await posts()).toEqual([]);
    const done = await run('import', folder);
    expect([done.code, done.output]).toEqual([
      0,
      expect.stringContaining('import: 2 posts created, 0 changed, 0 unchanged.'),
    ]);
    expect((await run('import', folder)).output).toContain(
      'import: 0 posts created, 0 changed, 2 unchanged.',
    );
  });

  it('fails with exit code 1 on errors, and with --strict on warnings', async () => {
    const folder = makeFolder({ 'a.md': markdown('title: A'), 'b.md': markdown('title: B') });
    expect(await run('import', folder)).toEqual({
      code: 1,
      output: expect.stringMatching(
        /^sealed: a\.md:1: The date is missing.*\nsealed: b\.md:1: The date is missing.*\n$/,
      ),
    });
    const strict = makeFolder({ 'a.md': POST, 'b.md': '# None' });
    expect((await run('import', strict, '--strict')).code).toBe(1);
    expect(await posts()).toEqual([]);
    expect((await run('import', strict)).code).toBe(0);
  });

  it.each([
    [['import'], 'import needs one folder'],
    [['import', 'a', 'b'], 'import needs one folder'],
    [['export'], 'export needs one folder'],
    [['import', '.', '--force'], 'import has no option --force'],
    [['export', '.', '--prune'], 'export has no option --prune'],
    [['migrate', '--prune'], 'migrate has no option --prune'],
    [['--nope'], 'serve has no option --nope'],
    [['migrate', '.'], '"migrate ." is not a command'],
  ])('is not understood as %j', async (args, sentence) => {
    const { code, output } = await run(...args);
    expect([code, output]).toEqual([2, expect.stringContaining(sentence)]);
  });
});
