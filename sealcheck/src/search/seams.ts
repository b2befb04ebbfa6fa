import type { Text } from './text.ts';

/** What is between the quotes around two pieces of a string, without its own quotes and white space. */
const BETWEEN_QUOTES = new Set(['+', '.', ',', '}{', '.concat(', ').concat(', '+(', ')+(', ')+']);
const LONGEST = 10;
const MAY_JOIN = new Uint8Array(256);
for (const between of BETWEEN_QUOTES) MAY_JOIN[between.charCodeAt(0)] = 1;
const RSC_BORDER = /\]\)<\/script><script[^>]*>self\.__next_f\.push\(\[1,$/;
const RSC_END = '.push([1,';
// Only markup of highlighters: anything else in an attribute is searched.
const CLASS =
  'class=(?:(?:hljs|token|shiki|line|highlight|chroma|pl-|mtk|cm-|ace_)[a-z0-9_-]{0,30}|[a-z]{1,3}\\d{0,2})';
const COLOUR = '(?:#[0-9a-fA-F]{3,8}|rgba?\\([\\d.,%]+\\)|var\\(--[a-z-]+\\)|[a-z]{3,12})';
const STYLE = `style=(?:(?:--)?(?:color|background-color|shiki-[a-z-]+):${COLOUR};?){1,4}`;
const TAG = new RegExp(
  `^<(?:!--[^<>]{0,8}--|/?(?:span|mark|em|strong|code)|wbr/?|span(?:${CLASS}|${STYLE}){1,2})>$`,
);
const LONGEST_TAG = 160;
const OPENING = 0x3c;
const MAY_BEGIN_TAG = new Uint8Array(256);
for (const byte of Buffer.from('!/smwec')) MAY_BEGIN_TAG[byte] = 1;

function endOf({ bytes, length }: Text, count: number): string {
  return Buffer.from(bytes.buffer, Math.max(0, length - count), Math.min(length, count)).toString('latin1');
}

/**
 * Removes from a text, now followed by a quote, what joins two pieces of a string. `quote` is where the last quote was.
 */
export function cutSeam(text: Text, quote: number): void {
  const { bytes, length } = text;
  const size = length - quote;
  if (quote >= 0 && size > 0 && size <= LONGEST && MAY_JOIN[bytes[quote] as number] === 1) {
    if (BETWEEN_QUOTES.has(endOf(text, size))) text.length = quote;
  } else if (bytes[length - 1] === 0x2c && endOf(text, RSC_END.length) === RSC_END)
    text.length -= RSC_BORDER.exec(endOf(text, LONGEST_TAG))?.[0].length ?? 0;
}

/** Whether a relevant tag may have this as its last byte before ">". */
export const mayEndTag = (byte: number | undefined): boolean => byte !== undefined && MAY_END_TAG[byte] === 1;
const MAY_END_TAG = new Uint8Array(256);
for (const byte of Buffer.from('/-;)_ABCDEFabcdefghijklmnopqrstuvwxyz0123456789')) MAY_END_TAG[byte] = 1;

/** Removes a tag or comment at the end of a text, and returns whether there was one. */
export function cutTag(text: Text): boolean {
  const { bytes, length } = text;
  let start = length - 1;
  const limit = Math.max(0, length - LONGEST_TAG);
  while (start >= limit && bytes[start] !== OPENING) start -= 1;
  if (start < limit || MAY_BEGIN_TAG[bytes[start + 1] as number] !== 1) return false;
  if (!TAG.test(`${endOf(text, length - start)}>`)) return false;
  text.length = start;
  return true;
}
