import type { Part } from '../secrets/parts.ts';
import { type Encoded, encodingsOf } from './encodings.ts';
import { escapeFamilies, isUnreserved } from './escapes.ts';
import { type Element, type Walked, walkAround } from './walk.ts';

/** The length of the stretch of bytes that the prefilter needs intact to notice a pattern. */
export const anchorWindow = 7;
const maximumAnchors = 240;

/** One part of a secret under one encoding: how to notice it (anchors) and how to be sure of it (`match`). */
export interface Pattern {
  part: Part;
  encoded: Encoded;
  anchors: Buffer[];
  /** Bytes on either side of an anchor within which the whole match lies. */
  reach: number;
  /** Finds the whole encoded part around an anchor in bytes read as Latin-1, and names its encoding. */
  match(text: string, anchorStart: number, anchorEnd: number): PatternMatch | undefined;
}

/** A whole encoded part in a text. */
export interface PatternMatch {
  start: number;
  end: number;
  encoding: string;
}

function elementsOf(encoded: Encoded): Element[] {
  const text = encoded.bytes.toString();
  if (Buffer.from(text).equals(encoded.bytes)) {
    return [...text].map((character) => ({ text: character, bytes: Buffer.from(character) }));
  }
  return [...encoded.bytes].map((byte) => ({ text: String.fromCharCode(byte), bytes: Buffer.from([byte]) }));
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
const hexOf = (bytes: Buffer, lead: string, upper: boolean): string =>
  [...bytes].map((byte) => lead + (upper ? hex(byte).toUpperCase() : hex(byte))).join('');

type Writer = (element: Element) => string;

const unicodeEscape = (element: Element, upper: boolean): string =>
  element.text
    .split('')
    .map((unit) => {
      const digits = unit.charCodeAt(0).toString(16).padStart(4, '0');
      return `\\u${upper ? digits.toUpperCase() : digits}`;
    })
    .join('');

const plainWriter: Writer = (element) => element.bytes.toString('latin1');

// Ways to write a single character; those that people meet most come first, as combinations are cut at a limit.
const characterWriters: Writer[] = [
  plainWriter,
  (element) => hexOf(element.bytes, '%', true),
  (element) => hexOf(element.bytes, '%', false),
  (element) => `\\${plainWriter(element)}`,
  (element) => unicodeEscape(element, false),
  (element) => unicodeEscape(element, true),
  (element) => `&#${element.text.codePointAt(0)};`,
  (element) => `&#x${element.text.codePointAt(0)?.toString(16)};`,
  (element) => `&#x${element.text.codePointAt(0)?.toString(16).toUpperCase()};`,
  (element) =>
    ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' })[element.text] ??
    plainWriter(element),
  (element) => hexOf(element.bytes, '=', true),
  (element) => hexOf(element.bytes, '%25', true),
  (element) => hexOf(element.bytes, '%25', false),
  (element) => hexOf(element.bytes, '\\x', false),
  (element) => hexOf(element.bytes, '\\x', true),
  (element) => `\\\\${plainWriter(element)}`,
  (element) => (element.text === ' ' ? '+' : plainWriter(element)),
  (element) => plainWriter(element).repeat(/["'$%`{}]/.test(element.text) ? 2 : 1),
];

// Encoders that escape every character, letters too: the whole text has to be noticed in that dress.
const wholesaleWriters: Writer[] = [
  (element) => hexOf(element.bytes, '%', true),
  (element) => hexOf(element.bytes, '%', false),
  (element) => hexOf(element.bytes, '%25', true),
  (element) => unicodeEscape(element, false),
  (element) => unicodeEscape(element, true),
  (element) => hexOf(element.bytes, '\\x', false),
  (element) => hexOf(element.bytes, '\\x', true),
  (element) => `&#${element.text.codePointAt(0)};`,
  (element) => `&#x${element.text.codePointAt(0)?.toString(16)};`,
  (element) => `&#x${element.text.codePointAt(0)?.toString(16).toUpperCase()};`,
  (element) => hexOf(element.bytes, '=', true),
  (element) => [...element.bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
  (element) => [...element.bytes].map((byte) => `\\${byte.toString(8)}`).join(''),
];

const commonGaps = [
  '\n',
  '\r\n',
  '=\n',
  '=\r\n',
  '\\n',
  '"+"',
  '" + "',
  "'+'",
  "' + '",
  '","',
  '"])</script><script>self.__next_f.push([1,"',
];

// Ways in which a formatter splits: too many for every encoding of a short value.
const plainGaps = [
  '\n  ',
  '\n    ',
  '\n\t',
  '" +\n  "',
  '" +\n    "',
  "' +\n  '",
  "' +\n    '",
  '`+`',
  '` + `',
  '\\"+\\"',
  '".concat("',
  "'.concat('",
  '<!-- -->',
  '"}${"',
];

function allCombinations(window: Element[], writers: Writer[]): string[] {
  let texts = [''];
  for (const element of window) {
    const written = isUnreserved(element.text)
      ? [plainWriter(element)]
      : [...new Set(writers.map((writer) => writer(element)))];
    if (texts.length * written.length > maximumAnchors) return [];
    texts = texts.flatMap((text) => written.map((tail) => text + tail));
  }
  return texts;
}

function writings(window: Element[]): string[] {
  const every = allCombinations(window, characterWriters);
  if (every.length > 0) return every;
  const uniform = characterWriters.map((writer) =>
    window.map((element) => (isUnreserved(element.text) ? plainWriter(element) : writer(element))).join(''),
  );
  return [
    ...uniform,
    ...allCombinations(window, characterWriters.slice(0, 2)),
    ...allCombinations(window, [plainWriter, characterWriters[2] ?? plainWriter]),
  ];
}

function tellingness(element: Element): number {
  const code = element.text.charCodeAt(0);
  if (code >= 48 && code <= 57) return 12;
  if (code >= 65 && code <= 90) return 12;
  return code >= 97 && code <= 122 ? 11 : 0;
}

// A window of letters and digits survives every partial escape; mixed ones are the least likely to occur by chance.
function bestWindow(elements: Element[], from: number, to: number, size: number): Element[] {
  let score = 0;
  for (let i = from; i < from + size; i += 1) score += tellingness(elements[i] as Element);
  let [best, bestScore] = [from, score];
  for (let start = from + 1; start + size <= to; start += 1) {
    score += tellingness(elements[start + size - 1] as Element) - tellingness(elements[start - 1] as Element);
    if (score > bestScore) [best, bestScore] = [start, score];
  }
  return elements.slice(best, best + size);
}

function anchorsOf(elements: Element[], encoded: Encoded): Buffer[] {
  const found = new Set<string>();
  const add = (text: string): void => {
    if (text.length >= anchorWindow) found.add(text);
  };
  if (!encoded.flexible) {
    const start = Math.max(0, Math.min(encoded.hot.from, encoded.bytes.length - 24));
    add(encoded.bytes.subarray(start, start + 24).toString('latin1'));
    return [...found].map((text) => Buffer.from(text, 'latin1'));
  }
  let { from, to } = {
    from: Math.min(encoded.hot.from, elements.length),
    to: Math.min(encoded.hot.to, elements.length),
  };
  while (to - from < 2 * anchorWindow && to - from < elements.length) {
    if (from > 0) from -= 1;
    if (to < elements.length) to += 1;
  }
  const halves: [number, number][] =
    to - from >= 2 * anchorWindow
      ? [
          [from, from + Math.floor((to - from) / 2)],
          [from + Math.floor((to - from) / 2), to],
        ]
      : [[from, to]];
  for (const [start, end] of halves) {
    for (const text of writings(bestWindow(elements, start, end, Math.min(anchorWindow, end - start))))
      add(text);
  }
  if (halves.length === 1) {
    for (let cut = from + 1; cut < to; cut += 1) {
      const before = elements
        .slice(Math.max(from, cut - 5), cut)
        .map(plainWriter)
        .join('');
      const after = elements
        .slice(cut, Math.min(to, cut + 5))
        .map(plainWriter)
        .join('');
      for (const gap of encoded.encoding === 'plain' ? [...commonGaps, ...plainGaps] : commonGaps)
        add(before + gap + after);
    }
  }
  if (encoded.escapesLetters) {
    const size = Math.min(6, to - from);
    for (const [start, end] of halves) {
      for (const writer of wholesaleWriters) add(bestWindow(elements, start, end, size).map(writer).join(''));
    }
  }
  return [...found].map((text) => Buffer.from(text, 'latin1'));
}

function nameOf(
  elements: readonly Element[],
  encoded: Encoded,
  { families, splits }: Walked,
  match: string,
): string {
  const names = escapeFamilies
    .filter((family) => families.has(family))
    .map((family) => {
      if (family === 'url')
        return isWhollyUrlEncoded(elements, match) ? 'url-encoded' : 'url-encoded in part';
      if (family === 'url twice') return 'url-encoded twice';
      if (family === 'form') return 'form-encoded';
      return family === 'quoted-printable' ? family : `${family}-escaped`;
    });
  const base = encoded.encoding === 'plain' ? [] : [encoded.encoding];
  return [...base, ...names, ...splits].join(', ') || 'plain';
}

function isWhollyUrlEncoded(elements: readonly Element[], match: string): boolean {
  return elements.every(({ text }) => /[A-Za-z0-9%_.~!*'()-]/.test(text) || !match.includes(text));
}

function patternOf(part: Part, encoded: Encoded): Pattern {
  // Kept only once an anchor was seen: thousands of patterns never need theirs again.
  let known: Element[] | undefined;
  const literal = encoded.bytes.toString('latin1');
  return {
    part,
    encoded,
    anchors: anchorsOf(elementsOf(encoded), encoded),
    reach: encoded.flexible ? Math.min(4096, encoded.bytes.length * 12 + 320) : encoded.bytes.length,
    match(text, anchorStart, anchorEnd) {
      if (!encoded.flexible) {
        const start = text.indexOf(literal, Math.max(0, anchorEnd - literal.length));
        if (start < 0 || start > anchorStart) return undefined;
        return { start, end: start + literal.length, encoding: encoded.encoding };
      }
      known ??= elementsOf(encoded);
      const elements = known;
      const walked = walkAround(elements, encoded.escapesLetters, text, anchorStart, anchorEnd);
      if (!walked) return undefined;
      const encoding = nameOf(elements, encoded, walked, text.slice(walked.start, walked.end));
      return { start: walked.start, end: walked.end, encoding };
    },
  };
}

/** The patterns of one part: one for each encoding. */
export function patternsOf(part: Part): Pattern[] {
  return encodingsOf(part)
    .map((encoded) => patternOf(part, encoded))
    .filter((pattern) => pattern.anchors.length > 0);
}
