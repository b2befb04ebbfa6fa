import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../src/contents/budget.ts';
import { ImageBuilder, tarOf } from '../src/plant/builder.ts';
import { plantedValue, zipOf } from '../src/plant/plants.ts';
import { checkBuilt, checkFiles, run, temporaryFolder } from './checking.ts';

const value = plantedValue();
const secrets = { token: value };

async function filesWith(entries: { name: string; content?: Buffer; link?: string }[]) {
  const image = new ImageBuilder();
  image.layers.copied.push(...entries);
  return image.files();
}

async function archiveOf(files: { name: string; bytes: Buffer }[]): Promise<Buffer> {
  return tarOf(files.map(({ name, bytes }) => ({ name, content: bytes })));
}

async function runOn(archive: Buffer, more: string[] = []) {
  const path = join(temporaryFolder(), 'image.tar');
  writeFileSync(path, archive);
  return run(['image', path, '--secret', 'id=token,env=TOKEN', ...more], { TOKEN: value });
}

describe('an image that cannot be read whole', () => {
  it.each([0.1, 0.5, 0.9, 0.99])(
    'is not called clean when its tar is cut at %d of its length',
    async (share) => {
      const archive = await archiveOf(await filesWith([{ name: 'a', content: Buffer.alloc(50_000, 'a') }]));
      const ran = await runOn(archive.subarray(0, Math.floor(archive.length * share)));
      expect(ran.code).toBe(2);
      expect(`${ran.out}${ran.err}`).not.toMatch(/\n\s+at /);
    },
  );

  it('is not called clean when a blob has another digest than its name', async () => {
    const files = await filesWith([{ name: 'a', content: Buffer.from('x') }]);
    const layer = files.find(({ bytes }) => bytes.length > 2000);
    if (layer)
      layer.bytes = Buffer.concat([
        layer.bytes.subarray(0, 600),
        Buffer.from('!'),
        layer.bytes.subarray(601),
      ]);
    const report = await checkFiles(files, secrets);
    expect(report.verdict).toBe('could not check');
    expect(report.incomplete.join()).toMatch(/another digest/);
  });

  it('is not called clean when a layer is missing', async () => {
    const files = await filesWith([]);
    const report = await checkFiles(files.slice(1), secrets);
    expect(report.verdict).toBe('could not check');
    expect(report.incomplete.join()).toMatch(/missing/);
  });

  it.each(['{', '[]', '{"manifests":7}', 'null', '{"manifests":[{"digest":"sha256:../../etc/passwd"}]}', ''])(
    'is not called clean when its index is %s',
    async (index) => {
      const files = (await filesWith([])).filter(({ name }) => name !== 'index.json');
      const report = await checkFiles([...files, { name: 'index.json', bytes: Buffer.from(index) }], secrets);
      expect(report.verdict).toBe('could not check');
    },
  );

  it('is not called clean when it is empty or no archive at all', async () => {
    expect((await runOn(Buffer.alloc(0))).code).toBe(2);
    expect((await runOn(Buffer.from('not a tar'.repeat(1000)))).code).toBe(2);
    expect((await runOn(Buffer.alloc(10_240))).code).toBe(2);
  });

  it('still tells the leak that it found before the damage', async () => {
    const archive = await archiveOf(await filesWith([{ name: 'a', content: Buffer.from(`x${value}x`) }]));
    const ran = await runOn(archive.subarray(0, archive.length - 2000));
    expect([1, 2]).toContain(ran.code);
  });
});

