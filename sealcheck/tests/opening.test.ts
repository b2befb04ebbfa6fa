import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import SevenZip, { type SevenZipModuleFactory } from '7z-wasm';
import { describe, expect, it } from 'vitest';
import { checkTree, plainly, textReport } from '../src/index.ts';
import { temporaryFolder } from './checking.ts';

const SECRET = randomBytes(18).toString('base64url');
const TEXT = Buffer.from(`the value ${SECRET} and ${SECRET} again\n`.repeat(40));

// Made by mksquashfs -comp xz, and by lzma, from a text with this value.
const FIXTURE_VALUE = '8Fq2-Kx7vLm94TzRw1Bd0NcY6';
const SQUASHFS_XZ =
  'aHNxcwIAAABEFAZrAAACAAEAAAAEABEAwAABAAQAAAAgAAAAAAAAAKMBAAAAAAAAmwEAAAAAAAD//////////wQBAAAAAAAARgEAAAAAAABzAQAAAAAAAI0BAAAAAAAA/Td6WFoAAAFpIt42A8BqgB4hAQoAAAAALHZljOAO/wBiXQA6GgjOdvR7TroLshIl5s2luBncvloPUONZClZ4hKU1QvK9owmQPlstyt8OmHLxdLFsQ5VBaMVtQNuvKxyhMxB3Qy8w3B8T5GS1GyC/QIZTmFaxZqF9ZUSi12Uf8QappPvRAAAAAIv6gvwAAX6AHgAAAFIoXfM+MA2LAgAAAAABWVpAgAIApAEAAAAARBQGawEAAAAAAAAAAAAAAAAAAAAADwAAAQDtAQAAAAAbFAZrAgAAAAAAAAACAAAAHAAAAAMAAAAZgAAAAAAAAAAAAQAAAAAAAAACAAQAYS50eHQQgGAAAAAAAAAApAAAAAAAAABhAQAAAAAAABCAAAAAAAAAAAAgAAAAAAAAAHsBAAAAAAAABIAAAAAAlQEAAAAAAAA=';
const LZMA =
  'XQAAgAD//////////wA6GgjOdvR7TroLshIl5s2luBncvloPUONZClZ4hKU1QvK9owmQPlstyt8OmHLxdLFsQ5VBaMVtQNuvKxyhMxB3Qy8w3B8T5GS1GyC/QIZTmFaxZqF9ZUSi12Uf8Qapphe+37//iyjAAA==';

/** Compresses a file with 7-Zip. */
async function packed(name: string, content: Buffer, ...options: string[]): Promise<Buffer> {
  const sevenZip = await (SevenZip as unknown as SevenZipModuleFactory)({ print: () => undefined });
  const write = sevenZip.FS.open('dump.sql', 'w+');
  sevenZip.FS.write(write, content, 0, content.length);
  sevenZip.FS.close(write);
  sevenZip.callMain(['a', '-bso0', '-bsp0', ...options, name, 'dump.sql']);
  return Buffer.from((sevenZip.FS as unknown as { readFile(path: string): Uint8Array }).readFile(name));
}

async function check(files: Record<string, Buffer>, secret = SECRET, strict = false) {
  const folder = temporaryFolder();
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return checkTree(folder, { secrets: { token: secret }, strict });
}

describe('an archive that Node.js cannot open', () => {
  it.each([
    ['backup.7z', []],
    ['backup.sql.bz2', []],
    ['deflate64.zip', ['-mm=Deflate64']],
    ['bzip2.zip', ['-mm=BZip2']],
    ['lzma.zip', ['-mm=LZMA']],
  ])('is opened: %s', async (name, options) => {
    const bytes = await packed(name, TEXT, ...options);
    expect(bytes.includes(SECRET)).toBe(false);
    const report = await check({ [name]: bytes });
    expect(report.findings.map(({ path, secret }) => [path, secret])).toContainEqual([name, 'token']);
    expect(report.unopened).toEqual([]);
  });

  it.each([
    ['app.squashfs', SQUASHFS_XZ],
    ['dump.lzma', LZMA],
  ])('is opened: %s', async (name, base64) => {
    const report = await check({ [name]: Buffer.from(base64, 'base64') }, FIXTURE_VALUE);
    expect(report.verdict).toBe('leak');
    expect(report.unopened).toEqual([]);
  });

  it('is opened in the middle of other bytes: xz', async () => {
    const text = await packed('dump.sql.xz', TEXT);
    for (const after of ['', 'YZ more'.repeat(20)])
      expect(
        await check({ 'app.bin': Buffer.concat([Buffer.from('junk'.repeat(99)), text, Buffer.from(after)]) }),
      ).toMatchObject({
        verdict: 'leak',
        unopened: [],
      });
  });

  it('is opened inside another one, and its names are searched', async () => {
    const named = await packed('x.7z', TEXT);
    const tar = gzipSync(await packed('x.tar', named));
    expect((await check({ 'a.tgz': tar })).findings[0]?.nested.at(-1)).toBe('dump.sql');
    expect((await check({ 'x.7z': await packed('x.7z', Buffer.from('none')) }, 'dump.sql')).verdict).toBe(
      'leak',
    );
  });

  it('is subject to the limits on what a file unpacks to', async () => {
    const bomb = await packed('bomb.7z', Buffer.alloc(8 * 2 ** 20));
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'bomb.7z'), bomb);
    const report = await checkTree(folder, { secrets: { token: SECRET }, limits: { unpackedFile: 2 ** 20 } });
    expect(report.verdict).toBe('could not check');
    expect(report.incomplete.join()).toMatch(/bomb\.7z unpacks to more than/);
  });
});

