import { describe, expect, it } from 'vitest';
import { PostFileErrors, parsePostFile } from '#post-files/parse.ts';

const file = (yaml: string, content = 'Text.') => `---\n${yaml}\n---\n\n${content}\n`;

function parsed(text: string, name = 'a-post.md') {
  const post = parsePostFile(text, name);
  if (!post) throw new Error(`${name} has no front matter.`);
  return post;
}

/** Each finding as "line: message". */
function faultsOf(text: string, name = 'a-post.md'): string[] {
  try {
    parsePostFile(text, name);
    return [];
  } catch (error) {
    if (!(error instanceof PostFileErrors)) throw error;
    return error.findings.map(({ line, message }) => `${line}: ${message}`);
  }
}

describe('front matter', () => {
  it('is read as Hugo writes it in TOML', () => {
    const post = parsed(
      `+++
title = "Layers: a tale"
date = 2026-06-01T09:00:00+02:00
lastmod = 2026-06-02
draft = false
tags = ["docker", "layers"]
categories = ["Build"]
description = "What a layer is."
slug = "layers"
aliases = ["/2019/layers/", "https://old.example/blog/layers.html?x=1"]
[params]
math = true
+++
Text.`,
    );
    expect(post).toMatchObject({
      title: 'Layers: a tale',
      slug: 'layers',
      published: true,
      publishedAt: new Date('2026-06-01T07:00:00Z'),
      updatedAt: new Date('2026-06-02T00:00:00Z'),
      tags: ['docker', 'layers', 'Build'],
      summary: 'What a layer is.',
      aliases: ['/2019/layers', '/blog/layers.html'],
      extra: { params: { math: true } },
      content: 'Text.',
      kind: 'post',
    });
  });

  it("is read as Astro's starter writes it", () => {
    const post = parsed(
      file(
        `title: 'First post'\ndescription: 'Lorem'\npubDate: 'Jul 08 2022'\nupdatedDate: 2022-07-09\nheroImage: './a.jpg'`,
      ),
      'first-post.md',
    );
    expect(post).toMatchObject({
      slug: 'first-post',
      publishedAt: new Date('2022-07-08T00:00:00Z'),
      updatedAt: new Date('2022-07-09T00:00:00Z'),
      summary: 'Lorem',
      cover: './a.jpg',
      extra: {},
    });
  });

  it("is read as Jekyll's starter writes it, with the date of the file's name", () => {
    const post = parsed(
      file(
        'layout: post\ntitle:  "Welcome to Jekyll!"\ncategories: jekyll update\npermalink: /2015/11/welcome/',
      ),
      '_posts/2015-11-17-welcome-to-jekyll.markdown',
    );
    expect(post).toMatchObject({
      slug: 'welcome-to-jekyll',
      publishedAt: new Date('2015-11-17T00:00:00Z'),
      tags: ['jekyll', 'update'],
      aliases: ['/2015/11/welcome'],
      extra: { layout: 'post' },
    });
  });

  it('is read as the Next.js starters write it', () => {
    const post = parsed(
      file(
        `title: 'Hello'\nexcerpt: 'Short.'\ncoverImage: '/assets/cover.jpg'\ndate: '2020-03-16T05:35:07.322Z'\nauthor:\n  name: JJ\nogImage:\n  url: '/assets/cover.jpg'`,
      ),
    );
    expect(post).toMatchObject({
      publishedAt: new Date('2020-03-16T05:35:07.322Z'),
      summary: 'Short.',
      cover: '/assets/cover.jpg',
      extra: { author: { name: 'JJ' }, ogImage: { url: '/assets/cover.jpg' } },
    });
  });

  it('is the same with Windows line endings and a byte order mark', () => {
    const text = file('title: T\ndate: 2026-01-02', 'One\n\n    code');
    expect(parsed(`\uFEFF${text.replaceAll('\n', '\r\n')}`)).toEqual(parsed(text));
  });

  it('keeps the indentation of the first line of the text', () => {
    expect(parsed('---\ntitle: T\ndate: 2026-01-02\n---\n\n \n    code\n\n').content).toBe('    code');
  });

  it('takes a title that looks like a number as it is written', () => {
    expect(parsed(file('title: 007\ndate: 2026-01-02')).title).toBe('007');
  });

  it('takes the date of a path if there is no other', () => {
    expect(parsed(file('title: T\npath: /2019/03/04/a-post')).publishedAt).toEqual(new Date('2019-03-04'));
  });

  it('takes published for a date or for a switch', () => {
    expect(parsed(file('title: T\npublished: 2024-04-01'))).toMatchObject({
      published: true,
      publishedAt: new Date('2024-04-01'),
    });
    expect(parsed(file('title: T\npublished: false'))).toMatchObject({ published: false });
  });

  it('needs no date for a draft and for a page', () => {
    expect(parsed(file('title: T\ndraft: true'))).toMatchObject({ published: false, publishedAt: undefined });
    expect(parsed(file('title: About\nkind: page'))).toMatchObject({ kind: 'page', published: true });
    expect(parsed(file('title: About\nlayout: page')).kind).toBe('page');
  });

  it('keeps the values that lose against a preferred key', () => {
    expect(
      parsed(file('title: T\ndate: 2026-01-02\nsummary: S\ndescription: D\nimage: {url: a.png, alt: A}')),
    ).toMatchObject({
      summary: 'S',
      cover: 'a.png',
      extra: { description: 'D', cover: { alt: 'A' } },
    });
  });

  it('is missing in a file that starts with something else', () => {
    expect(parsePostFile('# Title\n', 'a.md')).toBeUndefined();
  });

  it.each([
    ['no title', file('date: 2026-01-02'), /^1: The title is missing/],
    ['no date', file('title: T'), /^1: The date is missing/],
    ['a date that is none', file('title: T\ndate: 2026-02-30'), /^3: date is not a date/],
    ['invalid YAML', file('title: T\ntags: [a\ndate: 2026-01-02'), /^\d: The YAML is invalid: /],
    ['a key twice', file('title: T\ntitle: U'), /^3: The YAML is invalid: Map keys must be unique/],
    ['invalid TOML', '+++\ntitle = T\n+++\n', /^2: The TOML is invalid: /],
    ['front matter that is not closed', '---\ntitle: T\n', /^1: The front matter is not closed/],
    ['a list as front matter', '---\n- a\n---\n', /^2: The front matter is not a list of keys/],
    ['a map as a title', file('title: {a: b}\ndate: 2026-01-02'), /^2: title is not text/],
    ['a switch that is none', file('title: T\ndate: 2026-01-02\ndraft: maybe'), /^4: draft is neither/],
    ['a language that is none', file('title: T\ndate: 2026-01-02\nlang: "e n"'), /^4: lang is not/],
    ['a NUL character', file('title: T\ndate: 2026-01-02', 'a\0'), /^6: There is a NUL/],
    ['half a character', file('title: T\ndate: 2026-01-02\nx: "\\uD800"'), /^4: x contains a character/],
  ])('is an error with %s, and its line is named', (_, text, sentence) => {
    expect(faultsOf(text)[0]).toMatch(sentence);
  });

  it('reports every error of a file at once', () => {
    expect(faultsOf(file('draft: maybe\nlang: "e n"'))).toHaveLength(4);
  });

  it('refuses a YAML bomb at once', () => {
    const lines = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (let index = 1; index < 30; index++) {
      const [from, to] = [index - 1, index].map((n) => `l${n}`);
      lines.push(
        index === 1 ? `l1: &l1 [*a,*a,*a,*a,*a,*a,*a,*a,*a]` : `${to}: &${to} [${`*${from},`.repeat(9)}]`,
      );
    }
    const since = performance.now();
    expect(faultsOf(file(`title: T\n${lines.join('\n')}`))[0]).toMatch(/Excessive alias count/);
    expect(faultsOf(file(`title: ${'['.repeat(50_000)}`))[0]).toMatch(/The YAML is invalid/);
    expect(faultsOf(`+++\na = ${'['.repeat(50_000)}\n+++\n`)[0]).toMatch(/The TOML is invalid/);
    expect(performance.now() - since).toBeLessThan(5_000);
  });
});

