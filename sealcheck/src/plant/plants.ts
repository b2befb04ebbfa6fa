import { randomInt } from 'node:crypto';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { Finding } from '../report/findings.ts';
import { AROUND, ENCODERS, encodedBy, isPromised } from '../search/encoders.ts';
import { canonicalOf } from '../search/needles.ts';
import { type ImageBuilder, type LayerName, tarOf } from './builder.ts';

const PRINTABLE = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));
const FEWEST_TELLING = 10;

/** A random value of 16 to 40 printable characters, like a generated password. */
export function plantedValue(): string {
  for (;;) {
    const characters = Array.from({ length: randomInt(16, 41) }, () => PRINTABLE[randomInt(95)] ?? '');
    const value = characters.join('').trim();
    if (canonicalOf(Buffer.from(value)).length >= FEWEST_TELLING) return value;
  }
}

type Write = (value: string) => Buffer;

// Between letters: a line that begins with "#" could also be a comment, and one that ends with "=" quoted-printable.
function pieces(value: string): [string, string] {
  const at = Math.max(1, value.slice(5).search(/[A-Za-z0-9]{2}/) + 6);
  return [value.slice(0, at), value.slice(at)];
}
const bytesOf = (value: string): number[] => [...Buffer.from(value)];

/** Ways to write a value in a file without any encoder: split, listed, reversed. */
const OTHERS: Readonly<Record<string, Write>> = {
  plain: Buffer.from,
  reversed: (value) => Buffer.from([...value].reverse().join('')),
  'byte list': (value) => Buffer.from(JSON.stringify(Buffer.from(value))),
  'byte list, indented': (value) => Buffer.from(JSON.stringify(bytesOf(value), null, 2)),
  'byte list by index': (value) => Buffer.from(JSON.stringify({ ...bytesOf(value) })),
  'hex, byte by byte': (value) =>
    Buffer.from(
      bytesOf(value)
        .map((byte) => `0x${byte.toString(16).padStart(2, '0')}`)
        .join(', '),
    ),
  'doubled quotes': (value) => Buffer.from(`"${value.replaceAll('"', '""')}"`),
  'basic credentials': (value) => Buffer.from(Buffer.from(`blog:${value}`).toString('base64')),
  'line wrap': (value) => Buffer.from(pieces(value).join('\n  ')),
  'base64, wrapped': (value) =>
    Buffer.from(
      Buffer.from(`${'-'.repeat(45)}${value}`)
        .toString('base64')
        .replace(/.{64}/g, '$&\n'),
    ),
  concatenation: (value) =>
    Buffer.from(
      pieces(value)
        .map((piece) => JSON.stringify(piece))
        .join(' + '),
    ),
  'rsc chunk border': (value) =>
    Buffer.from(
      pieces(value)
        .map((piece) => `<script>self.__next_f.push([1,${JSON.stringify(piece)}])</script>`)
        .join(''),
    ),
  highlighter: (value) => Buffer.from(pieces(value).join('</span><span class="hljs-string">')),
};

const drawn = <T>(values: readonly T[]): T => values[randomInt(values.length)] as T;

/** A random chain of the encoders that the property test draws from. */
function randomChain(length: number): [string, Write] {
  for (;;) {
    const steps = Array.from({ length }, () => ({ encoder: drawn(ENCODERS), around: drawn(AROUND) }));
    const name = steps.map(({ encoder }) => encoder.name).join(' > ');
    if (isPromised(steps)) return [name, (value) => encodedBy(value, steps)];
  }
}

const CHAINS = Object.fromEntries(
  [2, 3].flatMap((length) => Array.from({ length: 30 }, () => randomChain(length))),
);

/** How a build may have written a value: plain, through each encoder, and through random chains. */
const plantedEncodings: Readonly<Record<string, Write>> = {
  ...OTHERS,
  ...Object.fromEntries(
    ENCODERS.map(({ name, encode }): [string, Write] => [name, (value) => encode(Buffer.from(value))]),
  ),
  ...CHAINS,
};

