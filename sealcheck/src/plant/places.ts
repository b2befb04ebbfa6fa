import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { Finding } from '../report/findings.ts';
import { type ImageBuilder, type LayerName, tarOf } from './builder.ts';
import { WRITINGS } from './writings.ts';

/** Where a plant must be found. `path` and `nested` are matched as substrings. */
export type Expectation = {
  place: string;
  path: string;
  nested?: string;
  layer?: LayerName;
  visibility?: Finding['visibility'];
};

/** One hiding place: puts encoded bytes into an image, and says where they must be found. */
export type Place = {
  name: string;
  writings: readonly string[];
  plant(image: ImageBuilder, bytes: Buffer, folder: string): Expectation | Promise<Expectation>;
};

const TEXTUAL = ['plain', 'URL component', 'JSON', 'base64', 'hex'];
const SHORT = ['plain', 'base64, 1 on', 'URL component, lower case'];
const NAMEABLE = ['base64url', 'hex', 'URL component'];
const IN_CODE = ['JSON', 'JS \\x', 'concatenation', 'base64'];
const IN_MAP = ['plain', 'JSON', 'URL component'];
const IN_PROGRAM = ['plain', 'UTF-16', 'UTF-16, big-endian', 'base64', 'reversed', 'byte list'];
const IN_PAGE = ['rsc chunk border', 'HTML attribute', 'XML hex for punctuation'];

/** A zip of one deflated entry, as archivers write it. */
export function zipOf(name: string, content: Buffer): Buffer {
  const packed = deflateRawSync(content);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(20, 4);
  local.writeUInt16LE(8, 8);
  local.writeUInt32LE(packed.length, 18);
  local.writeUInt32LE(content.length, 22);
  local.writeUInt16LE(name.length, 26);
  return Buffer.concat([local, Buffer.from(name), packed]);
}

const textOf = (bytes: Buffer): string => bytes.toString('latin1');
const noise = (length: number, seed: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, at) => (at * 167 + seed) & 0xff));
const padded = (bytes: Buffer): Buffer => Buffer.concat([noise(5000, 3), bytes, noise(3000, 9)]);
const prose = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from('The quick brown fox. '.repeat(40)), bytes, Buffer.from(' jumps. '.repeat(40))]);
const between = (before: string, bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(before), noise(4000, 1), bytes, noise(8000, 2)]);
const wide = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
const tarOfText = (content: Buffer): Promise<Buffer> => tarOf([{ name: 'b.txt', content }]);
const sourceMap = (text: string): string => JSON.stringify({ version: 3, sourcesContent: [text] });
const base64 = (bytes: Buffer | string): string => Buffer.from(bytes).toString('base64');
const wrapped = (bytes: Buffer): string => base64(bytes).replace(/.{76}/g, '$&\r\n');
const inlined = (source: string): string =>
  `sourceMappingURL=data:application/json;base64,${base64(sourceMap(source))}`;

/** Text around the value, which stands for "¤". */
const TEXTS: readonly (readonly [name: string, path: string, text: string, writings: readonly string[]])[] = [
  ['.env in standalone', '.next/standalone/.env', 'NODE_ENV=production\nDATABASE_URL=¤\n', SHORT],
  [
    'a NEXT_PUBLIC_ variable in a bundle',
    '.next/static/chunks/4f2a.js',
    '{2:e=>{let t="¤";e.exports=t}}',
    IN_CODE,
  ],
  [
    'an RSC prop',
    'index.rsc',
    '1:["$","$L2",null,{"url":¤}]\n',
    ['JSON', 'JSON with \\u003c', 'URL component'],
  ],
  [
    'an Authorization header in a chunk',
    '77.js',
    'fetch("/",{headers:{a:"Basic ¤"}})',
    ['basic credentials'],
  ],
  ['a page split at a chunk border', '.next/server/app/index.html', '<!DOCTYPE html>¤</html>', IN_PAGE],
  ['.npmrc', '.npmrc', '//registry.example/:_authToken=¤\n', SHORT],
  ['a PEM-like wrap', 'key.pem', '-----BEGIN A-----\n¤\n-----END A-----\n', ['base64, wrapped', 'line wrap']],
];

type Pack = (bytes: Buffer) => Buffer | string | Promise<Buffer>;

