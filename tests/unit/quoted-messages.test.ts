import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'vite';
import { describe, expect, it } from 'vitest';

/**
 * Docs quote a message in two forms: as inline code that is a whole sentence with its full stop, or as a line of a code
 * block marked `log`. A ` … ` stands for an omitted part.
 */
const INLINE = /`([^`]+[\p{L}\d)]\.(?: …)?)`/gu;
const BLOCK = /^```log\n(.*?)^```$/gms;
const FEWEST_WORDS = 4;

/** What the log puts before a message: a part of the server, or a secret and its source. */
const PREFIX = /^(\w+: |[A-Z_]+ \([^)]+\) )/;

/**
 * How much of a quote must match literal text of the source, so that a template of placeholders does not match
 * everything.
 */
const FEWEST_CHARACTERS = 12;
const SMALLEST_PART = 0.3;
const RUN = 8;

/** Stands for any text: a placeholder in a template, or a part that the docs omit. */
const GAP = '\0';

type Quote = { where: string; text: string };
type Node = { type: string; [key: string]: unknown };

function filesBelow(folder: string, extension: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => extension.test(path) && !/generated|node_modules/.test(path))
    .map((path) => join(folder, path));
}

function quotesIn(path: string, markdown: string): Quote[] {
  const at = (index: number) => `${path}:${markdown.slice(0, index).split('\n').length}`;
  const inline = [...markdown.matchAll(INLINE)]
    .filter(([, text = '']) => text.split(' ').length >= FEWEST_WORDS && !text.includes('\n'))
    .map(({ index, 1: text = '' }) => ({ where: at(index), text }));
  const blocks = [...markdown.matchAll(BLOCK)].flatMap(({ index, 1: lines = '' }) =>
    lines
      .trimEnd()
      .split('\n')
      .map((text, line) => ({
        where: at(index + '```log\n'.length).replace(/\d+$/, (n) => `${+n + line}`),
        text,
      })),
  );
  return [...inline, ...blocks];
}

/** Every text that the source writes, with {@link GAP} for each value in it. */
function messagesIn(path: string): string[] {
  const found: string[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (!isNode(value)) return;
    const text = textOf(value);
    if (text !== undefined) found.push(text);
    if (text === undefined || value.type === 'TemplateLiteral') Object.values(value).forEach(visit);
  };
  visit(parseAst(readFileSync(path, 'utf8'), { lang: path.endsWith('x') ? 'tsx' : 'ts' }));
  return found.filter((text) => text.replaceAll(GAP, '').length >= FEWEST_CHARACTERS);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value;
}

function textOf(node: Node): string | undefined {
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined;
  if (node.type === 'TemplateLiteral')
    return (node.quasis as { value: { cooked: string } }[]).map(({ value }) => value.cooked).join(GAP);
  if (node.type !== 'BinaryExpression' || node.operator !== '+') return undefined;
  const sides = [node.left, node.right].map((side) => (isNode(side) ? textOf(side) : undefined));
  return sides.some((side) => side !== undefined) ? sides.map((side) => side ?? GAP).join('') : undefined;
}

/** The largest number of characters in which both patterns agree if one text fits both; -1 if none does. */
function agreement(quote: string, message: string): number {
  let below: number[] = [];
  for (let i = quote.length; i >= 0; i--) {
    const row = new Array<number>(message.length + 1).fill(-1);
    for (let j = message.length; j >= 0; j--) {
      const options = [i === quote.length && j === message.length ? 0 : -1];
      if (quote[i] === GAP) options.push(below[j] ?? -1, row[j + 1] ?? -1);
      else if (message[j] === GAP)
        options.push(row[j + 1] ?? -1, isBesideGap(quote, i) ? -1 : (below[j] ?? -1));
      else if (i < quote.length && quote[i] === message[j]) {
        const rest = below[j + 1] ?? -1;
        options.push(rest === -1 ? -1 : rest + 1);
      }
      row[j] = Math.max(...options);
    }
    below = row;
  }
  return below[0] ?? -1;
}

/** A value in a message does not extend into a part that the docs omit: it would match anything around it. */
function isBesideGap(quote: string, index: number): boolean {
  return quote[index - 1] === GAP || quote[index + 1] === GAP;
}

/** The consecutive characters of which a message must have one: comparing every message in full takes seconds. */
function runsIn(pattern: string): string[] {
  const starts = [...pattern].map((_, start) => pattern.slice(start, start + RUN));
  return starts.filter((run) => run.length === RUN && !run.includes(GAP));
}

function exists(text: string, messages: string[]): boolean {
  return [text, text.replace(PREFIX, '')].some((quote) => {
    const pattern = quote.replaceAll(/ ?… ?/g, GAP);
    const fewest = Math.max(FEWEST_CHARACTERS, pattern.length * SMALLEST_PART);
    const runs = runsIn(pattern);
    return messages.some(
      (message) => runs.some((run) => message.includes(run)) && agreement(pattern, message) >= fewest,
    );
  });
}

/** One sentence for each quote that no source file contains. */
function stale(quotes: Quote[], messages: string[]): string[] {
  return quotes
    .filter(({ text }) => !exists(text, messages))
    .map(({ where, text }) => `${where} quotes a message that the source no longer has: ${text}`);
}

const messages = [...filesBelow('src', /\.tsx?$/), ...filesBelow('sealcheck/src', /\.ts$/)].flatMap(
  messagesIn,
);
const documents = [
  'README.md',
  'SECURITY.md',
  ...['docs', 'prisma/seed', 'deploy'].flatMap((folder) => filesBelow(folder, /\.md$/)),
];
const quotes = documents.flatMap((path) => quotesIn(path, readFileSync(path, 'utf8')));

describe('the messages quoted in docs', () => {
  it('exist in the source', () => {
    expect(quotes.length).toBeGreaterThan(10);
    expect(stale(quotes, messages)).toEqual([]);
  });

  it.each([
    ['a word that differs', '`The database host db.example is unheard of. …`'],
    ['an end that differs', '`Access to the database "blog" on db.example was granted. …`'],
    [
      'a part that is left out and in the wrong place',
      '`The database host … unknown. Check … password in DATABASE_URL.`',
    ],
    [
      'a line of a log',
      '```log\nSealed has 24 fresh pages from database 8f3b, revision 0123, 2026-11-24.\n```',
    ],
  ])('are reported with their line if one has %s', (_, markdown) => {
    const [sentence, ...others] = stale(quotesIn('docs/planted.md', `Text.\n\n${markdown}\n`), messages);
    expect(others).toEqual([]);
    expect(sentence).toMatch(/^docs\/planted\.md:[34] quotes a message that the source no longer has: /);
  });
});
