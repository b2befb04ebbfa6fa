import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { defaultLimits } from '../src/contents/budget.ts';
import { ImageBuilder, type PlantedEntry, tarOf } from '../src/plant/builder.ts';
import { zipOf } from '../src/plant/places.ts';
import { plantedValue } from '../src/plant/writings.ts';
import { checkBuilt, checkFiles, run, temporaryFolder } from './checking.ts';
import { entryOf, headerOf } from './tar-headers.ts';

const value = plantedValue();
const secrets = { token: value };

const filesWith = (entries: PlantedEntry[]) => imageWith(entries).files();

function imageWith(entries: PlantedEntry[]): ImageBuilder {
  const image = new ImageBuilder();
  image.layers.copied.push(...entries);
  return image;
}

const blobOf = (bytes: Buffer) => ({
  name: `blobs/sha256/${createHash('sha256').update(bytes).digest('hex')}`,
  bytes,
});

async function archiveOf(files: { name: string; bytes: Buffer }[]): Promise<Buffer> {
  return tarOf(files.map(({ name, bytes }) => ({ name, content: bytes })));
}

async function runOn(archive: Buffer, more: string[] = []) {
  const path = join(temporaryFolder(), 'image.tar');
  writeFileSync(path, archive);
  return run(['image', path, '--secret', 'id=token,env=TOKEN', ...more], { TOKEN: value });
}

