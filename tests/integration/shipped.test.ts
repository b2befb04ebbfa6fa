import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { notNeeded } from '../setup/shipped.ts';

describe('.next/standalone after npm start', () => {
  const folder = join(inject('siteFolder'), '.next/standalone');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => ({ file: join(entry.parentPath, entry.name), isLink: entry.isSymbolicLink() }))
    .map(({ file, isLink }) => ({ file, isLink, path: relative(folder, file).replaceAll('\\', '/') }));

  it('holds only what serving needs', () => {
    expect(files.length).toBeGreaterThan(500);
    expect(notNeeded(files.map(({ path }) => path))).toEqual([]);
  });

  it('holds none of the tokens that are all over the project', () => {
    const token = inject('plantedToken');
    const holding = files.filter(({ file, isLink }) => !isLink && readFileSync(file).includes(token));
    expect(holding.map(({ path }) => path)).toEqual([]);
    // The same check finds it in the project.
    expect(readFileSync(join(inject('siteFolder'), '.npmrc')).includes(token)).toBe(true);
  });

  it('holds no source code in a source map', () => {
    const maps = files.filter(({ path }) => path.startsWith('.next/') && path.endsWith('.map'));
    for (const { file, path } of maps)
      expect([path, JSON.parse(readFileSync(file, 'utf8')).sources]).toEqual([path, []]);
  });

  it('is compared with a list that rejects what does not belong', () => {
    const strangers = [
      '.npmrc',
      '.data/database_url',
      '.git/config',
      'src/posts/post.ts',
      '.next/server/chunks/types.d.ts',
      '.next/server/app/index.html',
      'package-lock.json',
      'README.md',
      'prisma/schema.prisma',
      'prisma/seed/.env',
      'node_modules/typescript/package.json',
    ];
    expect(notNeeded([...strangers, 'package.json', 'prisma/seed/01-a-post.md'])).toEqual(strangers);
  });
});