/** Files that are more than text. */
const FILES: readonly (readonly [name: string, path: string, pack: Pack, writings: readonly string[]])[] = [
  ['a text file', 'notes.txt', prose, Object.keys(WRITINGS)],
  ['a text file in UTF-16', 'install.ps1', (it) => Buffer.from(`\ufeff"${textOf(it)}"`, 'utf16le'), TEXTUAL],
  ['a text file in UTF-16 without a mark', 'a.rc', (it) => wide('ID '.repeat(60) + textOf(it)), TEXTUAL],
  ['a source map', '4f2a.js.map', (it) => sourceMap(`const a = "${textOf(it)}";`), IN_MAP],
  [
    'an inline source map',
    'dist/app.css',
    (it) => `a{}/*# ${inlined(`'${textOf(it)}'`)} */`,
    ['plain', 'JSON'],
  ],
  ['a database file', 'app.sqlite', (it) => between('SQLite format 3\0', it), IN_PROGRAM],
  ['a core dump', 'core.1234', (it) => between('\x7fELF\x02\x01\x01\0', it), IN_PROGRAM],
  ['a file over a chunk border', 'large.log', (it) => between('.'.repeat(65536 - 4012), it), IN_CODE],
];

/** Files that pack a text, and what the archives in them are called. */
const PACKED: readonly (readonly [name: string, path: string, pack: Pack, nested: string])[] = [
  ['a gzip file', 'log.gz', gzipSync, '(gzip)'],
  ['a brotli file', 'page.html.br', brotliCompressSync, '(brotli)'],
  ['a zstd file', 'data.zst', zstdCompressSync, '(zstd)'],
  ['a zlib stream (a git object)', '.git/objects/ab/cdef', deflateSync, '(zlib'],
  ['a zip', 'bundle.zip', (it) => zipOf('inner/a.json', it), 'inner/a.json'],
  ['a tar', 'backup.tar', (it) => tarOf([{ name: 'inner/.env', content: it }]), 'inner/.env'],
  ['a gzip in a tar', 'outer.tar', (it) => tarOf([{ name: 'dump.gz', content: gzipSync(it) }]), 'dump.gz'],
  [
    'a tar in a gzip in a zip',
    'all.zip',
    async (it) => zipOf('a.tgz', gzipSync(await tarOfText(it))),
    'b.txt',
  ],
  ['a zstd frame in the middle of a file', '1.sst', (it) => padded(zstdCompressSync(it)), '(zstd frame)'],
  ['a gzip frame in the middle of a file', 'fw.bin', (it) => padded(gzipSync(it)), '(gzip frame)'],
  ['a zlib stream in the middle of a file', 'a.pack', (it) => padded(deflateSync(it)), '(zlib frame)'],
  ['a gzip in base64', 'cloud.yaml', (it) => `a: ${base64(gzipSync(it))}\n`, '(base64)'],
  ['a zlib stream in base64', 'state.json', (it) => `{"a":"${base64(deflateSync(it))}"}`, '(base64)'],
  ['a gzip in wrapped base64', 'mail.eml', (it) => wrapped(gzipSync(it, { level: 0 })), '(base64)'],
  ['a data URI', 'index.html', (it) => `<img src="data:text/plain;base64,${base64(it)}">`, '(base64)'],
];

function fileIn(
  name: string,
  path: string,
  pack: Pack,
  writings: readonly string[],
  nested?: string,
  layer: LayerName = 'copied',
): Place {
  return {
    name,
    writings,
    async plant(image, bytes, folder) {
      image.layers[layer].push({ name: `${folder}/${path}`, content: Buffer.from(await pack(bytes)) });
      const found = { place: 'layer', path: `${folder}/${path}`, layer, visibility: 'visible' as const };
      return nested === undefined ? found : { ...found, nested };
    },
  };
}

/** Files that a later layer removes: their path, and the entry that removes them. */
const REMOVED: readonly (readonly [name: string, path: string, by: string, content?: string])[] = [
  ['a deleted file', 'secret.txt', '.wh.secret.txt'],
  ['a file in a deleted folder', 'env/secret.txt', '.wh.env'],
  ['a file in a folder made opaque', 'env/secret.txt', 'env/.wh..wh..opq'],
  ['a file written over', 'app.conf', 'app.conf', 'clean\n'],
  ['a file in a folder that became a file', 'env/secret.txt', 'env', 'clean\n'],
  ['a deleted file that has a hard link', 'secret.txt', '.wh.secret.txt'],
];

function removedFile([name, path, by, content]: (typeof REMOVED)[number]): Place {
  return {
    name,
    writings: SHORT,
    plant({ layers: { copied, removed } }, bytes, folder) {
      const [file, link] = [`${folder}/${path}`, `${folder}/also.txt`];
      copied.push({ name: file, content: prose(bytes) });
      removed.push({ name: `${folder}/${by}`, ...(content && { content: Buffer.from(content) }) });
      if (!name.includes('hard link'))
        return { place: 'layer', path: file, layer: 'copied', visibility: 'deleted' };
      copied.push({ name: link, hardLink: file });
      return { place: 'layer', path: link, layer: 'copied', visibility: 'visible' };
    },
  };
}

