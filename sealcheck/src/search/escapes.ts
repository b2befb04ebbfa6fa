/** The families of escapes that a character can be written in, in the order in which they are named in a report. */
export const escapeFamilies = [
  'url',
  'url twice',
  'json',
  'js',
  'html',
  'quoted-printable',
  'form',
  'doubling',
] as const;
export type EscapeFamily = (typeof escapeFamilies)[number];

/** A way to write one character: its family and a regular expression over bytes read as Latin-1. */
export interface Form {
  family: EscapeFamily | 'plain';
  source: string;
}

const htmlNames: Record<string, string> = {
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  '"': 'quot',
  "'": 'apos',
  '/': 'sol',
  ':': 'colon',
  '@': 'commat',
  '+': 'plus',
  '=': 'equals',
  '%': 'percnt',
  '!': 'excl',
  '#': 'num',
  $: 'dollar',
  '*': 'ast',
  '?': 'quest',
  '`': 'grave',
  '(': 'lpar',
  ')': 'rpar',
  ',': 'comma',
  '.': 'period',
  ';': 'semi',
  '\\': 'bsol',
  '^': 'Hat',
  '|': 'vert',
}; // prettier-ignore

export const isUnreserved = (character: string): boolean => /^[A-Za-z0-9]$/.test(character);

const hexByte = (byte: number): string => byte.toString(16).padStart(2, '0');
const anyCase = (hex: string): string => hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
const literal = (latin1: string): string => latin1.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** Every form of one character (a code point) that a URL, JSON, JavaScript, HTML, e-mail or shell writer produces. */
export function formsOf(character: string, bytes: Buffer): Form[] {
  const point = character.codePointAt(0) ?? 0;
  const raw = literal(bytes.toString('latin1'));
  const pairs = [...bytes].map((byte) => anyCase(hexByte(byte)));
  const units =
    Array.from(character, () => '').length === 0 ? [] : character.split('').map((unit) => unit.charCodeAt(0));
  const hexPoint = anyCase(point.toString(16));
  const forms: Form[] = [
    { family: 'plain', source: raw },
    { family: 'url', source: pairs.map((pair) => `%${pair}`).join('') },
    { family: 'url twice', source: pairs.map((pair) => `%25${pair}`).join('') },
    {
      family: 'js',
      source: `(?:${units.map((unit) => `\\\\+u${anyCase(unit.toString(16).padStart(4, '0'))}`).join('')}|\\\\+u\\{0*${hexPoint}\\}|${point > 0x7f && point < 0x100 ? `\\\\+x${hexPoint}|` : ''}${pairs.map((pair) => `\\\\+x${pair}`).join('')}|${[...bytes].map((byte) => `\\\\+0*${byte.toString(8)}`).join('')})`,
    },
    { family: 'html', source: `&(?:amp;)?#(?:0*${point}|[xX]0*${hexPoint});?` },
    { family: 'quoted-printable', source: pairs.map((pair) => `=${pair}`).join('') },
  ];
  const name = htmlNames[character];
  if (name) forms.push({ family: 'html', source: `&(?:amp;)?${name};?` });
  if (character === ' ') forms.push({ family: 'form', source: '\\+' });
  if (character === "'") forms.push({ family: 'json', source: `'\\\\+''` });
  // CSV and SQL double a quote, Compose and Make a dollar, INI and batch files a percent sign, templates a brace.
  if (/["'$%`{}]/.test(character)) forms.push({ family: 'doubling', source: raw + raw });
  if (bytes.length === 1 && !isUnreserved(character))
    forms.push({ family: 'json', source: `\\\\{1,8}${raw}` });
  return forms;
}

/** What may stand between two characters of a value that was split, with its name. */
export const gaps: readonly { name: string; source: string }[] = [
  {
    name: 'split at an RSC chunk border',
    source: '\\\\*"\\]\\)</script>\\s{0,8}<script[^>]{0,120}>\\s{0,8}self\\.__next_f\\.push\\(\\[1,\\\\*"',
  },
  { name: 'split by a line wrap', source: '\\\\?=?\\r?\\n[ \\t]{0,64}(?:[>#*|+-] {0,2})?' },
  { name: 'split by a line wrap', source: '(?:\\\\+r)?\\\\+n[ \\t]{0,64}' },
  {
    name: 'split by a concatenation',
    source:
      '(?:\\\\*["\'`]\\s{0,64}[+.,]?\\s{0,64}\\\\*["\'`]|["\'`]\\)?\\.concat\\(["\'`]|["\'`]\\}\\$\\{["\'`])',
  },
  { name: 'split by an HTML comment', source: '<!--\\s?-->' },
];

export const anyGap = `(?:${gaps.map((gap) => gap.source).join('|')})`;