describe('archives that are made to hurt', () => {
  it('stops at a decompression bomb with bounded work', async () => {
    const bomb = gzipSync(Buffer.alloc(600 * 2 ** 20));
    const report = await checkFiles(await filesWith([{ name: 'bomb.gz', content: bomb }]), secrets);
    expect(report.verdict).toBe('could not check');
    expect(report.incomplete.join()).toMatch(/bomb/);
  });

  it('stops at a bomb in a zip and in brotli', async () => {
    const zeros = Buffer.alloc(300 * 2 ** 20);
    const entries = [
      { name: 'bomb.zip', content: zipOf('a', zeros) },
      { name: 'bomb.br', content: brotliCompressSync(zeros, { params: { 1: 1 } }) },
    ];
    const report = await checkFiles(await filesWith(entries), secrets);
    expect(report.incomplete).toHaveLength(2);
  });

  it('stops at a layer that is a bomb', async () => {
    const tar = await tarOf([{ name: 'zeros', content: Buffer.alloc(300 * 2 ** 20) }]);
    const layer = gzipSync(tar);
    const digest = createHash('sha256').update(layer).digest('hex');
    const report = await checkFiles([{ name: `blobs/sha256/${digest}`, bytes: layer }], secrets);
    expect(report.incomplete.join()).toMatch(/bomb/);
  });

  it('stops at archives nested too deep and says so', async () => {
    let nested: Buffer = Buffer.from(value);
    for (let i = 0; i < 12; i += 1) nested = gzipSync(nested, { level: 1 });
    const report = await checkFiles(await filesWith([{ name: 'onion.gz', content: nested }]), secrets, {
      ...defaultLimits,
      depth: 5,
    });
    expect(report.verdict).toBe('could not check');
    expect(report.incomplete.join()).toMatch(/deeper than 5/);
  });

  it('refuses an entry that claims 10 GB and does not have them', async () => {
    const layer = await tarOf([{ name: 'sparse', content: Buffer.from('x') }]);
    layer.write('116100000000\0', 124, 'latin1');
    let sum = 0;
    layer.fill(0x20, 148, 156);
    for (let i = 0; i < 512; i += 1) sum += layer[i] ?? 0;
    layer.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    const digest = createHash('sha256').update(layer).digest('hex');
    const report = await checkFiles([{ name: `blobs/sha256/${digest}`, bytes: layer }], secrets);
    expect(report.incomplete.join()).toMatch(/damaged or cut short/);
  });

  it('reads names with "..", absolute and non-UTF-8 ones, and writes nothing anywhere', async () => {
    const before = readdirSync(tmpdir()).filter(
      (name) => name.startsWith('sealcheck') && !name.startsWith('sealcheck-test-'),
    );
    const image = new ImageBuilder();
    image.layers.copied.push({ name: '../../../../tmp/sealcheck-escaped', content: Buffer.from(value) });
    image.layers.copied.push({ name: '/tmp/sealcheck-absolute', content: Buffer.from('x') });
    image.layers.copied.push({ name: 'loop', link: 'loop' });
    const report = await checkBuilt(image, secrets);
    expect(report.findings.map(({ path }) => path)).toEqual(['../../../../tmp/sealcheck-escaped']);
    expect(
      readdirSync(tmpdir()).filter(
        (name) => name.startsWith('sealcheck') && !name.startsWith('sealcheck-test-'),
      ),
    ).toEqual(before);
  });

  it('finds a value in a file name that is not UTF-8', async () => {
    const tar = await tarOf([{ name: `x-${'y'.repeat(30)}` }]);
    Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('Zq8vK2mPw9Lx4T')]).copy(tar, 2);
    let sum = 0;
    tar.fill(0x20, 148, 156);
    for (let i = 0; i < 512; i += 1) sum += tar[i] ?? 0;
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    const digest = createHash('sha256').update(tar).digest('hex');
    const report = await checkFiles([{ name: `blobs/sha256/${digest}`, bytes: tar }], {
      name: 'Zq8vK2mPw9Lx4T',
    });
    expect(report.findings).toHaveLength(1);
  });

  it('walks past symbolic link loops, unreadable places and a sparse file in a tree', async () => {
    const folder = temporaryFolder();
    symlinkSync('.', join(folder, 'self'));
    symlinkSync(`/nowhere/${value.slice(0, 11)}`, join(folder, 'dangling'));
    mkdirSync(join(folder, 'deep'));
    symlinkSync('..', join(folder, 'deep', 'up'));
    writeFileSync(join(folder, 'sparse'), '');
    truncateSync(join(folder, 'sparse'), 2 ** 30);
    const ran = await run(['dir', folder, '--secret', 'id=token,env=TOKEN'], { TOKEN: value });
    expect(ran.code).toBe(0);
  });
});