/** What the headers of a tar hold. */
const HEADERS: readonly (readonly [
  name: string,
  path: string,
  entry: (text: string) => { name: string; link?: string; pax?: Record<string, string> },
  writings: readonly string[],
])[] = [
  ['a file name', 'cache-', (text) => ({ name: `cache-${text}.json` }), NAMEABLE],
  ['a link target', 'current', (text) => ({ name: 'current', link: `../${text}` }), NAMEABLE],
  ['a PAX header', 'labelled', (text) => ({ name: 'labelled', pax: { 'SCHILY.xattr.user.a': text } }), SHORT],
];

function header([name, path, entry, writings]: (typeof HEADERS)[number]): Place {
  return {
    name,
    writings,
    plant(image, bytes, folder) {
      const { name: file, ...rest } = entry(textOf(bytes));
      image.layers.copied.push({ name: `${folder}/${file}`, content: Buffer.from('{}'), ...rest });
      const found = { place: 'layer', layer: 'copied', visibility: 'visible' } as const;
      return { ...found, path: `${folder}/${path}`, nested: '(tar header)' };
    },
  };
}

/** Fields of an image's documents. KEY stands for a key of the plant's own, "¤" for the value. */
const FIELDS: readonly (readonly [
  name: string,
  place: string,
  path: string,
  field: (image: ImageBuilder) => unknown[] | Record<string, unknown>,
  text: string,
])[] = [
  ['ENV', 'config', 'config.Env.KEY', ({ config }) => config.Env, 'KEY=¤'],
  ['LABEL', 'config', 'config.Labels.KEY', ({ config }) => config.Labels, '¤'],
  ['CMD', 'config', 'config.Cmd[', ({ config }) => config.Cmd, '¤'],
  ['ENTRYPOINT', 'config', 'config.Entrypoint[', ({ config }) => config.Entrypoint, '--url=¤'],
  ['HEALTHCHECK', 'config', 'config.Healthcheck.KEY', ({ config }) => config.Healthcheck, 'curl -u ¤'],
  ['ONBUILD', 'config', 'config.OnBuild[', ({ config }) => config.OnBuild, 'ENV A=¤'],
  ['ARG in history', 'history', 'history[', ({ history }) => history, 'RUN |1 KEY=¤ /bin/sh -c build'],
  ['ENV in history', 'history', 'history[', ({ history }) => history, 'ENV KEY=¤'],
  ['a manifest annotation', 'manifest', 'annotations.KEY', (image) => image.manifestAnnotations, '¤'],
  ['an index annotation', 'index', 'annotations.KEY', (image) => image.indexAnnotations, '¤'],
  ['provenance', 'attestation (provenance)', 'args.build-arg:KEY', (image) => image.buildArguments, '¤'],
  ['an SBOM', 'attestation (SBOM)', 'predicate.packages', (image) => image.packages, 'https://a.example/¤'],
];

function fieldOf([name, place, path, field, text]: (typeof FIELDS)[number]): Place {
  return {
    name,
    writings: SHORT,
    plant(image, bytes, folder) {
      const key = `PLANTED_${folder.replace(/\D/g, '')}`;
      const written = text.replace('KEY', key).replace('¤', () => textOf(bytes));
      const target = field(image);
      if (Array.isArray(target)) target.push(written);
      else target[path.includes('build-arg') ? `build-arg:${key}` : key] = written;
      return { place, path: path.replace('KEY', key) };
    },
  };
}

const cacheExport: Place = {
  name: 'a cache export',
  writings: TEXTUAL,
  plant(image, bytes, folder) {
    const path = `${folder}/app/.next/cache/fetch.json`;
    image.cached.push({ name: path, content: prose(bytes) });
    return { place: 'build cache', path };
  },
};

/** Every hiding place, in an image or in its metadata. */
export const PLACES: readonly Place[] = [
  ...TEXTS.map(([name, path, text, writings]) => {
    const [before = '', after = ''] = text.split('¤').map((part) => Buffer.from(part));
    return fileIn(name, path, (it) => Buffer.concat([Buffer.from(before), it, Buffer.from(after)]), writings);
  }),
  ...FILES.map((file) => fileIn(...file)),
  ...PACKED.map(([name, path, pack, nested]) => fileIn(name, path, (it) => pack(prose(it)), TEXTUAL, nested)),
  fileIn('a layer in gzip', 'app.conf', prose, SHORT, undefined, 'gzip'),
  fileIn('a layer in frames of zstd', 'app.conf', prose, SHORT, undefined, 'zstd'),
  ...REMOVED.map(removedFile),
  ...HEADERS.map(header),
  ...FIELDS.map(fieldOf),
  cacheExport,
];
