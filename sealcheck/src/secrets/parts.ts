import { type Draft, linesOfPem, longestPiece, takeValueApart, withoutPem } from './credentials.ts';
import type { DeclaredSecret } from './declare.ts';
import { type Leaf, readStructured } from './formats.ts';
import { isCredentialName, isMadePublic, isSecret, looksRandom } from './judgement.ts';
import { textOf } from './text.ts';

/** One identifying part of a secret: what is searched for. `hot` is the range of bytes that identifies it. */
export type Part = {
  secret: string;
  name: string;
  bytes: Buffer;
  hot: { from: number; to: number };
};

/** A part that is too short or too common to be searched for reliably, with the reason. */
export type RefusedPart = {
  secret: string;
  part: string;
  reason: string;
};

/** The shortest value, in bytes, that is searched for. */
export const minimumLength = 8;
const pieceLength = 64;

const commonWords = new Set(
  `admin administrator app application changeme change database default demo dev development docker enabled disabled
  example false guest hello host hostname information letmein local localhost login main master next node none null
  pass passw0rd passwd password postgres postgresql private prod production public qwerty redis root secret server
  service staging string test testing token true undefined user username value welcome world mysql mongodb https
  http www com org net is me my the key api abc abcd abcdef abcdefgh`.split(/\s+/),
);

const commonReason = 'made of common words';

function reasonToRefuse(bytes: Buffer): string | undefined {
  const text = bytes.toString('latin1');
  const words = text
    .toLowerCase()
    .split(/[^a-z0-9]+|(?<=[a-z])(?=\d)/)
    .filter(Boolean);
  const isWords = words.join('').length > text.length / 2;
  if (isWords && words.every((word) => commonWords.has(word) || /^\d{1,4}$/.test(word))) return commonReason;
  if (bytes.length < minimumLength) return `shorter than ${minimumLength} bytes`;
  if (/^\d+$/.test(text) && text.length < 12) return 'a number of fewer than 12 digits';
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= count * Math.log2(count / text.length);
  if (bits < 18) return 'too repetitive';
  const steps = new Set<number>();
  for (let i = 1; i < bytes.length; i += 1) steps.add((bytes[i] ?? 0) - (bytes[i - 1] ?? 0));
  if (steps.size <= 1) return 'a run of neighbouring characters';
  return undefined;
}

/** The parts that a secret was split into. */
export type Taken = {
  parts: Part[];
  refused: RefusedPart[];
  /** The names of the values in it that are not secret according to their name and form. */
  passedOver: string[];
  /** Whether it has several lines in an unknown format: each is then searched for as a whole. */
  isUnrecognised: boolean;
};

// Draft's texts are in characters, parts are in bytes.
function piecesOf({ name, text, hot }: Draft): Omit<Part, 'secret'>[] {
  const bytes = Buffer.from(text);
  const from = hot ? Buffer.byteLength(text.slice(0, hot.from)) : 0;
  const to = hot ? Buffer.byteLength(text.slice(0, hot.to)) : bytes.length;
  if (bytes.length <= longestPiece) return [{ name, bytes, hot: { from, to } }];
  return piecesOfBytes(name, bytes);
}

function piecesOfBytes(name: string, bytes: Buffer): Omit<Part, 'secret'>[] {
  const count = Math.ceil(bytes.length / pieceLength);
  return Array.from({ length: count }, (_, index) => {
    const start = Math.min(index * pieceLength, bytes.length - pieceLength);
    const piece = bytes.subarray(start, start + pieceLength);
    return {
      name: `${name}, piece ${index + 1} of ${count}`,
      bytes: piece,
      hot: { from: 0, to: piece.length },
    };
  });
}

const named = (prefix: string, drafts: readonly Draft[]): Draft[] =>
  drafts.map((draft) => ({
    ...draft,
    name: /^line \d+$/.test(prefix) ? `${prefix} ${draft.name}` : `${prefix}: ${draft.name}`,
  }));

