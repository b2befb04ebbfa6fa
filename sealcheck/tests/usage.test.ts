import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ImageBuilder, tarOf } from '../src/plant/builder.ts';
import { cli, run, temporaryFolder } from './checking.ts';

const TOKEN = randomBytes(18).toString('base64url');
const SECRET = ['--secret', 'id=token,env=TOKEN'];

function folderWith(files: Record<string, string | Buffer>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

async function savedImage(content: string | Buffer): Promise<Buffer> {
  const image = new ImageBuilder();
  image.layers.copied.push({ name: 'app/data.bin', content: Buffer.from(content) });
  return tarOf((await image.files()).map(({ name, bytes }) => ({ name, content: bytes })));
}

const shell = (command: string, input?: Buffer) =>
  spawnSync('bash', ['-c', command], {
    input,
    encoding: 'utf8',
    env: { ...process.env, TOKEN, NODE: process.execPath, CLI: cli },
  });

describe('--dotenv', () => {
  it('is read by sealcheck only: a missing file is exit 2, and NODE_OPTIONS in it has no effect', async () => {
    const missing = await run(['dir', folderWith({ a: 'x' }), '--dotenv', 'nowhere/.env']);
    expect([missing.code, missing.err]).toEqual([2, expect.stringMatching(/^sealcheck: .*nowhere\/\.env/)]);
    const folder = folderWith({
      '.env': `NODE_OPTIONS=--no-such-option\nAPI_KEY=${TOKEN}\n`,
      'out/a': TOKEN,
    });
    const ran = await run(['dir', join(folder, 'out'), '--dotenv', join(folder, '.env')]);
    expect([ran.code, ran.out]).toEqual([1, expect.stringContaining('API_KEY')]);
  });
});

describe('the output', () => {
  it('may be closed early: the exit code is the verdict, without a stack trace', () => {
    const folder = folderWith(
      Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`${at}.txt`, TOKEN])),
    );
    const ran = shell(
      `"$NODE" "$CLI" dir '${folder}' ${SECRET.join(' ')} --format json | head -n 1; echo "\${PIPESTATUS[0]}"`,
    );
    expect([ran.stdout, ran.stderr]).toEqual(['{\n1\n', '']);
  });

  it('that cannot be written hides no leak, and makes a clean check exit with 2', async () => {
    const folder = folderWith({ 'leak/a': TOKEN, 'clean/a': 'nothing', file: '' });
    const output = ['--format', 'json', '--output', join(folder, 'file', 'report.json')];
    const leak = await run(['dir', join(folder, 'leak'), ...SECRET, ...output], { TOKEN });
    expect([leak.code, leak.out]).toEqual([1, expect.stringContaining('leak: 1 finding')]);
    expect(leak.err).toMatch(/^sealcheck: The report could not be written to .*\n$/);
    expect((await run(['dir', join(folder, 'clean'), ...SECRET, ...output], { TOKEN })).code).toBe(2);
  });
});

