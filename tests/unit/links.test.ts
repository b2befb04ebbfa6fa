import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const LINK = /\]\((?!https?:|mailto:|\/)([^)#\s]*)(?:#([^)\s]+))?\)/g;

const documents = [
  'README.md',
  'SECURITY.md',
  'env/README.md',
  'sealcheck/README.md',
  ...['docs', 'deploy'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.md'))
      .map((path) => join(folder, path)),
  ),
];

/** The anchors that GitHub gives to a document's headings. */
function anchorsOf(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function withoutCode(markdown: string): string {
  return markdown.replaceAll(/^ *```.*?^ *```$/gms, '');
}

function brokenLinks(path: string, markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(LINK)].flatMap(([link, file, anchor]) => {
    const target = file ? normalize(join(dirname(path), file)) : path;
    if (file && !existsSync(target)) return `${path}: ${link} leads to no file`;
    const there = file ? (anchor ? readFileSync(target, 'utf8') : '') : markdown;
    return !anchor || anchorsOf(there).includes(anchor) ? [] : `${path}: ${link} leads to no heading`;
  });
}

describe('the links between documents', () => {
  it('lead to a file, and to a heading in it', () => {
    expect(documents.flatMap((path) => brokenLinks(path, readFileSync(path, 'utf8')))).toEqual([]);
  });

  it('are reported if the file or the heading is missing', () => {
    expect(
      brokenLinks('docs/planted.md', '# A heading\n\n[a](none.md) [b](#a-heading) [c](#another)'),
    ).toEqual([
      'docs/planted.md: ](none.md) leads to no file',
      'docs/planted.md: ](#another) leads to no heading',
    ]);
  });
});
