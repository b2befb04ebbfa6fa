import type { Part } from '../secrets/parts.ts';

/** A text that a secret's part becomes under an encoding. `flexible` texts may be escaped and split further. */
export interface Encoded {
  encoding: string;
  bytes: Buffer;
  flexible: boolean;
  /** Whether letters and digits, too, occur in escaped form (only in the plain text and its reverse). */
  escapesLetters: boolean;
  hot: { from: number; to: number };
}

const strictUrl = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

// The characters that depend on the bytes before or after are dropped: what remains is the same wherever the value lies.
function base64At(alignment: 0 | 1 | 2, bytes: Buffer): string {
  const text = Buffer.concat([Buffer.alloc(alignment), bytes]).toString('base64');
  const whole = Math.floor(((alignment + bytes.length) * 8) / 6);
  return text.slice(alignment === 0 ? 0 : alignment + 1, whole);
}

function scaled(hot: Encoded['hot'], length: number, size: number): Encoded['hot'] {
  return { from: Math.floor((hot.from * size) / length), to: Math.ceil((hot.to * size) / length) };
}

function utf16(text: string, bigEndian: boolean): Buffer {
  const bytes = Buffer.from(text, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
}

const asHex = (byte: number): string => byte.toString(16).padStart(2, '0');

const byteList = (separator: string) => ({ encoding: 'byte list', separator, write: String });
const commonLists = [',', ', '].map(byteList);

// What a program that prints bytes one by one puts between them, formatted or not.
const lists = [
  ...commonLists,
  ...[',\n  ', ',\n    ', ',\n      '].map(byteList),
  ...[':', ' ', ', 0x', ',0x'].map((separator) => ({
    encoding: 'hex, byte by byte',
    separator,
    write: asHex,
  })),
];

function base64Family(encoding: string, bytes: Buffer, length: number, hot: Encoded['hot']): Encoded[] {
  const found: Encoded[] = [];
  for (const alignment of [0, 1, 2] as const) {
    const standard = base64At(alignment, bytes);
    const variants: [string, string][] = [[encoding, standard]];
    if (/[+/]/.test(standard)) {
      variants.push([
        encoding.replace('base64', 'base64url'),
        standard.replaceAll('+', '-').replaceAll('/', '_'),
      ]);
    }
    for (const [name, text] of variants) {
      const coded = Buffer.from(text);
      if (coded.length < 8) continue;
      found.push({
        encoding: name,
        bytes: coded,
        flexible: true,
        escapesLetters: false,
        hot: scaled(hot, length, coded.length),
      });
    }
  }
  return found;
}

/** Every text that a value becomes under the encodings that build tools use; the plain text comes first. */
export function encodingsOf({ bytes, hot, covered }: Part): Encoded[] {
  const text = bytes.toString();
  const readable = Buffer.from(text).equals(bytes);
  const length = bytes.length;
  const list: Encoded[] = [{ encoding: 'plain', bytes, flexible: true, escapesLetters: true, hot }];
  list.push(...base64Family('base64', bytes, length, hot));
  const hex = bytes.toString('hex');
  const hotHex = { from: hot.from * 2, to: hot.to * 2 };
  list.push({ encoding: 'hex', bytes: Buffer.from(hex), flexible: true, escapesLetters: false, hot: hotHex });
  if (hex !== hex.toUpperCase()) {
    list.push({
      encoding: 'hex',
      bytes: Buffer.from(hex.toUpperCase()),
      flexible: true,
      escapesLetters: false,
      hot: hotHex,
    });
  }
  for (const { encoding, separator, write } of covered ? commonLists : lists) {
    const written = [...bytes].map(write);
    const from = [...written.slice(0, hot.from), ''].join(separator).length;
    const coded = Buffer.from(written.join(separator));
    const hotList = { from, to: coded.length };
    list.push({ encoding, bytes: coded, flexible: false, escapesLetters: false, hot: hotList });
  }
  const backwards = readable ? Buffer.from([...text].reverse().join('')) : Buffer.from(bytes).reverse();
  list.push({
    encoding: 'reversed',
    bytes: backwards,
    flexible: true,
    escapesLetters: true,
    hot: { from: length - hot.to, to: length - hot.from },
  });
  const twice = Buffer.from(bytes.toString('base64').replace(/=+$/, '').slice(0, -1));
  list.push(...base64Family('base64 twice', twice, twice.length, scaled(hot, length, twice.length)));
  if (!readable) return list;
  for (const bigEndian of [false, true]) {
    const wide = utf16(text, bigEndian);
    list.push({
      encoding: bigEndian ? 'utf-16be' : 'utf-16le',
      bytes: wide,
      flexible: false,
      escapesLetters: false,
      hot: scaled(hot, length, wide.length),
    });
    const digits = wide.toString('hex');
    for (const written of covered ? [] : [digits, digits.toUpperCase()]) {
      list.push({
        encoding: bigEndian ? 'hex of utf-16be' : 'hex of utf-16le',
        bytes: Buffer.from(written),
        flexible: false,
        escapesLetters: false,
        hot: scaled(hot, length, written.length),
      });
    }
  }
  list.push(...base64Family('base64 of utf-16le', utf16(text, false), length, hot));
  const latin1 = Buffer.from(text, 'latin1');
  if (latin1.toString('latin1') === text && latin1.length !== length) {
    const hotLatin1 = scaled(hot, length, latin1.length);
    list.push({
      encoding: 'latin-1',
      bytes: latin1,
      flexible: true,
      escapesLetters: false,
      hot: hotLatin1,
    });
  }
  const inner = new Map<string, string>();
  for (const escaped of [strictUrl(text), encodeURIComponent(text), encodeURI(text)])
    inner.set(escaped, 'base64 of url-encoded');
  inner.set(JSON.stringify(text).slice(1, -1), 'base64 of json-escaped');
  for (const [escaped, name] of inner) {
    if (escaped !== text) list.push(...base64Family(name, Buffer.from(escaped), length, hot));
  }
  return list;
}