/** Where a plant must be found. `path` and `nested` are matched as substrings. */
export type Expectation = {
  place: string;
  path: string;
  nested?: string;
  layer?: LayerName;
  visibility?: Finding['visibility'];
};

/** One hiding place: puts encoded bytes into an image, and says where they must be found. */
type Place = {
  name: string;
  encodings: readonly string[];
  plant(image: ImageBuilder, bytes: Buffer, folder: string): Expectation | Promise<Expectation>;
};

const textual = ['plain', 'URL component', 'JSON', 'base64', 'hex'] as const;
const short = ['plain', 'base64, 1 on', 'URL component, lower case'] as const;
const nameable = ['base64url', 'hex', 'URL component'] as const;

const inFile = (
  name: string,
  path: string,
  write: (bytes: Buffer, folder: string) => Buffer | Promise<Buffer>,
  encodings: readonly string[],
  nested?: string,
  layer: LayerName = 'copied',
): Place => ({
  name,
  encodings,
  async plant(image, bytes, folder) {
    image.layers[layer].push({ name: `${folder}/${path}`, content: await write(bytes, folder) });
    return {
      place: 'layer',
      path: `${folder}/${path}`,
      layer,
      visibility: 'visible',
      ...(nested !== undefined && { nested }),
    };
  },
});

const around =
  (before: string, after = '\n') =>
  (bytes: Buffer) =>
    Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]);
const noise = (length: number, seed: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, at) => (at * 167 + seed) & 0xff));
const padded = (bytes: Buffer): Buffer => Buffer.concat([noise(5000, 3), bytes, noise(3000, 9)]);
const prose = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from('The quick brown fox. '.repeat(40)), bytes, Buffer.from(' jumps. '.repeat(40))]);

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

const packed = (
  name: string,
  path: string,
  pack: (text: Buffer) => Buffer | Promise<Buffer>,
  nested: string,
  encodings: readonly string[] = short,
): Place => inFile(name, path, (bytes) => pack(prose(bytes)), encodings, nested);

const removedFile = (
  name: string,
  hide: (folder: string) => { path: string; entry: string; content?: Buffer },
): Place => ({
  name,
  encodings: short,
  plant(image, bytes, folder) {
    const { path, entry, content } = hide(folder);
    image.layers.copied.push({ name: path, content: prose(bytes) });
    image.layers.removed.push({ name: entry, ...(content && { content }) });
    return { place: 'layer', path, layer: 'copied', visibility: 'deleted' };
  },
});

