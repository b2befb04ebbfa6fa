import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ImageBuilder, type PlantedEntry, tarOf } from '../src/plant/builder.ts';
import { zipOf } from '../src/plant/places.ts';
import { plantedValue } from '../src/plant/writings.ts';
import { run, temporaryFolder } from './checking.ts';
import { headerOf } from './tar-headers.ts';

const value = plantedValue();
const mebibyte = 2 ** 20;
const most = 300 * mebibyte;

// The kernel's high-water mark of this process only: getrusage's would include what the test itself held when it
// forked.
const tellPeak = `import{readFileSync}from'node:fs';process.on('exit',()=>process.stderr.write(/VmHWM.*/.exec(readFileSync('/proc/self/status','utf8'))+'\\n'))`;
const watched = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tellPeak)}` };

async function archiveOf(entries: PlantedEntry[]): Promise<string> {
  const image = new ImageBuilder();
  image.layers.copied.push(...entries);
  const path = join(temporaryFolder(), 'image.tar');
  const files = await image.files();
  writeFileSync(path, await tarOf(files.map(({ name, bytes }) => ({ name, content: bytes }))));
  return path;
}

async function archiveOfBlob(blob: Buffer): Promise<string> {
  const path = join(temporaryFolder(), 'image.tar');
  writeFileSync(path, await tarOf([{ name: 'blobs/layer', content: blob }]));
  return path;
}

const squeezed = (chunks: Iterable<Buffer>): Buffer =>
  Buffer.concat(Array.from(chunks, (chunk) => gzipSync(chunk, { level: 1 })));

const zeros = Buffer.alloc(16 * mebibyte);
const packedZeros = gzipSync(zeros);

function* times(count: number, chunk: (at: number) => Buffer): Generator<Buffer> {
  for (let at = 0; at < count; at += 1) yield chunk(at);
}

const wideWindow = { params: { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_compressionLevel]: 1 } };

const attacks: [string, () => Promise<string>][] = [
  [
    'a bomb in gzip',
    () => archiveOf([{ name: 'a.gz', content: Buffer.concat([...times(100, () => packedZeros)]) }]),
  ],
  [
    'bombs within bombs',
    () => {
      const inner = Buffer.concat([...times(20, () => packedZeros)]);
      return archiveOf([{ name: 'a.zip', content: zipOf('b.gz', gzipSync(inner)) }]);
    },
  ],
  [
    'windows of 128 MiB within one another',
    async () => {
      const noise = Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7919) & 0xff));
      const wide = zstdCompressSync(Buffer.alloc(150 * mebibyte, noise), wideWindow);
      return archiveOf([{ name: 'a.zst', content: zstdCompressSync(wide, wideWindow) }]);
    },
  ],
  [
    '300,000 entries without content',
    () =>
      archiveOfBlob(
        squeezed(
          times(300, (from) =>
            Buffer.concat([...times(1000, (at) => headerOf(`deep/folder/${from}/${at}`, 0))]),
          ),
        ),
      ),
  ],
  [
    'names of a megabyte each',
    () =>
      archiveOfBlob(
        squeezed(
          times(200, (at) => {
            const name = Buffer.alloc(2 * mebibyte, `.wh.${at}`);
            return Buffer.concat([headerOf('././@LongLink', name.length, 'L'), name, headerOf('x', 0)]);
          }),
        ),
      ),
  ],
  [
    'a PAX record that claims 3 GiB',
    () => archiveOfBlob(Buffer.concat([headerOf('pax', 3 * 2 ** 30, 'x'), ...times(20, () => zeros)])),
  ],
  [
    'a PAX record that says its entry holds 10 GB',
    async () => {
      const tar = await tarOf([{ name: 'a', content: zeros, pax: { size: '10000000000' } }]);
      return archiveOfBlob(tar);
    },
  ],
  [
    'documents that are small as text and large once parsed',
    async () => {
      const text = Buffer.from(`[${'[],'.repeat(2_000_000)}0]`);
      const path = join(temporaryFolder(), 'image.tar');
      const entries = [...Array(12).keys()].map((at) => ({ name: `blobs/${at}.json`, content: text }));
      writeFileSync(path, await tarOf(entries));
      return path;
    },
  ],
  [
    'a sparse entry of 10 GB',
    () =>
      archiveOfBlob(
        Buffer.concat([gzipSync(headerOf('sparse', 10_000_000_000)), ...times(625, () => packedZeros)]),
      ),
  ],
];

const honest: [string, () => Promise<string>][] = [
  [
    'a thousand small archives',
    () => {
      const content = gzipSync(randomBytes(20_000));
      return archiveOf([...Array(1000).keys()].map((at) => ({ name: `small-${at}.gz`, content })));
    },
  ],
  ['one line of 200 MB', () => archiveOf([{ name: 'line.js', content: Buffer.alloc(200 * mebibyte, 'a') }])],
];

describe.runIf(existsSync('/proc/self/status'))(
  'memory stays under 300 MB, and nothing is left on disk',
  () => {
    async function expectBounded(path: string, code: number): Promise<void> {
      const own = temporaryFolder();
      const secret = ['--secret', 'id=token,env=TOKEN'];
      const ran = await run(['image', path, ...secret], { TOKEN: value, TMPDIR: own, ...watched });
      expect(ran.code, ran.out + ran.err).toBe(code);
      const peak = Number(/VmHWM:\s*(\d+) kB/.exec(ran.err)?.[1]) * 1024;
      expect(peak).toBeGreaterThan(0);
      expect(peak).toBeLessThan(most);
      expect(readdirSync(own)).toEqual([]);
    }

    it.each(attacks)('for %s, which is not reported clean', async (_name, make) =>
      expectBounded(await make(), 2),
    );

    it.each(honest)('for %s', async (_name, make) => expectBounded(await make(), 0));
  },
);
