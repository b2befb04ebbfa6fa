import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
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

  it('is a leak where one was found before the damage, and says what was not read', async () => {
    const archive = await archiveOf(
      await filesWith([
        { name: 'a', content: Buffer.from(`x${value}x`) },
        { name: 'b', content: randomBytes(2 ** 20) },
      ]),
    );
    // The layer that holds both is cut short behind the first.
    const ran = await runOn(archive.subarray(0, archive.indexOf(value) + 200_000), ['--format', 'json']);
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.out)).toMatchObject({
      findings: [expect.objectContaining({ secret: 'token' })],
      incomplete: expect.arrayContaining([expect.any(String)]),
    });
  });
});

describe('memory', () => {
  const LIMIT = 300;

  /** Runs the command on an archive, and measures the most memory that it had, in MB. */
  async function measured(
    archive: Buffer,
  ): Promise<{ code: number | null; err: string; megabytes: number; left: string[] }> {
    const folder = temporaryFolder();
    const own = join(folder, 'tmp');
    mkdirSync(own);
    const peak = join(folder, 'peak');
    const report = `process.on('exit', () => require('node:fs').writeFileSync(process.env.PEAK, String(process.resourceUsage().maxRSS)))`;
    writeFileSync(join(folder, 'measure.cjs'), report);
    writeFileSync(join(folder, 'image.tar'), archive);
    const ran = await run(['image', join(folder, 'image.tar'), '--secret', 'id=token,env=TOKEN'], {
      ...{ TOKEN: value, PEAK: peak, TMPDIR: own, NODE_OPTIONS: `--require ${join(folder, 'measure.cjs')}` },
    });
    const megabytes = Number(readFileSync(peak, 'utf8')) / 1_000;
    return { ...ran, megabytes, left: readdirSync(own) };
  }

  const zeros = (megabytes: number) => Buffer.alloc(megabytes * 2 ** 20);

  it.each<[string, () => Promise<Buffer>, number]>([
    [
      'a gzip bomb',
      async () => archiveOf(await filesWith([{ name: 'bomb.gz', content: gzipSync(zeros(700)) }])),
      2,
    ],
    [
      'a zip bomb',
      async () => archiveOf(await filesWith([{ name: 'bomb.zip', content: zipOf('a', zeros(700)) }])),
      2,
    ],
    [
      'a thousand small archives',
      async () => {
        const small = gzipSync(randomBytes(20_000));
        const entries = Array.from({ length: 1_000 }, (_, at) => ({
          name: `small-${at}.gz`,
          content: small,
        }));
        return archiveOf(await filesWith(entries));
      },
      0,
    ],
    [
      'one line of 200 MB',
      async () =>
        archiveOf(await filesWith([{ name: 'line.js', content: Buffer.alloc(200 * 2 ** 20, 'a') }])),
      0,
    ],
  ])('stays under 300 MB for %s, and nothing is left behind', async (_, make, code) => {
    const ran = await measured(await make());
    expect(ran.code, ran.err).toBe(code);
    expect(ran.left).toEqual([]);
    expect(ran.megabytes).toBeLessThan(LIMIT);
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

  it.each([
    ['the old GNU format', ['--format=gnu']],
    ['PAX 1.0', ['--format=posix', '--sparse-version=1.0']],
  ])('reads what there is of a file with 10 GB of holes, in %s', async (_, format) => {
    const folder = temporaryFolder();
    const sparse = join(folder, 'sparse');
    writeFileSync(sparse, value);
    truncateSync(sparse, 10 * 2 ** 30);
    const tar = join(folder, 'image', 'sparse.tar');
    mkdirSync(join(folder, 'image'));
    const packed = spawnSync('tar', ['--sparse', ...format, '-cf', tar, '-C', folder, 'sparse']);
    // The tar of macOS has no such option; what reads it is the same everywhere.
    if (packed.status !== 0 && process.platform !== 'linux') return;
    expect(packed.status, String(packed.stderr)).toBe(0);
    const ran = await run(['dir', join(folder, 'image'), '--secret', 'id=token,env=TOKEN'], { TOKEN: value });
    expect(ran.code, ran.out + ran.err).toBe(1);
    expect(ran.out).toContain('sparse.tar');
  });

  it('does not wait for a pipe that nobody writes to', async () => {
    const folder = temporaryFolder();
    if (spawnSync('mkfifo', [join(folder, 'pipe')]).status !== 0) return;
    writeFileSync(join(folder, 'file'), value);
    const ran = await run(['dir', folder, '--secret', 'id=token,env=TOKEN'], { TOKEN: value });
    expect(ran.code).toBe(1);
    expect(ran.out).toContain('pipe');
  });

  it('finds a value behind a NUL in a name', async () => {
    const report = await checkFiles(
      await filesWith([{ name: `a\0${value}/${'long/'.repeat(40)}`, content: Buffer.from('x') }]),
      secrets,
    );
    expect(report.verdict).not.toBe('clean');
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
