import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blankFrameworkKeys } from '#building/blank-framework-keys.ts';

let folder: string;
let keys: Record<'previewModeId' | 'previewModeSigningKey' | 'previewModeEncryptionKey', string>;
let encryptionKey: string;

const write = (name: string, content: string | Buffer) => {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
};
/** Writes a file into the build and into its shipped copy. */
const writeBoth = (name: string, content: string) => {
  write(`.next/${name}`, content);
  write(`.next/standalone/.next/${name}`, content);
};
const readShipped = (name: string) => readFileSync(join(folder, '.next/standalone/.next', name), 'utf8');
const blank = () => blankFrameworkKeys(join(folder, '.next'), join(folder, '.next/standalone'));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-blank-'));
  keys = {
    previewModeId: randomBytes(16).toString('hex'),
    previewModeSigningKey: randomBytes(32).toString('hex'),
    previewModeEncryptionKey: randomBytes(32).toString('hex'),
  };
  encryptionKey = randomBytes(32).toString('base64');
  const references = JSON.stringify({ node: { '40aa': {} }, edge: {}, encryptionKey });
  writeBoth('server/preview-props.json', JSON.stringify(keys));
  writeBoth('prerender-manifest.json', JSON.stringify({ version: 4, routes: {}, preview: keys }));
  writeBoth('server/server-reference-manifest.json', references);
  writeBoth('server/server-reference-manifest.js', `self.M=${JSON.stringify(references)}`);
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('blankFrameworkKeys', () => {
  it('overwrites the keys with what no request can carry and no cipher accepts, and changes nothing else', () => {
    const before = readShipped('server/server-reference-manifest.js');
    blank();
    const nothing = {
      previewModeId: '\ud800',
      previewModeSigningKey: '\ud800',
      previewModeEncryptionKey: '\ud800',
    };
    expect(JSON.parse(readShipped('server/preview-props.json'))).toEqual(nothing);
    expect(JSON.parse(readShipped('prerender-manifest.json'))).toEqual({
      version: 4,
      routes: {},
      preview: nothing,
    });
    expect(readShipped('server/server-reference-manifest.js')).toBe(before.replace(encryptionKey, ''));
    expect(() => new Headers({ cookie: nothing.previewModeId })).toThrow(TypeError);
    expect(() => encodeURIComponent(nothing.previewModeId)).toThrow(URIError);
  });

  it('changes nothing the second time', () => {
    blank();
    const once = readShipped('server/server-reference-manifest.json');
    blank();
    expect(readShipped('server/server-reference-manifest.json')).toBe(once);
  });

  it.each([
    ['as it is', (key: Buffer) => key.toString('hex')],
    ['in capitals', (key: Buffer) => key.toString('hex').toUpperCase()],
    ['in base64', (key: Buffer) => key.toString('base64')],
    ['in base64 for URLs', (key: Buffer) => key.toString('base64url')],
    ['as bytes', (key: Buffer) => key],
  ])('rejects a build that holds a key elsewhere too, %s', (_, spelled) => {
    const key = Buffer.from(keys.previewModeId, 'hex');
    write(
      '.next/standalone/.next/server/edge/chunk.js',
      Buffer.concat([Buffer.from('var k="'), Buffer.from(spelled(key))]),
    );
    expect(blank).toThrow(/^\.next\/server\/edge\/chunk\.js holds a key of Next\.js/);
  });

  it.each([
    ['server/preview-props.json', {}],
    ['prerender-manifest.json', { version: 5 }],
    ['server/server-reference-manifest.json', { node: {} }],
  ])('rejects a build whose %s holds no key', (name, manifest) => {
    write(`.next/${name}`, JSON.stringify(manifest));
    expect(blank).toThrow(`.next/${name} holds no keys`);
  });

  it('rejects a build that lacks a manifest', () => {
    rmSync(join(folder, '.next/server/preview-props.json'));
    expect(blank).toThrow('server/preview-props.json holds no keys');
  });

  it('accepts a post that is about such keys', () => {
    write('.next/standalone/.next/server/app/posts/react.rsc', '5:T40,\n1d:{"id":"40bb","bound":"$@1e"}\n');
    blank();
  });
});
