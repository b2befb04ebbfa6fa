import { randomInt } from 'node:crypto';
import { ENCODERS } from '../search/encoders.ts';
import { drawLeak, encodedBy, isPromised, type Leak } from './leaks.ts';

/** Writes a value as a build may write it. */
export type Write = (value: string) => Buffer;

function randomLeak(length: number): Leak {
  for (;;) {
    const leak = drawLeak(randomInt, length);
    if (isPromised(leak)) return leak;
  }
}

const SHORTEST_CUT = 16;

/** What may look like an escape once a value is cut. Few of those values are missed; see the README. */
const LOOKS_ESCAPED = /[\\%&=]/;

/** A random value of 16 to 40 printable characters, like a generated password, which can be cut between letters. */
export function plantedValue(): string {
  for (;;) {
    const value = randomLeak(0).value.trim();
    if (
      value.length >= SHORTEST_CUT &&
      !LOOKS_ESCAPED.test(value) &&
      /[A-Za-z0-9]{4}|(?:[A-Za-z0-9]{2}.*){3}/.test(value.slice(5))
    )
      return value;
  }
}

// Between letters: a line that begins with "#" could also be a comment, and one that ends with "=" quoted-printable.
function pieces(value: string): [string, string] {
  const at = Math.max(1, value.slice(5).search(/[A-Za-z0-9]{2}/) + 6);
  return [value.slice(0, at), value.slice(at)];
}

const textual =
  (write: (value: string) => string): Write =>
  (value) =>
    Buffer.from(write(value));
const bytesOf = (value: string): number[] => [...Buffer.from(value)];
const hexOf = (byte: number): string => `0x${byte.toString(16).padStart(2, '0')}`;
const rscChunk = (piece: string): string =>
  `<script>self.__next_f.push([1,${JSON.stringify(piece)}])</script>`;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Ways to write a value in a file without any encoder: split, listed, reversed. */
const OTHERS: Readonly<Record<string, Write>> = {
  plain: textual((value) => value),
  reversed: textual((value) => [...value].reverse().join('')),
  'byte list': textual((value) => JSON.stringify(Buffer.from(value))),
  'byte list, indented': textual((value) => JSON.stringify(bytesOf(value), null, 2)),
  'byte list by index': textual((value) => JSON.stringify({ ...bytesOf(value) })),
  'hex, byte by byte': textual((value) => bytesOf(value).map(hexOf).join(', ')),
  'doubled quotes': textual((value) => `"${value.replaceAll('"', '""')}"`),
  'basic credentials': textual((value) => base64(`blog:${value}`)),
  'line wrap': textual((value) => pieces(value).join('\n  ')),
  'base64, wrapped': textual((value) => base64(`${'-'.repeat(45)}${value}`).replace(/.{64}/g, '$&\n')),
  concatenation: textual((value) =>
    pieces(value)
      .map((piece) => JSON.stringify(piece))
      .join(' + '),
  ),
  'rsc chunk border': textual((value) => pieces(value).map(rscChunk).join('')),
  highlighter: textual((value) => pieces(value).join('</span><span class="hljs-string">')),
};

function randomChain(length: number): [string, Write] {
  const { steps } = randomLeak(length);
  return [steps.map(({ encoder }) => encoder.name).join(' > '), (value) => encodedBy(value, steps)];
}

/** How a build may have written a value, by name: plain, through each encoder, and through 60 random chains. */
export const WRITINGS: Readonly<Record<string, Write>> = {
  ...OTHERS,
  ...Object.fromEntries(
    ENCODERS.map(({ name, encode }): [string, Write] => [name, (value) => encode(Buffer.from(value))]),
  ),
  ...Object.fromEntries([2, 3].flatMap((length) => Array.from({ length: 30 }, () => randomChain(length)))),
};