describe('a file with thousands of heads of xz', () => {
  it.each([
    ['that are invalid', Buffer.from('fd377a585a00', 'hex'), 0],
    ['without anything after them', Buffer.from('fd377a585a000004e6d6b446', 'hex'), 2],
  ])('%s is read in seconds', async (_name, head, code) => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, 'a.bin'),
      Buffer.concat([Buffer.from('aa'), Buffer.alloc(40_000 * head.length, head)]),
    );
    const started = performance.now();
    const ran = await run(['dir', folder, '--secret', 'id=token,env=TOKEN'], { TOKEN: plantedValue() });
    expect(ran.code).toBe(code);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

describe('an image that cannot be read completely', () => {
  it.each([0.1, 0.5, 0.9, 0.99])(
    'is not reported clean if its tar is cut at %d of its length',
    async (share) => {
      const archive = await archiveOf(await filesWith([{ name: 'a', content: Buffer.alloc(50_000, 'a') }]));
      const ran = await runOn(archive.subarray(0, Math.floor(archive.length * share)));
      expect(ran.code).toBe(2);
      expect(`${ran.out}${ran.err}`).not.toMatch(/\n\s+at /);
    },
  );

  it("is not reported clean if a blob's digest differs from its name", async () => {
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

  it('is not reported clean if a layer is missing', async () => {
    const files = await filesWith([]);
    const report = await checkFiles(files.slice(1), secrets);
    expect(report.verdict).toBe('could not check');
    expect(report.incomplete.join()).toMatch(/missing/);
  });

  it.each(['{', '[]', '{"manifests":7}', 'null', '{"manifests":[{"digest":"sha256:../../etc/passwd"}]}', ''])(
    'is not reported clean if its index is %s',
    async (index) => {
      const files = (await filesWith([])).filter(({ name }) => name !== 'index.json');
      const report = await checkFiles([...files, { name: 'index.json', bytes: Buffer.from(index) }], secrets);
      expect(report.verdict).toBe('could not check');
    },
  );

  it('is not reported clean if it is empty or not an archive', async () => {
    expect((await runOn(Buffer.alloc(0))).code).toBe(2);
    expect((await runOn(Buffer.from('not a tar'.repeat(1000)))).code).toBe(2);
    expect((await runOn(Buffer.alloc(10_240))).code).toBe(2);
  });

  it('is reported as a leak and as incomplete if a leak precedes the damage', async () => {
    const archive = await archiveOf(await filesWith([{ name: 'a', content: Buffer.from(`x${value}x`) }]));
    const ran = await runOn(archive.subarray(0, archive.length - 2000));
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/✗ token/);
    expect(ran.out).toMatch(/not read completely: .*cut short/);
  });

  it('is not reported clean if a layer uses an unsupported compression', async () => {
    const files = await filesWith([]);
    const legacy = [
      { name: 'manifest.json', bytes: Buffer.from('[{"Config":"c.json","Layers":["l/layer.tar"]}]') },
      { name: 'c.json', bytes: Buffer.from('{}') },
      { name: 'l/layer.tar', bytes: Buffer.from('BZh91AY&SY and so on') },
    ];
    const report = await checkFiles(legacy, secrets);
    expect(report.verdict).toBe('could not check');
    expect(report.incomplete.join()).toMatch(/not a tar, or compressed in a way that can't be read/);
    expect((await checkFiles(files, secrets)).verdict).toBe('clean');
  });

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('is not reported clean if other data follows a layer in %s', async (_name, pack) => {
    const layer = Buffer.concat([pack(await tarOf([{ name: 'a' }])), Buffer.from('\0more')]);
    const report = await checkFiles([blobOf(layer)], secrets);
    expect(report.incomplete.join()).toMatch(/followed by other data/);
  });
});

describe('a tar with unusual headers', () => {
  const end = Buffer.alloc(1024);
  const layer = (...blocks: Buffer[]) => checkFiles([blobOf(Buffer.concat([...blocks, end]))], secrets);
  const record = (text: string) => {
    const body = Buffer.from(` ${text}\n`);
    const length = String(body.length + 2).length + body.length;
    return Buffer.concat([Buffer.from(String(length)), body]);
  };
  const behindNul = Buffer.concat([Buffer.from('x\0'), Buffer.from(value)]).toString('latin1');

  it.each([
    ['behind the NUL of a name', '(tar header)', () => headerOf(behindNul, 0)],
    ['in the padding after a file', '(end of the tar)', () => entryOf('a', Buffer.from('x'), '0', value)],
    [
      'in the padding between two files',
      '(tar header)',
      () => Buffer.concat([entryOf('a', Buffer.from('x'), '0', value), headerOf('b', 0)]),
    ],
    [
      'in a global PAX header that no entry uses',
      '(tar header)',
      () => Buffer.concat([entryOf('g', record(`comment=${value}`), 'g'), entryOf('a', Buffer.from('x'))]),
    ],
    [
      'in a PAX record that is malformed',
      '(tar header)',
      () => Buffer.concat([entryOf('p', Buffer.from(`7 nothing ${value}`), 'x'), headerOf('a', 0)]),
    ],
  ])('is searched %s', async (_name, where, blocks) => {
    const report = await layer(blocks());
    expect(report.findings.map(({ nested }) => nested)).toEqual([[where]]);
  });

  it('is not reported clean if a name contains a NUL, in a layer or in the archive itself', async () => {
    const named = Buffer.concat([entryOf('p', record(`path=a\0b`), 'x'), entryOf('a', Buffer.from('x'))]);
    expect((await layer(named)).incomplete.join()).toMatch(/NUL in its name/);
    const ran = await runOn(Buffer.concat([named, end]));
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/a file name in the archive holds a NUL/);
  });

  // tar(5), "GNU tar archives": the map of an old sparse file is in its header, and continues in blocks after it.
  const oldSparse = (more: boolean) =>
    Buffer.concat([
      headerOf('sparse', 512, 'S', (block) => {
        block.write('ustar  \0', 257, 'latin1');
        block.write('00000000000\0', 386, 'latin1');
        block.write('00000001000\0', 398, 'latin1');
        block[482] = more ? 1 : 0;
        block.write('116100000000', 483, 'latin1');
      }),
      ...(more ? [Buffer.alloc(512)] : []),
      Buffer.alloc(512, `${value} `),
    ]);

  it('is searched in a sparse file of the old GNU format, or rejected by name if its map continues', async () => {
    expect((await layer(oldSparse(false))).findings[0]?.path).toBe('sparse');
    const report = await layer(oldSparse(true));
    expect(report.verdict).toBe('could not check');
    expect(report.incomplete.join()).toMatch(/GNU sparse file/);
  });

  it('is searched in a sparse file of PAX format 1.0 that claims 10 GB', async () => {
    const map = Buffer.concat([Buffer.from('1\n0\n512\n'), Buffer.alloc(503)]);
    const report = await layer(
      entryOf(
        'p',
        Buffer.concat([
          record('GNU.sparse.major=1'),
          record('GNU.sparse.minor=0'),
          record('GNU.sparse.name=big'),
          record('GNU.sparse.realsize=10000000000'),
        ]),
        'x',
      ),
      entryOf('GNUSparseFile.0/big', Buffer.concat([map, Buffer.from(value)])),
    );
    expect(report.findings[0]?.path).toBe('GNUSparseFile.0/big');
    expect(report.incomplete).toHaveLength(1);
  });
});

describe('compressed data too large for memory', () => {
  // With 64 different characters it is compressed by a quarter, and nothing is stored uncompressed.
  const bulk = Buffer.from(randomBytes(18 * 2 ** 20).toString('base64'));
  const content = Buffer.concat([bulk, bulk, Buffer.from(value), bulk.subarray(0, 2 ** 20)]);

  it.each([
    ['an entry of a zip', (bytes: Buffer) => zipOf('inner', bytes)],
    [
      'a gzip behind other data',
      (bytes: Buffer) => Buffer.concat([bulk.subarray(0, 2 ** 20), gzipSync(bytes)]),
    ],
    [
      'a zstd frame behind other data',
      (bytes: Buffer) => Buffer.concat([bulk.subarray(0, 99), zstdCompressSync(bytes)]),
    ],
  ])('is searched to its end: %s', async (_name, pack) => {
    const report = await checkBuilt(imageWith([{ name: 'large', content: pack(content) }]), secrets);
    expect(report.findings.map(({ path }) => path)).toEqual(['large']);
  });
});

describe('a scan of malicious input', () => {
  it('stops at a decompression bomb after bounded work', async () => {
    const bomb = gzipSync(Buffer.alloc(600 * 2 ** 20));
    const report = await checkFiles(await filesWith([{ name: 'bomb.gz', content: bomb }]), secrets);
    expect(report.verdict).toBe('could not check');
    expect(report.incomplete.join()).toMatch(/bomb/);
  });

  it('reads one line of base64 that is megabytes long, wrapped or not', async () => {
    const packed = gzipSync(Buffer.concat([randomBytes(5 * 2 ** 20), Buffer.from(value)])).toString('base64');
    const entries = [
      { name: 'a', content: Buffer.from(packed) },
      { name: 'b', content: Buffer.from(packed.replace(/.{76}/g, '$&\n')) },
    ];
    const report = await checkBuilt(imageWith(entries), secrets);
    expect([...new Set(report.findings.map(({ path }) => path))]).toEqual(['a', 'b']);
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

  it('stops at archives that are nested too deep, and says so', async () => {
    let nested: Buffer = Buffer.from(value);
    for (let i = 0; i < 12; i += 1) nested = gzipSync(nested, { level: 1 });
    const report = await checkFiles(await filesWith([{ name: 'onion.gz', content: nested }]), secrets, {
      ...defaultLimits,
      depth: 5,
    });
    expect(report.verdict).toBe('could not check');
    expect(report.incomplete.join()).toMatch(/deeper than 5/);
  });

  it('rejects an entry that claims 10 GB and does not have them', async () => {
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

  it('reads names with "..", absolute names and ones that are not UTF-8, and writes nothing anywhere', async () => {
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
  ])('reads the data of a file with 10 GB of holes, in %s', async (_, format) => {
    const folder = temporaryFolder();
    const sparse = join(folder, 'sparse');
    writeFileSync(sparse, value);
    truncateSync(sparse, 10 * 2 ** 30);
    const tar = join(folder, 'image', 'sparse.tar');
    mkdirSync(join(folder, 'image'));
    const packed = spawnSync('tar', ['--sparse', ...format, '-cf', tar, '-C', folder, 'sparse']);
    // The tar of macOS has no such option; the code that reads it is the same everywhere.
    if (packed.status !== 0 && process.platform !== 'linux') return;
    expect(packed.status, String(packed.stderr)).toBe(0);
    const ran = await run(['dir', join(folder, 'image'), '--secret', 'id=token,env=TOKEN'], { TOKEN: value });
    expect(ran.code, ran.out + ran.err).toBe(1);
    expect(ran.out).toContain('sparse.tar');
  });

  it('does not report a tree clean if it cannot open a file in it, and does not wait at a FIFO', async () => {
    const folder = temporaryFolder();
    // A path beyond the system's limit is created step by step; not even root can open what is there.
    const dig = `cd "$1"; mkfifo pipe; for i in $(seq 20); do mkdir $2; cd -P $2; done; echo x > file`;
    const dug = spawnSync('bash', ['-c', dig, '-', folder, 'd'.repeat(250)], { encoding: 'utf8' });
    onTestFinished(() => void spawnSync('rm', ['-rf', folder]));
    expect(dug.stderr).toBe('');
    const ran = await run(['dir', folder, '--secret', 'id=token,env=TOKEN'], { TOKEN: value });
    expect(ran.code).toBe(2);
    expect(ran.out).toMatch(/not read completely: .*could not be read \(ENAMETOOLONG\)/);
    expect(ran.out).toMatch(/pipe is neither a file, a directory nor a link/);
  });

  it('handles symbolic link loops and a sparse file in a tree', async () => {
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
