import type { Text } from './text.ts';

const [LF, CR, SPACE, AMPERSAND, EQUALS, PERCENT, BACKSLASH] = [10, 13, 32, 38, 61, 37, 92];
const PLUS = 43;
const CARET = 94;
const AFTER_CARET = new Uint8Array(256);
for (const byte of Buffer.from('&<>|^%"')) AFTER_CARET[byte] = 1;
const [OPENING_BRACE, CLOSING_BRACE, HASH, SEMICOLON] = [123, 125, 35, 59];
const [LOWER_U, UPPER_U, LOWER_X] = [117, 85, 120];
/** How many bytes a decoder may read past the end of a text. */
export const LOOK_AHEAD = 32;
const longestName = 8;
const longestNumber = 24;

/** The value of each byte as a hex digit, 255 for every other byte. */
const HEX = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 16; digit += 1) {
  const letter = digit.toString(16);
  HEX[letter.charCodeAt(0)] = digit;
  HEX[letter.toUpperCase().charCodeAt(0)] = digit;
}

const hexAt = (bytes: Uint8Array, at: number): number => HEX[bytes[at] as number] ?? 255;
const pairAt = (bytes: Uint8Array, at: number): number => {
  const [high, low] = [hexAt(bytes, at), hexAt(bytes, at + 1)];
  return high < 16 && low < 16 ? high * 16 + low : -1;
};
const isUpperHex = (byte: number | undefined): boolean =>
  byte !== undefined && HEX[byte] !== 255 && byte < 0x61;
const isLetterOrDigit = (byte: number | undefined): boolean =>
  byte !== undefined && ((byte >= 48 && byte <= 57) || ((byte | 32) >= 97 && (byte | 32) <= 122));

/** Named HTML characters that encoders write, with the names of the HTML standard in lower case. */
const NAMES = new Map(
  Object.entries({
    ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", sol: '/', bsol: '\\', colon: ':', semi: ';' },
    ...{ commat: '@', plus: '+', equals: '=', percnt: '%', excl: '!', num: '#', dollar: '$', ast: '*' },
    ...{ quest: '?', grave: '`', lpar: '(', rpar: ')', comma: ',', period: '.', hat: '^', vert: '|' },
    ...{ verbar: '|', lsqb: '[', lbrack: '[', rsqb: ']', rbrack: ']', lcub: '{', lbrace: '{', rcub: '}' },
    ...{ rbrace: '}', lowbar: '_', hyphen: '-', dash: '-', tilde: '~', nbsp: ' ', tab: '\t', newline: '\n' },
  }).map(([name, character]) => [name, character.charCodeAt(0)]),
);

function put(to: Text, byte: number, at: number): void {
  to.bytes[to.length] = byte;
  to.at[to.length] = at;
  to.length += 1;
}

function putCharacter(to: Text, point: number, at: number): void {
  if (point < 0x80) put(to, point, at);
  else if (point <= 0x10ffff) {
    for (const byte of Buffer.from(String.fromCodePoint(point))) put(to, byte, at);
  }
}

/** The number that `digits` spells between two positions, or -1 if there is anything else. */
function numberIn(bytes: Uint8Array, from: number, to: number, base: 10 | 16): number {
  if (to <= from || to - from > longestNumber) return -1;
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const digit = hexAt(bytes, at);
    if (digit >= base) return -1;
    value = value * base + digit;
  }
  return value;
}

/** Decodes the escape at `at` to `to`. Returns where it ends, or 0 if there is none. */
type Decoder = (from: Text, at: number, to: Text) => number;

const percent: Decoder = ({ bytes, at: origin }, at, to) => {
  const start = origin[at] as number;
  const byte = pairAt(bytes, at + 1);
  if (byte >= 0) put(to, byte, start);
  else if (bytes[at + 1] === PERCENT) put(to, PERCENT, start);
  else return 0;
  return byte >= 0 ? at + 3 : at + 2;
};

// RFC 2045, 6.7: the digits are upper case. Lower-case ones may be base64 after "=".
const quotedPrintable: Decoder = ({ bytes, at: origin }, at, to) => {
  if (!isUpperHex(bytes[at + 1]) || !isUpperHex(bytes[at + 2])) return 0;
  put(to, pairAt(bytes, at + 1), origin[at] as number);
  return at + 3;
};

const entity: Decoder = ({ bytes, at: origin, length }, at, to) => {
  const limit = Math.min(length, at + longestNumber);
  let end = at + 1;
  if (bytes[end] === HASH) end += 1;
  while (end < limit && isLetterOrDigit(bytes[end])) end += 1;
  if (bytes[end] !== SEMICOLON || end >= limit) return 0;
  let point: number | undefined;
  if (bytes[at + 1] !== HASH) {
    if (end - at > longestName + 1) return 0;
    point = NAMES.get(String.fromCharCode(...bytes.subarray(at + 1, end)).toLowerCase());
  } else {
    const isHex = ((bytes[at + 2] as number) | 32) === LOWER_X;
    point = isHex ? numberIn(bytes, at + 3, end, 16) : numberIn(bytes, at + 2, end, 10);
  }
  if (point === undefined || point < 0) return 0;
  putCharacter(to, point, origin[at] as number);
  return end + 1;
};

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;