describe('SARIF', () => {
  // Its matcher is for Jest; only the schema and the validator in it are needed here.
  const require = createRequire(createRequire(import.meta.url).resolve('@microsoft/jest-sarif'));
  const Ajv = require('ajv');
  const ajv = new Ajv({ schemaId: 'auto', validateSchema: false, unknownFormats: 'ignore' });
  ajv.addMetaSchema(require('ajv/lib/refs/json-schema-draft-04.json'));
  const isValid = ajv.compile(require('./schemas/sarif-2.1.0-rtm.5.json'));

  const sarif = (text: string) => {
    const log = JSON.parse(text);
    expect(isValid(log), JSON.stringify(isValid.errors)).toBe(true);
    for (const result of log.runs[0].results)
      expect(result.locations[0].physicalLocation.artifactLocation.uri).not.toMatch(/^\//);
    return log.runs[0];
  };

  it('is valid for a leak, a framework key, a file that was not opened and a site', async () => {
    const folder = folderWith({
      'a b/ü.js': TOKEN,
      '.next/prerender-manifest.json': '{"previewModeId":"0123456789abcdef"}',
      'a.lz4': Buffer.from([0x04, 0x22, 0x4d, 0x18, 1, 2, 3]),
    });
    const ran = await run(['dir', folder, ...SECRET, '--format', 'sarif'], { TOKEN });
    const rules = sarif(ran.out).results.map(({ ruleId }: { ruleId: string }) => ruleId);
    expect(new Set(rules)).toEqual(new Set(['secret', 'framework-key', 'not-opened']));

    const server = createServer((_, response) => void response.end(TOKEN));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    sarif((await run(['site', url, ...SECRET, '--format', 'sarif'], { TOKEN })).out);
  });

  it.each([
    ['no such image', ['image', 'nowhere.tar', ...SECRET]],
    ['no such folder', ['dir', '/nowhere', ...SECRET]],
    ['no answer', ['site', 'http://127.0.0.1:9', ...SECRET]],
    ['no secret', ['dir', '.']],
    ['a secret that is not set', ['dir', '.', '--secret', 'id=a,env=NOT_SET']],
    ['an unknown option', ['dir', '.', '--no-such-option']],
    ['no target', ['image', ...SECRET]],
  ])('is written and valid if the check cannot start: %s', async (_why, parameters) => {
    const output = join(temporaryFolder(), 'reports', 'a.sarif');
    const ran = await run([...parameters, '--format', 'sarif', '--output', output], { TOKEN });
    expect(ran.code).toBe(2);
    expect(sarif(readFileSync(output, 'utf8')).invocations[0].executionSuccessful).toBe(false);
    expect(ran.err.trim().split('\n')).toHaveLength(1);
  });
});

describe('an image archive', () => {
  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('may be compressed as a whole with %s, as a file or on standard input', async (_name, pack) => {
    const bytes = pack(await savedImage(TOKEN));
    const path = join(folderWith({ 'image.tar.x': bytes }), 'image.tar.x');
    const ran = await run(['image', path, ...SECRET], { TOKEN });
    expect([ran.code, ran.out]).toEqual([1, expect.stringContaining('app/data.bin')]);
    expect(shell(`"$NODE" "$CLI" image - ${SECRET.join(' ')}`, bytes).status).toBe(1);
    const cut = join(folderWith({ cut: bytes.subarray(0, bytes.length - 100) }), 'cut');
    expect((await run(['image', cut, ...SECRET], { TOKEN: 'another-value-49' })).code).toBe(2);
  });

  it('makes the check exit with 2 if a file in it cannot be opened, unless --no-strict is set', async () => {
    const bytes = await savedImage(Buffer.concat([Buffer.from('04224d18', 'hex'), randomBytes(99)]));
    const path = join(folderWith({ 'image.tar': bytes }), 'image.tar');
    const strict = await run(['image', path, ...SECRET], { TOKEN });
    expect([strict.code, strict.out]).toEqual([2, expect.stringContaining('not opened: layer')]);
    const lenient = await run(['image', path, ...SECRET, '--no-strict'], { TOKEN });
    expect([lenient.code, lenient.out]).toEqual([
      0,
      expect.stringContaining('clean, but 1 file was not opened'),
    ]);
  });
});

describe('dir', () => {
  it('accepts a file, and standard input: the objects that a push would send', async () => {
    const folder = folderWith({ 'a.js': TOKEN, '.env': `TOKEN=${TOKEN}` });
    expect((await run(['dir', join(folder, 'a.js'), ...SECRET], { TOKEN })).code).toBe(1);
    const git = `cd '${folder}' && git init -q && git add a.js && git -c user.name=a -c user.email=a@b.c commit -qm one`;
    const remove = `git rm -q a.js && git -c user.name=a -c user.email=a@b.c commit -qm two`;
    const objects = `git rev-list --objects HEAD --not --remotes | cut -d' ' -f1 | git cat-file --batch`;
    const ran = shell(`${git} && ${remove} && ${objects} | "$NODE" "$CLI" dir - --dotenv .env`);
    expect([ran.status, ran.stdout]).toEqual([1, expect.stringContaining('standard input')]);
  });
});

describe('a fix', () => {
  it('fits the target: no layers for a folder, no Docker for a site', async () => {
    const folder = folderWith({
      'dist/assets/index.js': TOKEN,
      'dist/cache/0.pack': TOKEN,
      'dist/blob': TOKEN,
      'dist/.env': TOKEN,
      '.svelte-kit/output/a.js': TOKEN,
    });
    const { findings } = JSON.parse(
      (await run(['dir', folder, ...SECRET, '--format', 'json'], { TOKEN })).out,
    );
    expect(findings).toHaveLength(5);
    for (const { path, remedy } of findings) {
      expect(remedy).not.toMatch(/layer|--mount|docker/i);
      if (path.startsWith('.svelte-kit')) expect(remedy).toContain('$env/static');
    }
  });

  it("for a framework's own keys is given once per key", async () => {
    const keys = '{"previewModeId":"0123456789abcdef"}';
    const folder = folderWith({ '.next/prerender-manifest.json': keys, 'b/prerender-manifest.json': keys });
    const ran = await run(['dir', folder, ...SECRET], { TOKEN });
    expect(ran.code).toBe(1);
    expect(ran.out.match(/is live: .* is not one of your secrets/g)).toHaveLength(1);
    expect(ran.out).toContain('leak: none of your secrets, but 2 live framework keys');
  });
});

describe('an old Node.js', () => {
  it('gets an error that says so, and exit 2', () => {
    const launcher = join(import.meta.dirname, '../bin.js');
    const pretend = `data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.19.0"})`;
    const ran = spawnSync(process.execPath, ['--import', pretend, launcher, '--help'], { encoding: 'utf8' });
    expect([ran.status, ran.stderr]).toEqual([2, expect.stringMatching(/Node\.js 20\.19\.0 is too old/)]);
  });
});