/** Every hiding place, in an image or in its metadata. */
export const plantedPlaces: readonly Place[] = [
  inFile('a text file', 'notes.txt', prose, Object.keys(plantedEncodings)),
  inFile('.env in standalone', '.next/standalone/.env', around('NODE_ENV=production\nDATABASE_URL='), short),
  inFile(
    'a NEXT_PUBLIC_ variable in a bundle',
    '.next/static/chunks/4f2a.js',
    around('(self.k=self.k||[]).push([[1],{2:e=>{let t="', '";e.exports=t}}]);'),
    ['JSON', 'JS \\x', 'concatenation', 'base64'],
  ),
  inFile('an RSC prop', '.next/server/app/index.rsc', around('1:["$","$L2",null,{"url":', '}]\n'), [
    'JSON',
    'JSON with \\u003c',
    'URL component',
  ]),
  inFile(
    'an Authorization header in a chunk',
    '.next/static/chunks/77.js',
    around('e.x=()=>fetch("/api",{headers:{authorization:"Basic ', '"}})'),
    ['basic credentials'],
  ),
  inFile(
    'a text file in UTF-16',
    'install.ps1',
    (bytes) => Buffer.from(`\ufeff$url = "${bytes.toString('latin1')}"\r\n`, 'utf16le'),
    textual,
  ),
  inFile(
    'a text file in UTF-16 without a mark',
    'strings.rc',
    (bytes) => Buffer.from(`${'IDS_TITLE '.repeat(20)}${bytes.toString('latin1')}`, 'utf16le').swap16(),
    textual,
  ),
  inFile(
    'a page split at a chunk border',
    '.next/server/app/index.html',
    around('<!DOCTYPE html>', '</html>'),
    ['rsc chunk border', 'HTML attribute', 'XML hex for punctuation'],
  ),
  inFile(
    'a source map',
    '.next/static/chunks/4f2a.js.map',
    (bytes) =>
      Buffer.from(
        JSON.stringify({ version: 3, sourcesContent: [`const url = "${bytes.toString('latin1')}";`] }),
      ),
    ['plain', 'JSON', 'URL component'],
  ),
  inFile(
    'an inline source map',
    'dist/app.css',
    (bytes) =>
      Buffer.from(
        `a{}/*# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify({ sourcesContent: [`let a = '${bytes.toString('latin1')}'`] })).toString('base64')} */`,
      ),
    ['plain', 'JSON'],
  ),
  inFile('.npmrc', '.npmrc', around('//registry.example/:_authToken='), short),
  inFile('a PEM-like wrap', 'key.pem', around('-----BEGIN THING-----\n', '\n-----END THING-----\n'), [
    'base64, wrapped',
    'line wrap',
  ]),
  packed('a gzip file', 'log.gz', gzipSync, '(gzip)', textual),
  packed('a brotli file', 'page.html.br', brotliCompressSync, '(brotli)'),
  packed('a zstd file', 'data.zst', zstdCompressSync, '(zstd)'),
  packed('a zlib stream (a git object)', '.git/objects/ab/cdef', deflateSync, '(zlib'),
  packed('a zip', 'bundle.zip', (text) => zipOf('inner/config.json', text), 'inner/config.json'),
  packed('a tar', 'backup.tar', (text) => tarOf([{ name: 'inner/.env', content: text }]), 'inner/.env'),
  packed(
    'a gzip in a tar',
    'outer.tar',
    (text) => tarOf([{ name: 'dump.gz', content: gzipSync(text) }]),
    'dump.gz',
  ),
  packed(
    'a tar in a gzip in a zip',
    'all.zip',
    async (text) => zipOf('a.tgz', gzipSync(await tarOf([{ name: 'b.txt', content: text }]))),
    'b.txt',
  ),
  packed(
    'a zstd frame in the middle of a file',
    'cache/0001.sst',
    (text) => padded(zstdCompressSync(text)),
    '(zstd frame)',
    textual,
  ),
  packed(
    'a gzip frame in the middle of a file',
    'firmware.bin',
    (text) => padded(gzipSync(text)),
    '(gzip frame)',
  ),
  packed(
    'a zlib stream in the middle of a file',
    'objects.pack',
    (text) => padded(deflateSync(text)),
    '(zlib frame)',
  ),
  packed(
    'a gzip in base64',
    'cloud.yaml',
    (text) => Buffer.from(`a: ${gzipSync(text).toString('base64')}\n`),
    '(base64)',
  ),
  packed(
    'a zlib stream in base64',
    'state.json',
    (text) => Buffer.from(`{"a":"${deflateSync(text).toString('base64')}"}`),
    '(base64)',
  ),
  inFile(
    'a gzip in wrapped base64',
    'mail.eml',
    (bytes) =>
      Buffer.from(
        gzipSync(Buffer.concat([noise(900, 7), bytes]), { level: 0 })
          .toString('base64')
          .replace(/.{76}/g, '$&\r\n'),
      ),
    short,
    '(base64)',
  ),
  inFile(
    'a data URI',
    'index.html',
    (bytes) => Buffer.from(`<img src="data:text/plain;base64,${prose(bytes).toString('base64')}">`),
    ['URL component', 'JSON', 'hex'],
    '(base64)',
  ),
  inFile(
    'a database file',
    'app.sqlite',
    (bytes) => Buffer.concat([Buffer.from('SQLite format 3\0'), noise(4080, 1), bytes, noise(4000, 2)]),
    ['plain', 'UTF-16', 'UTF-16, big-endian', 'base64'],
  ),
  inFile(
    'a core dump',
    'core.1234',
    (bytes) =>
      Buffer.concat([
        Buffer.from('\x7fELF\x02\x01\x01\0', 'latin1'),
        Buffer.alloc(9000),
        bytes,
        Buffer.alloc(8000),
      ]),
    ['plain', 'UTF-16', 'reversed', 'byte list'],
  ),
  inFile(
    'a file over a chunk border',
    'large.log',
    (bytes) => Buffer.concat([Buffer.alloc(65536 - 12, 0x2e), bytes, Buffer.alloc(70000, 0x2e)]),
    ['plain', 'base64', 'JS \\u', 'concatenation'],
  ),
  inFile('a layer in gzip', 'app.conf', prose, short, undefined, 'gzip'),
  inFile('a layer in frames of zstd', 'app.conf', prose, short, undefined, 'zstd'),
  removedFile('a deleted file', (folder) => ({
    path: `${folder}/secret.txt`,
    entry: `${folder}/.wh.secret.txt`,
  })),
  removedFile('a file in a deleted folder', (folder) => ({
    path: `${folder}/env/secret.txt`,
    entry: `${folder}/.wh.env`,
  })),
  removedFile('a file in a folder made opaque', (folder) => ({
    path: `${folder}/env/secret.txt`,
    entry: `${folder}/env/.wh..wh..opq`,
  })),
  removedFile('a file written over', (folder) => ({
    path: `${folder}/app.conf`,
    entry: `${folder}/app.conf`,
    content: Buffer.from('clean\n'),
  })),
  {
    name: 'a deleted file that has a hard link',
    encodings: short,
    plant(image, bytes, folder) {
      image.layers.copied.push(
        { name: `${folder}/secret.txt`, content: prose(bytes) },
        { name: `${folder}/also.txt`, hardLink: `${folder}/secret.txt` },
      );
      image.layers.removed.push({ name: `${folder}/.wh.secret.txt` });
      return { place: 'layer', path: `${folder}/also.txt`, layer: 'copied', visibility: 'visible' };
    },
  },
  removedFile('a file in a folder that became a file', (folder) => ({
    path: `${folder}/env/secret.txt`,
    entry: `${folder}/env`,
    content: Buffer.from('clean\n'),
  })),
  {
    name: 'a file name',
    encodings: nameable,
    plant(image, bytes, folder) {
      image.layers.copied.push({
        name: `${folder}/cache-${bytes.toString('latin1')}.json`,
        content: Buffer.from('{}'),
      });
      return {
        place: 'layer',
        path: `${folder}/cache-`,
        nested: '(tar header)',
        layer: 'copied',
        visibility: 'visible',
      };
    },
  },
  {
    name: 'a link target',
    encodings: nameable,
    plant(image, bytes, folder) {
      image.layers.copied.push({ name: `${folder}/current`, link: `../${bytes.toString('latin1')}` });
      return {
        place: 'layer',
        path: `${folder}/current`,
        nested: '(tar header)',
        layer: 'copied',
        visibility: 'visible',
      };
    },
  },
  {
    name: 'a PAX header',
    encodings: short,
    plant(image, bytes, folder) {
      image.layers.copied.push({
        name: `${folder}/labelled`,
        content: Buffer.from('x'),
        pax: { 'SCHILY.xattr.user.note': bytes.toString('latin1') },
      });
      return {
        place: 'layer',
        path: `${folder}/labelled`,
        nested: '(tar header)',
        layer: 'copied',
        visibility: 'visible',
      };
    },
  },
  ...documentPlaces(),
];