function unicode({ bytes, at: origin, length }: Text, at: number, to: Text): number {
  const start = origin[at] as number;
  if (bytes[at + 2] === OPENING_BRACE) {
    const end = bytes.subarray(0, Math.min(length, at + longestNumber)).indexOf(CLOSING_BRACE, at + 3);
    const point = end < 0 ? -1 : numberIn(bytes, at + 3, end, 16);
    if (point < 0) return 0;
    putCharacter(to, point, start);
    return end + 1;
  }
  const digits = bytes[at + 1] === UPPER_U ? 8 : 4;
  const unit = at + 2 + digits > length ? -1 : numberIn(bytes, at + 2, at + 2 + digits, 16);
  if (unit < 0) return 0;
  const next = at + 2 + digits;
  if (isHighSurrogate(unit) && bytes[next] === BACKSLASH && bytes[next + 1] === LOWER_U) {
    const low = next + 6 > length ? -1 : numberIn(bytes, next + 2, next + 6, 16);
    if (low >= 0xdc00 && low < 0xe000) {
      putCharacter(to, (unit - 0xd800) * 0x400 + low - 0xdc00 + 0x10000, start);
      return next + 6;
    }
  }
  putCharacter(to, unit, start);
  return next;
}

// Octal: \101. CSS: two digits, or up to six that end with a space or fill all six places.
function digits({ bytes, at: origin, length }: Text, at: number, to: Text): number {
  let end = at + 1;
  while (end < length && end < at + 7 && hexAt(bytes, end) < 16) end += 1;
  const start = origin[at] as number;
  const count = end - at - 1;
  if (count >= 3) {
    const octal = String.fromCharCode(...bytes.subarray(at + 1, at + 4));
    if (/^[0-3][0-7]{2}$/.test(octal) && !(count === 6 && octal === '000')) {
      put(to, Number.parseInt(octal, 8), start);
      return at + 4;
    }
  }
  // A form encodes a space as a plus.
  const isTerminated = end < length && (bytes[end] === SPACE || (bytes[end] === PLUS && count > 1));
  if (count === 2 && bytes[at + 1] === 48 && bytes[at + 2] === 48 && !isTerminated) return 0;
  if (!isTerminated && count !== 2 && !(count === 6 && bytes[at + 1] === 48)) return 0;
  putCharacter(to, numberIn(bytes, at + 1, end, 16), start);
  return isTerminated ? end + 1 : end;
}

/** Whether there is another escape where the digits of this one should continue: it is decoded first. */
function isCutShort(bytes: Uint8Array, at: number): boolean {
  const hasLetter = hexAt(bytes, at + 1) > 15;
  let end = at + (hasLetter ? 2 : 1);
  if (hasLetter && (bytes[at + 1] as number | 32) !== LOWER_U && bytes[at + 1] !== LOWER_X) return false;
  while (end < at + 7 && hexAt(bytes, end) < 16) end += 1;
  return bytes[end] === EQUALS || bytes[end] === AMPERSAND || bytes[end] === PERCENT;
}

const CONTROLS = new Map([
  [110, LF],
  [114, CR],
  [116, 9],
]);

const backslash: Decoder = (from, at, to) => {
  const { bytes, at: origin, length } = from;
  const next = bytes[at + 1];
  if (at + 1 >= length || next === undefined) return at + 1;
  // Of the two readings of \=3D, the one that decodes first loses nothing.
  if (next === EQUALS && isUpperHex(bytes[at + 2]) && isUpperHex(bytes[at + 3])) return 0;
  const start = origin[at] as number;
  if (next === BACKSLASH) {
    put(to, BACKSLASH, start);
    // The resulting backslash applies to the escape, not to what the escape decodes to.
    const follows = bytes[at + 2] as number;
    if (BEGINS_ESCAPE[follows] !== 1 || follows === BACKSLASH) return at + 2;
    put(to, follows, origin[at + 2] as number);
    return at + 3;
  }
  const control = CONTROLS.get(next);
  let end = 0;
  if (control !== undefined) {
    put(to, control, start);
    end = at + 2;
  } else if (next === LOWER_U || next === UPPER_U) end = unicode(from, at, to);
  else if (next === LOWER_X) {
    const byte = at + 4 > length ? -1 : pairAt(bytes, at + 2);
    if (byte >= 0) put(to, byte, start);
    end = byte >= 0 ? at + 4 : 0;
  } else if (hexAt(bytes, at + 1) < 16) end = digits(from, at, to);
  if (end > 0) return end;
  if (isCutShort(bytes, at)) return 0;
  put(to, next, start);
  return at + 2;
};