describe('the slug', () => {
  it.each([
    ['Hello World.md', '', 'hello-world'],
    ['2026-01-02-a-post.markdown', '', 'a-post'],
    ['2026-01-02-a-folder/index.md', '', 'a-folder'],
    ['posts/a--b__c/index.fr.md', '', 'a-b-c-fr'],
    ['a.md', 'slug: "Crème & Sugar!"', 'cr-me-sugar'],
    ['node.js.md', '', 'node-js'],
  ])('of %s with "%s" is %s', (name, line, slug) => {
    expect(parsed(file(`title: T\ndate: 2026-01-02\n${line}`), name).slug).toBe(slug);
  });

  it.each(['数据库.md', '2026-01-02.md', 'index.md', '---.md'])(
    'is asked for if nothing is left of %s',
    (name) => {
      expect(faultsOf(file('title: T\ndate: 2026-01-02'), name)).toEqual([
        '1: No slug can be made from the name. Add slug to the front matter, as in slug: a-post.',
      ]);
    },
  );
});

describe('an old URL', () => {
  it.each([
    ['/a/b/', ['/a/b']],
    ['a/b', ['/a/b']],
    ['https://old.example/a?b#c', ['/a']],
    ['/caf%c3%a9', ['/caf%C3%A9']],
    ['/café', ['/caf%C3%A9']],
    ['/../../etc/passwd', ['/etc/passwd']],
    ['//evil.example/a', ['/a']],
    ['/:year/:title/', []],
    ['/', []],
    ['javascript:alert(1)', []],
    ['/posts/a-post', []],
  ])('%s becomes %j', (alias, paths) => {
    expect(parsed(file(`title: T\ndate: 2026-01-02\naliases: ["${alias}"]`)).aliases).toEqual(paths);
  });
});
