import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { watchFolder } from '#post-files/watch.ts';
import { createDatabase, type TestDatabase } from '../../setup/database.ts';
import { makePng } from '../../setup/images.ts';
import { makeFolder, markdown, writeFiles } from '../../setup/post-folder.ts';

const post = (title: string) => markdown(`title: ${title}\ndate: 2026-01-02`, '![x](x.png)');

async function watched(database: TestDatabase, folder: string): Promise<string[]> {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const lines: string[] = [];
  await watchFolder(database.address, folder, { stop: stop.signal, log: (line) => lines.push(line) });
  return lines;
}

describe('a watched folder', () => {
  it('is imported at the start, and within a second of an edit, a new file and a new image', async () => {
    const database = await createDatabase({ migrated: true });
    const titles = async () =>
      (await database.query<{ title: string }>('SELECT "title" FROM "Post" ORDER BY "slug"')).map(
        (row) => row.title,
      );
    const within = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 1_000, interval: 20 });
    const folder = makeFolder({ 'x.png': makePng(2, 2, 1), 'a.md': post('A') });
    const lines = await watched(database, folder);
    expect(await titles()).toEqual(['A']);
    writeFiles(folder, { 'a.md': post('Edited') });
    await within(async () => expect(await titles()).toEqual(['Edited']));
    writeFiles(folder, { 'sub/b.md': post('B'), 'sub/x.png': makePng(2, 2, 2) });
    await within(async () => expect(await titles()).toEqual(['Edited', 'B']));
    writeFiles(folder, { 'x.png': makePng(2, 2, 3) });
    await within(async () => expect(await database.query('SELECT FROM "Image"')).toHaveLength(3));
    expect(lines[0]).toBe('watch: 1 post created, 0 changed, 0 unchanged, 1 image stored.');
  });

  it('logs an error, and goes on with the next edit', async () => {
    const database = await createDatabase({ migrated: true });
    const folder = makeFolder({ 'a.md': markdown('title: [A') });
    const lines = await watched(database, folder);
    expect(lines).toEqual([expect.stringMatching(/^watch: a\.md:2: The YAML is invalid/)]);
    writeFiles(folder, { 'a.md': post('A') });
    await vi.waitFor(async () => expect(await database.query('SELECT FROM "Post"')).toHaveLength(1));
  });

  it('has to exist', async () => {
    const database = await createDatabase({ migrated: true });
    const folder = makeFolder({});
    rmSync(folder, { recursive: true });
    await expect(watched(database, join(folder, 'none'))).rejects.toThrow('is not a folder');
  });
});
