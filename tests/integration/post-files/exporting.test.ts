import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exportPosts } from '#post-files/export.ts';
import { importPosts } from '#post-files/import.ts';
import { createDatabase, type TestDatabase, writePosts } from '../../setup/database.ts';
import { makeGif, makePng } from '../../setup/images.ts';
import { makeFolder, markdown, writeFiles } from '../../setup/post-folder.ts';

/** Everything that an export has to keep: all but the ids, and the time at which a row was first written. */
async function contentOf(database: TestDatabase) {
  return {
    posts: await database.query(
      `SELECT to_jsonb("Post") - 'id' - 'createdAt' AS post FROM "Post" ORDER BY "slug"`,
    ),
    images: await database.query('SELECT "hash", "type", "width", "height" FROM "Image" ORDER BY "hash"'),
  };
}

function filesOf(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    entries
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, 'latin1')]),
  );
}

const key = fc.stringMatching(/^[a-z][a-z0-9_]{0,11}$/).map((name) => `x_${name}`);

const words = fc.string({ unit: 'grapheme', maxLength: 40 });

const json = fc.jsonValue({ maxDepth: 3 });

const date = fc.date({ min: new Date('1970-01-01'), max: new Date('2030-12-31'), noInvalidDate: true });

/** Lines of Markdown and of what looks like front matter. */
const text = fc.array(
  fc.oneof(
    words,
    fc.constantFrom(
      '---',
      '+++',
      '    code',
      '# Title',
      '![a](img.png)',
      '![b](/static/b.gif "T")',
      '',
      '\t',
      '> q',
      '```',
      '{{< x >}}',
    ),
  ),
  { maxLength: 12 },
);

const post = fc.record(
  {
    title: fc.oneof(
      words,
      fc.constantFrom('yes', '007', '2026-01-02', '- a', '# b', 'a: b', '"q"', "it's", '~'),
    ),
    date,
    updated: date,
    draft: fc.boolean(),
    tags: fc.array(words, { maxLength: 4 }),
    summary: words,
    cover: fc.oneof(
      fc.constantFrom('img.png', './img.png', 'https://example.org/a b.png'),
      fc.record({ image: fc.constant('img.png'), alt: words }),
    ),
    lang: fc.constantFrom('en', 'zh-hans', 'ar', 'pt_BR'),
    kind: fc.constantFrom('post', 'page', 'recipe'),
    layout: fc.constantFrom('post', 'page'),
    aliases: fc.array(fc.webPath(), { maxLength: 3 }),
    extra: fc.dictionary(key, json, { maxKeys: 4 }),
    text,
  },
  { requiredKeys: ['title', 'date', 'text', 'extra'] },
);

/** As JSON, which is YAML too. */
function fileOf({ text, extra, ...fields }: { text: string[]; extra: Record<string, unknown> }): string {
  const lines = Object.entries({ ...fields, ...extra }).map(
    ([name, value]) =>
      `${name}: ${JSON.stringify(value).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}`,
  );
  return `---\n${lines.join('\n')}\n---\n${text.join('\n').replaceAll('\0', '')}\n`;
}

