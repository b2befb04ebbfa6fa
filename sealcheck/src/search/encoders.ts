/** One way in which a build writes a text. Takes and returns bytes. */
export type Encoder = { name: string; encode(value: Buffer): Buffer };

const HTML_NAMES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const hex = (character: string, width = 2): string =>
  character.charCodeAt(0).toString(16).padStart(width, '0');
const octal = (character: string): string => character.charCodeAt(0).toString(8).padStart(3, '0');
const escaped = (text: string, characters: RegExp): string => text.replace(characters, '\\$&');

/** An encoder that works on text: on the characters that `characters` matches, or on the whole. */
function textual(name: string, write: (text: string) => string): Encoder {
  return { name, encode: (value) => Buffer.from(write(value.toString('latin1')), 'latin1') };
}

const each = (name: string, characters: RegExp, write: (character: string) => string): Encoder =>
  textual(name, (text) => text.replace(characters, write));

const EVERY = /[\s\S]/g;
const PUNCTUATION = /[^A-Za-z0-9]/g;
const UNSAFE = /[<>&]/g;
const FORM_RESERVED = /[!'()~]/g;

const strictUrl = (text: string): string =>
  text.replace(/[^A-Za-z0-9_.~-]/g, (c) => `%${hex(c).toUpperCase()}`);

function quotedPrintable(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const character of text) {
    const written = /[^ -<>-~]/.test(character) ? `=${hex(character).toUpperCase()}` : character;
    if (line.length + written.length > 20) {
      lines.push(`${line}=`);
      line = '';
    }
    line += written;
  }
  return [...lines, line].join('\r\n');
}

function base64(variant: 'base64' | 'base64url', before: string): Encoder {
  const name = before === '' ? variant : `${variant}, ${before.length} on`;
  return {
    name,
    encode: (value) =>
      Buffer.from(Buffer.concat([Buffer.from(before), value, Buffer.from(')')]).toString(variant)),
  };
}

/** The encoders of which any chain must be seen through. The tests and the self-test plant with them. */
export const ENCODERS: readonly Encoder[] = [
  textual('JSON', (text) => JSON.stringify(text)),
  textual('JSON with \\u003c', (text) => JSON.stringify(text).replace(UNSAFE, (c) => `\\u${hex(c, 4)}`)),
  textual('JS string', (text) => `'${escaped(text, /['\\]/g)}'`),
  each('JS \\x', EVERY, (c) => `\\x${hex(c)}`),
  each('JS \\x for punctuation', PUNCTUATION, (c) => `\\x${hex(c).toUpperCase()}`),
  each('JS \\u', EVERY, (c) => `\\u${hex(c, 4)}`),
  each('JS \\u{}', EVERY, (c) => `\\u{${hex(c)}}`),
  textual('template literal', (text) => `\`${escaped(text, /[`\\]|\$(?=\{)/g)}\``),
  each('HTML text', /[&<>]/g, (c) => HTML_NAMES[c] ?? c),
  each('HTML attribute', /[&<>"']/g, (c) => HTML_NAMES[c] ?? c),
  each('XML numeric', EVERY, (c) => `&#${c.charCodeAt(0)};`),
  each('XML numeric, padded', EVERY, (c) => `&#${String(c.charCodeAt(0)).padStart(7, '0')};`),
  each('XML hex', EVERY, (c) => `&#x${hex(c)};`),
  each('XML hex for punctuation', PUNCTUATION, (c) => `&#x${hex(c, 4).toUpperCase()};`),
  textual('URL component', (text) => encodeURIComponent(text)),
  textual('URL component, strict', strictUrl),
  each('URL component, lower case', /[^A-Za-z0-9_.~-]/g, (c) => `%${hex(c)}`),
  each('URL, every byte', EVERY, (c) => `%${hex(c).toUpperCase()}`),
  textual('form', (text) =>
    encodeURIComponent(text)
      .replace(FORM_RESERVED, (c) => `%${hex(c).toUpperCase()}`)
      .replaceAll('%20', '+'),
  ),
  base64('base64', ''),
  base64('base64', ':'),
  base64('base64', 'a:'),
  base64('base64url', ''),
  base64('base64url', ':'),
  base64('base64url', 'a:'),
  { name: 'hex', encode: (value) => Buffer.from(value.toString('hex')) },
  { name: 'hex, upper case', encode: (value) => Buffer.from(value.toString('hex').toUpperCase()) },
  textual('quoted-printable', quotedPrintable),
  textual('shell, single quotes', (text) => `'${text.replaceAll("'", `'\\''`)}'`),
  textual('shell, double quotes', (text) => `"${escaped(text, /["$`\\]/g)}"`),
  textual('shell %q', (text) => escaped(text, /[^A-Za-z0-9_.,:@%+/=-]/g)),
  textual('PowerShell, single quotes', (text) => `'${text.replaceAll("'", "''")}'`),
  textual('PowerShell, double quotes', (text) => `"${text.replace(/["$`]/g, '`$&')}"`),
  { name: 'UTF-16', encode: (value) => Buffer.from(value.toString('latin1'), 'utf16le') },
  {
    name: 'UTF-16, big-endian',
    encode: (value) => Buffer.from(value.toString('latin1'), 'utf16le').swap16(),
  },
  each('CSS', PUNCTUATION, (c) => `\\${c}`),
  each('CSS, hex', PUNCTUATION, (c) => `\\${hex(c)} `),
  each('CSS, six digits', PUNCTUATION, (c) => `\\${hex(c, 6)}`),
  each('octal', EVERY, (c) => `\\${octal(c)}`),
  each('octal for punctuation', PUNCTUATION, (c) => `\\${octal(c)}`),
];