// In a line of an unknown format, such as PHP or a command.
const randomWords = (line: string): Draft[] =>
  line
    .split(/[\s"'`,;:=()<>[\]{}]+/)
    .filter((word) => word !== line && looksRandom(word))
    .map((text, at) => ({ name: `word ${at + 1}`, text }));

type Found = { drafts: Draft[]; passedOver: string[]; isUnrecognised: boolean };

function inLeaves(
  leaves: readonly Leaf[],
  isDeclaredConfiguration: boolean,
  isExempt: (path: string) => boolean,
): Found {
  const drafts: Draft[] = [];
  const passedOver = new Set<string>();
  // If a value has a credential's name, the others have names of their own, and are judged by them.
  const isConfiguration = isDeclaredConfiguration || leaves.some(({ path }) => isCredentialName(path));
  for (const { path, value } of leaves) {
    const { drafts: found, bare } = takeValueApart(value);
    if (isExempt(path) || isMadePublic(path, value) || (bare && !isSecret(path, value, isConfiguration)))
      passedOver.add(path);
    else drafts.push(...named(path, found));
  }
  return { drafts, passedOver: [...passedOver], isUnrecognised: false };
}

function inOneLine(secret: DeclaredSecret, text: string, isExempt: (path: string) => boolean): Found {
  const { drafts, bare } = takeValueApart(text);
  const structured = readStructured(text);
  if (structured && (secret.isFound || /^(?:JSON|XML|netrc|pgpass)$/.test(structured.format)))
    return inLeaves(structured.leaves, secret.isConfiguration === true, isExempt);
  const isLeftOut = isMadePublic(secret.id, text) || (bare && !isSecret(secret.id, text, true));
  if (secret.isConfiguration && isLeftOut)
    return { drafts: [], passedOver: [secret.id], isUnrecognised: false };
  // What looks like a name could also be the beginning of a password, so the line counts too.
  const leaves = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? [] : (structured?.leaves ?? []);
  const assigned = inLeaves(
    leaves.map(({ value }) => ({ path: 'line 1', value })),
    false,
    isExempt,
  );
  const [whole, ...others] = drafts;
  return {
    drafts: [
      ...(whole ? [whole] : []),
      ...assigned.drafts,
      ...others,
      ...(/\s/.test(text) ? randomWords(text) : []),
    ],
    passedOver: [],
    isUnrecognised: false,
  };
}

function inLines(secret: DeclaredSecret, text: string, isExempt: (path: string) => boolean): Found {
  const pem = linesOfPem(text);
  const rest = withoutPem(text);
  if (pem && !/[=:]/.test(rest)) return { drafts: pem, passedOver: [], isUnrecognised: false };
  const structured = readStructured(text);
  if (structured) {
    const found = inLeaves(structured.leaves, secret.isConfiguration === true, isExempt);
    return { ...found, drafts: [...found.drafts, ...(pem ?? [])] };
  }
  const lines = rest
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);
  const drafts = lines.flatMap((line, index) =>
    named(`line ${index + 1}`, [...takeValueApart(line).drafts, ...randomWords(line)]),
  );
  return { drafts: [...(pem ?? []), ...drafts], passedOver: [], isUnrecognised: !pem };
}

// In a configuration, neither a placeholder such as "postgres" nor a value without a credential's name is a secret.
function isMissed(part: string, reason: string, secret: DeclaredSecret): boolean {
  const path = part.includes(': ') ? part.slice(0, part.lastIndexOf(': ')) : secret.id;
  return isCredentialName(path) && !(secret.isConfiguration && reason === commonReason);
}

/**
 * Splits a secret into the parts that would give it away: the values in a file of a known format that are secrets
 * according to their name and form, the password of a URL, the lines of a private key, a long value in chunks of 64
 * bytes. `exempt` names what is not secret: a secret, a path in it, the last word of that path, or both as
 * `secret:path`. Parts that would match by chance are rejected with a reason.
 */
export function takeApart(secret: DeclaredSecret, exempt: ReadonlySet<string> = new Set()): Taken {
  const isExempt = (path: string): boolean =>
    [path, path.split('.').at(-1) ?? path, `${secret.id}:${path}`].some((name) => exempt.has(name));
  const text = textOf(secret.value);
  const readings = text === undefined ? [] : [text, ...(secret.otherReadings ?? [])];
  const found = readings.map((reading) =>
    (reading.trim().includes('\n') ? inLines : inOneLine)(secret, reading.trim(), isExempt),
  );
  const pieces =
    text === undefined
      ? piecesOfBinary(secret.value)
      : found.flatMap(({ drafts }) => drafts.flatMap(piecesOf));
  const parts: Part[] = [];
  const refused: RefusedPart[] = [];
  const seen = new Set<string>();
  for (const piece of pieces) {
    const key = piece.bytes.toString('latin1');
    if (seen.has(key) || isExempt(piece.name)) continue;
    seen.add(key);
    const reason = reasonToRefuse(piece.bytes);
    if (reason) refused.push({ secret: secret.id, part: piece.name, reason });
    else parts.push({ secret: secret.id, ...piece });
  }
  // Of several readings of a line one is enough, and of a file that holds a secret only missing credentials are
  // reported.
  const missed = refused.filter(
    ({ part, reason }) =>
      !parts.some(({ name }) => name === part) &&
      (part.includes(': ') || secret.isConfiguration ? isMissed(part, reason, secret) : true),
  );
  const leftOut = found.flatMap(({ passedOver }) => passedOver);
  const isNone = secret.isConfiguration === true && parts.length === 0 && missed.length === 0;
  return {
    parts,
    refused: missed,
    passedOver:
      isNone && leftOut.length === 0 ? [secret.id] : parts.length > 0 && found.length > 1 ? [] : leftOut,
    isUnrecognised: found.some(({ isUnrecognised }) => isUnrecognised),
  };
}

function piecesOfBinary(bytes: Buffer): Omit<Part, 'secret'>[] {
  if (bytes.length > longestPiece) return piecesOfBytes('whole', bytes);
  return [{ name: 'whole', bytes, hot: { from: 0, to: bytes.length } }];
}