describe('an export', () => {
  it('writes what an import reads: a thousand generated posts stay the same, in this database and in a new one', async () => {
    const [database, another] = await Promise.all([
      createDatabase({ migrated: true }),
      createDatabase({ migrated: true }),
    ]);
    const generated = fc.sample(post, 1_000);
    const folder = makeFolder({
      'static/b.gif': makeGif(3, 4),
      ...Object.fromEntries(
        generated.flatMap((fields, n) => {
          const titled = { ...fields, title: fields.title.replaceAll('\0', '').trim() || 'T' };
          const name = n % 3 === 0 ? `a/p${n}/index` : n % 3 === 1 ? `2020-01-02-p${n}` : `b/P ${n}`;
          const image = join(name, '..', 'img.png');
          return [
            [`${name}.md`, fileOf(titled as never)],
            [image, makePng(2, 2, n % 5)],
          ];
        }),
      ),
    });
    const first = await importPosts(database.address, folder);
    expect(first.created).toHaveLength(1_000);
    const before = await contentOf(database);
    const copy = makeFolder({});
    await exportPosts(database.address, copy);
    expect(await importPosts(database.address, copy)).toMatchObject({
      created: [],
      changed: [],
      unchanged: 1_000,
      images: 0,
    });
    expect(await contentOf(database)).toEqual(before);
    await importPosts(another.address, copy);
    expect(await contentOf(another)).toEqual(before);
    const again = makeFolder({});
    await exportPosts(another.address, again);
    expect(filesOf(again)).toEqual(filesOf(copy));
  }, 180_000);

  it('writes files that people and other tools can read', async () => {
    const database = await createDatabase({ migrated: true });
    const folder = makeFolder({
      'posts/2026-01-02-a-post.md': markdown(
        'title: A post\ndate: 2026-01-02\ncategories: [yes, Docker]\ndescription: "Short: but good"\nweight: 3\nlang: fr\npath: /old/a',
        'Text with ![x](img/x.png).',
      ),
      'posts/img/x.png': makePng(3, 3),
      'about.md': markdown('title: About\nlayout: page\nupdated: 2026-02-03'),
    });
    await importPosts(database.address, folder);
    await database.query(`UPDATE "Post" SET "publishedAt" = '2026-02-03' WHERE "kind" = 'page'`);
    const copy = makeFolder({});
    await exportPosts(database.address, copy);
    expect(filesOf(copy)).toEqual({
      'about.md': '---\ntitle: About\ndate: 2026-02-03T00:00:00Z\nlayout: page\n---\n\nText.\n',
      'posts/2026-01-02-a-post.md':
        '---\ntitle: A post\ndate: 2026-01-02T00:00:00Z\ntags:\n  - "yes"\n  - Docker\nsummary: "Short: but good"\nlang: fr\naliases:\n  - /old/a\nweight: 3\n---\n\nText with ![x](img/x.png).\n',
      'posts/img/x.png': makePng(3, 3).toString('latin1'),
    });
  });

  it('writes posts that were never a file, and leaves other files and unchanged ones alone', async () => {
    const database = await createDatabase({ migrated: true });
    await writePosts(database, 3);
    const folder = makeFolder({
      'README.md': '# Mine',
      'post-9.md': markdown('title: Mine\ndate: 2026-01-01'),
    });
    expect(await exportPosts(database.address, folder)).toMatchObject({ posts: 3, unchanged: 0 });
    expect(Object.keys(filesOf(folder))).toEqual([
      'README.md',
      'post-1.md',
      'post-2.md',
      'post-3.md',
      'post-9.md',
    ]);
    expect(await exportPosts(database.address, folder)).toMatchObject({ posts: 3, unchanged: 3 });
    rmSync(join(folder, 'post-9.md'));
    await database.query('DELETE FROM "ContentChange"');
    const before = await database.query('SELECT "slug", "content", "updatedAt" FROM "Post" ORDER BY "slug"');
    expect(await importPosts(database.address, folder)).toMatchObject({
      created: [],
      changed: [],
      unchanged: 3,
    });
    expect(await database.query('SELECT "slug", "content", "updatedAt" FROM "Post" ORDER BY "slug"')).toEqual(
      before,
    );
    expect(await database.query('SELECT FROM "ContentChange"')).toEqual([]);
    // They have a file from now on.
    rmSync(join(folder, 'post-3.md'));
    expect(await importPosts(database.address, folder, { prune: true })).toMatchObject({
      unpublished: ['post-3'],
    });
  });

  it('finds another place for a post whose file belongs to another, or lies outside', async () => {
    const database = await createDatabase({ migrated: true });
    const folder = makeFolder({
      'posts/a.md': markdown('title: A\ndate: 2026-01-02', '![x](x.png)'),
      'posts/x.png': makePng(2, 2, 1),
    });
    await importPosts(database.address, folder);
    writeFiles(folder, {
      'posts/a.md': markdown('title: A\nslug: b\ndate: 2026-01-02', '![x](x.png)'),
      'posts/x.png': makePng(2, 2, 2),
    });
    await importPosts(database.address, folder);
    await writePosts(database, 1);
    await database.query(`UPDATE "Post" SET "file" = '../../evil.md' WHERE "slug" = 'post-1'`);
    const before = await contentOf(database);
    const copy = makeFolder({});
    await exportPosts(database.address, copy);
    expect(Object.keys(filesOf(copy))).toEqual([
      'post-1.md',
      'posts/a.md',
      'posts/b/index.md',
      'posts/b/x.png',
      'posts/x.png',
    ]);
    const own = await createDatabase({ migrated: true });
    await importPosts(own.address, copy);
    const images = ({ posts }: { posts: { post?: Record<string, unknown> }[] }) =>
      posts.map(({ post }) => [post?.slug, post?.images]);
    expect(images(await contentOf(own))).toEqual(images(before));
  });

  it('does not follow a link out of the folder', async () => {
    const database = await createDatabase({ migrated: true });
    await writePosts(database, 1);
    await database.query(`UPDATE "Post" SET "file" = 'posts/post-1.md'`);
    const elsewhere = makeFolder({});
    const folder = makeFolder({});
    symlinkSync(elsewhere, join(folder, 'posts'));
    await expect(exportPosts(database.address, folder)).rejects.toThrow(
      'posts/post-1.md leads out of the folder',
    );
    rmSync(join(folder, 'posts'));
    mkdirSync(join(folder, 'posts'));
    writeFileSync(join(elsewhere, 'target.md'), 'theirs');
    symlinkSync(join(elsewhere, 'target.md'), join(folder, 'posts/post-1.md'));
    await expect(exportPosts(database.address, folder)).rejects.toThrow('leads out of the folder');
    expect(readFileSync(join(elsewhere, 'target.md'), 'utf8')).toBe('theirs');
  });
});