// cmd.exe
const caret: Decoder = ({ bytes, at: origin }, at, to) => {
  if (AFTER_CARET[bytes[at + 1] as number] !== 1) return 0;
  put(to, bytes[at + 1] as number, origin[at] as number);
  return at + 2;
};

const DECODERS: (Decoder | undefined)[] = [];
DECODERS[PERCENT] = percent;
DECODERS[EQUALS] = quotedPrintable;
DECODERS[AMPERSAND] = entity;
DECODERS[BACKSLASH] = backslash;
DECODERS[CARET] = caret;

/** Whether an escape can begin with a byte. */
export const BEGINS_ESCAPE = Uint8Array.from({ length: 256 }, (_, byte) => (DECODERS[byte] ? 1 : 0));

/** Removes what is interleaved with escapes: the NULs of UTF-16, and the soft line breaks of quoted-printable. */
function removeBreaks(text: Text): void {
  const { bytes, at, length } = text;
  let kept = 0;
  let [backslashes, beforeThem] = [0, 0];
  for (let index = 0; index < length; index += 1) {
    const byte = bytes[index] as number;
    // After an odd number of backslashes a NUL is itself escaped, unless the backslash is a letter of UTF-16.
    const isEscaped = backslashes % 2 === 1 && !(backslashes === 1 && beforeThem === 0);
    if (byte === LF && kept > 0 && bytes[kept - 1] === EQUALS) kept -= 1;
    else if (byte === LF && kept > 1 && bytes[kept - 1] === CR && bytes[kept - 2] === EQUALS) kept -= 2;
    else if (byte !== 0 || isEscaped) {
      bytes[kept] = byte;
      at[kept] = at[index] as number;
      kept += 1;
    }
    if (byte === BACKSLASH) backslashes += 1;
    else [backslashes, beforeThem] = [0, byte];
  }
  text.length = kept;
  // Decoders look ahead without checking where the text ends.
  bytes.fill(0, kept, kept + LOOK_AHEAD);
}

/** Undoes one level of every escape in `from`, copies the rest, and returns whether there was any. */
function decodeOnce(from: Text, to: Text): boolean {
  removeBreaks(from);
  to.length = 0;
  let isChanged = false;
  for (let at = 0; at < from.length; ) {
    const byte = from.bytes[at] as number;
    const end = DECODERS[byte]?.(from, at, to) ?? 0;
    if (end > 0) {
      isChanged = true;
      at = end;
    } else {
      put(to, byte, from.at[at] as number);
      at += 1;
    }
  }
  return isChanged;
}

// Three encoders and the escapes of the value itself need fewer.
const mostLevels = 12;

/** Undoes escapes until none is left. `text` and `spare` are both overwritten; one of them is the result. */
export function decodeEscapes(text: Text, spare: Text): Text {
  let [from, to] = [text, spare];
  for (let level = 1; decodeOnce(from, to) && level < mostLevels; level += 1) [from, to] = [to, from];
  return to;
}

const mayFollow = (byte: number): boolean => byte === 0 || BEGINS_ESCAPE[byte] === 1;

/** Whether a backslash before this byte is more than dropped: it begins an escape, or may after more decoding. */
const AFTER_BACKSLASH = Uint8Array.from({ length: 256 }, (_, byte) =>
  mayFollow(byte) ||
  HEX[byte] !== 255 ||
  byte === LF ||
  byte === CR ||
  /[nrtuUx]/.test(String.fromCharCode(byte))
    ? 1
    : 0,
);

function mayBeEntity(bytes: Uint8Array, at: number, end: number): boolean {
  if (bytes[at + 1] === HASH) return true;
  for (let index = at + 1; index < end && index <= at + longestName + 1; index += 1) {
    const byte = bytes[index] as number;
    if (isLetterOrDigit(byte)) continue;
    if (byte === AMPERSAND) return false;
    return byte === SEMICOLON ? index > at + 1 : mayFollow(byte);
  }
  return at + longestName + 1 >= end;
}

/**
 * Whether an escape may begin at `at`, now or once what follows is decoded. A fast test that may be wrong in one
 * direction: it is true if the bytes end too early to tell.
 */
export function mayBeginEscape(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 2 >= end) return true;
  const byte = bytes[at] as number;
  const next = bytes[at + 1] as number;
  const afterNext = bytes[at + 2] as number;
  if (byte === BACKSLASH) return AFTER_BACKSLASH[next] === 1;
  if (byte === CARET) return AFTER_CARET[next] === 1 || next === 0;
  if (byte === AMPERSAND) return mayBeEntity(bytes, at, end);
  if (byte === PERCENT)
    return mayFollow(next) || (HEX[next] !== 255 && (HEX[afterNext] !== 255 || mayFollow(afterNext)));
  if (next === LF || next === CR || (mayFollow(next) && next !== EQUALS)) return true;
  return isUpperHex(next) && (isUpperHex(afterNext) || mayFollow(afterNext));
}