function documentPlaces(): Place[] {
  const place = (
    name: string,
    where: string,
    path: string,
    put: (image: ImageBuilder, text: string, key: string) => void,
  ): Place => ({
    name,
    encodings: short,
    plant(image, bytes, folder) {
      const key = `PLANTED_${folder.replace(/\D/g, '')}`;
      put(image, bytes.toString('latin1'), key);
      return { place: where, path: path.replace('KEY', key) };
    },
  });
  return [
    place('ENV', 'config', 'config.Env.KEY', (image, text, key) => image.config.Env.push(`${key}=${text}`)),
    place('LABEL', 'config', 'config.Labels.KEY', (image, text, key) => {
      image.config.Labels[key] = text;
    }),
    place('CMD', 'config', 'config.Cmd[', (image, text) => image.config.Cmd.push(text)),
    place('ENTRYPOINT', 'config', 'config.Entrypoint[', (image, text) =>
      image.config.Entrypoint.push(`--url=${text}`),
    ),
    place('HEALTHCHECK', 'config', 'config.Healthcheck.KEY', (image, text, key) => {
      image.config.Healthcheck[key] = ['CMD-SHELL', `curl -u ${text}`];
    }),
    place('ONBUILD', 'config', 'config.OnBuild[', (image, text) =>
      image.config.OnBuild.push(`ENV A=${text}`),
    ),
    place('ARG in history', 'history', 'history[', (image, text, key) =>
      image.history.push(`RUN |1 ${key}=${text} /bin/sh -c npm run build # buildkit`),
    ),
    place('ENV in history', 'history', 'history[', (image, text, key) =>
      image.history.push(`ENV ${key}=${text}`),
    ),
    place('a manifest annotation', 'manifest', 'annotations.KEY', (image, text, key) => {
      image.manifestAnnotations[key] = text;
    }),
    place('an index annotation', 'index', 'annotations.KEY', (image, text, key) => {
      image.indexAnnotations[key] = text;
    }),
    place('provenance', 'attestation (provenance)', 'build-arg:KEY', (image, text, key) => {
      image.attestations.push({
        type: 'https://slsa.dev/provenance/v0.2',
        predicate: { invocation: { parameters: { args: { [`build-arg:${key}`]: text } } } },
      });
    }),
    place('an SBOM', 'attestation (SBOM)', 'predicate.packages', (image, text, key) => {
      image.attestations.push({
        type: 'https://spdx.dev/Document',
        predicate: { packages: [{ name: key, downloadLocation: `https://x.example/${text}` }] },
      });
    }),
    {
      name: 'a cache export',
      encodings: textual,
      plant(image, bytes, folder) {
        image.cached.push({ name: `${folder}/app/.next/cache/fetch.json`, content: prose(bytes) });
        return { place: 'build cache', path: `${folder}/app/.next/cache/fetch.json` };
      },
    },
  ];
}