describe('a file that could not be opened', () => {
  const header = (bytes: number[]) => Buffer.concat([Buffer.from(bytes), randomBytes(600)]);

  it('is named in the verdict, and makes a strict check exit with 2', async () => {
    const files = {
      'encrypted.zip': await packed('encrypted.zip', TEXT, '-phidden'),
      'encrypted.7z': await packed('encrypted.7z', TEXT, '-phidden'),
      'headers.7z': await packed('headers.7z', TEXT, '-phidden', '-mhe=on'),
      'cut.7z': (await packed('cut.7z', randomBytes(5000))).subarray(0, 3000),
      'cut.bz2': (await packed('cut.bz2', randomBytes(5000))).subarray(0, 3000),
      'cut.zip': (await packed('cut.zip', randomBytes(5000))).subarray(0, 3000),
      'cut.gz': gzipSync(randomBytes(5000)).subarray(0, 3000),
      'cut.zst': zstdCompressSync(randomBytes(5000)).subarray(0, 3000),
      'a.lz4': header([0x04, 0x22, 0x4d, 0x18]),
    };
    const report = await check(files);
    expect(report.verdict).toBe('clean');
    for (const name of Object.keys(files)) expect(report.unopened.join('\n')).toContain(`${name} `);
    expect(report.unopened).toHaveLength(Object.keys(files).length);
    expect(textReport(report, plainly)).toContain('clean, but 9 files were not opened');
    expect((await check(files, SECRET, true)).verdict).toBe('could not check');
  });

  it('is still searched as far as it can be read', async () => {
    const text = Buffer.concat([TEXT, Buffer.from(randomBytes(60_000).toString('hex'))]);
    const bytes = gzipSync(text);
    const report = await check({ 'cut.gz': bytes.subarray(0, bytes.length - 2000) });
    expect(report.verdict).toBe('leak');
    expect(report.unopened).toHaveLength(1);
  });

  it('is not reported for ordinary files', async () => {
    const report = await check({
      'code.js': Buffer.from("const magic = 'PK\\x03\\x04'; const gz = [0x1f, 0x8b];"),
      'random.bin': randomBytes(2 ** 20),
      // As in the program gzip: the magic number of a zip among other constants.
      program: Buffer.concat([
        randomBytes(99),
        Buffer.from('PK\u0003\u0004\u0075\u0007\u0001\u0000\u0008\u0000'),
        Buffer.alloc(99, 7),
      ]),
      'stored.zip': await packed('stored.zip', Buffer.from('nothing'), '-mx=0'),
      'deflated.zip': await packed('deflated.zip', Buffer.from('nothing '.repeat(100))),
      empty: Buffer.alloc(0),
    });
    expect([report.verdict, report.unopened]).toEqual(['clean', []]);
  });
});

describe('a zlib stream', () => {
  const levels = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

  it.each(levels)('of level %i is found anywhere in a file', async (level) => {
    for (const text of [Buffer.from(SECRET), TEXT]) {
      const stream = deflateSync(text, { level });
      const file = Buffer.concat([randomBytes(1 + level * 7), stream, randomBytes(40)]);
      expect((await check({ 'objects.pack': file })).verdict).toBe('leak');
    }
  });

  it.each([9, 10, 11, 12, 13, 14, 15])(
    'with a window of 2^%i is found in PNG and PDF',
    async (windowBits) => {
      for (const head of ['\x89PNG\r\n\x1a\n', '%PDF-1.7\n\xff\xfe'])
        for (const level of [1, 4, 6, 9]) {
          const stream = deflateSync(Buffer.from(`title ${SECRET}`), { level, windowBits });
          const file = Buffer.concat([Buffer.from(head, 'latin1'), randomBytes(9), stream, randomBytes(30)]);
          expect((await check({ 'a.bin': file })).verdict).toBe('leak');
        }
    },
  );
});