/** One pair of hiding place and encoding. */
export type Plant = {
  id: string;
  place: string;
  encoding: string;
  plant(image: ImageBuilder, value: string): Promise<Expectation>;
};

/** Every possible pair, numbered. */
export const plants: readonly Plant[] = plantedPlaces
  .flatMap((place) => place.encodings.map((encoding) => ({ place, encoding })))
  .map(({ place, encoding }, index) => {
    const id = `plant-${String(index + 1).padStart(3, '0')}`;
    return {
      id,
      place: place.name,
      encoding,
      plant: async (image, value) =>
        place.plant(image, (plantedEncodings[encoding] ?? Buffer.from)(value), `planted/${id}`),
    };
  });

/** Whether a finding is the plant's, in the right location. `firstLayer` is the index of the first planted layer. */
export function isFoundAt(
  finding: Finding,
  id: string,
  expected: Expectation,
  layerIndex: number | undefined,
): boolean {
  return (
    finding.secret === id &&
    finding.place === expected.place &&
    finding.path.includes(expected.path) &&
    (expected.nested === undefined || finding.nested.some((step) => step.includes(expected.nested ?? ''))) &&
    (expected.visibility === undefined || finding.visibility === expected.visibility) &&
    (layerIndex === undefined || finding.layer?.index === layerIndex)
  );
}
