import type { DeclaredSecret } from './declare.ts';

/** One telling part of a secret: what is searched for. `hot` is the range of bytes that nobody else would have. */
export interface Part {
  secret: string;
  name: string;
  bytes: Buffer;
  hot: { from: number; to: number };
  /** Whether another part is searched for that is all of the hot range: what finds that one finds this one too. */
  covered: boolean;
}

/** A part that is too short or too common to be searched for honestly, with the reason. */
export interface RefusedPart {
  secret: string;
  part: string;
  reason: string;
}

/** The shortest value, in bytes, that is searched for. */
export const minimumLength = 8;
const longestPiece = 160;
const pieceLength = 64;

const commonWords = new Set(
  `admin administrator app application changeme change database default demo dev development docker enabled disabled
  example false guest hello host hostname information letmein local localhost login main master next node none null
  pass passw0rd passwd password postgres postgresql private prod production public qwerty redis root secret server
  service staging string test testing token true undefined user username value welcome world mysql mongodb https
  http www com org net is me my the key api abc abcd abcdef abcdefgh`.split(/\s+/),
);

function reasonToRefuse(bytes: Buffer): string | undefined {
  if (bytes.length < minimumLength) return `shorter than ${minimumLength} bytes`;
  const text = bytes.toString('latin1');
  const words = text
    .toLowerCase()
    .split(/[^a-z0-9]+|(?<=[a-z])(?=\d)/)
    .filter(Boolean);
  const isWords = words.join('').length > text.length / 2;
  if (isWords && words.every((word) => commonWords.has(word) || /^\d{1,4}$/.test(word))) return 'made of common words';
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

interface Draft {
  name: string;
  bytes: Buffer;
  hot?: { from: number; to: number };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const namesASecret = /pass|pwd|secret|token|key|auth|sig|credential/i;

// `…?token=…` of a URL, `Password=…;` of a connection string, `password=…` of libpq.
function namedValues(text: string): Draft[] {
  const pairs = text.matchAll(/(?:^|[?&;\s])([A-Za-z][\w .-]*?)\s*=\s*("[^"]*"|'[^']*'|[^&;\s]+)/g);
  return [...pairs].flatMap(([, name = '', value = '']) =>
    namesASecret.test(name)
      ? [{ name: `value of ${name}`, bytes: Buffer.from(decoded(value.replace(/^(["'])(.*)\1$/, '$2'))) }]
      : [],
  );
}

function partsOfUrl(text: string): Draft[] {
  const match = /^([a-z][a-z0-9+.-]*:\/\/)([^\s:@/?#]*)(?::([^\s/?#]+))?@/i.exec(text);
  if (!match) return [];
  const [, scheme = '', user = '', password] = match;
  const whole = (hot: Draft['hot']): Draft[] =>
    text.length <= longestPiece ? [{ name: 'whole', bytes: Buffer.from(text), ...(hot && { hot }) }] : [];
  if (password === undefined) {
    const hot = { from: scheme.length, to: scheme.length + user.length };
    return [{ name: 'user', bytes: Buffer.from(decoded(user)) }, ...namedValues(text), ...whole(hot)];
  }
  const from = scheme.length + user.length + 1;
  const hot = { from, to: from + password.length };
  const pair = Buffer.from(`${decoded(user)}:${decoded(password)}`);
  const drafts: Draft[] = [
    { name: 'password', bytes: Buffer.from(decoded(password)) },
    {
      name: 'user:password',
      bytes: pair,
      hot: { from: pair.length - Buffer.byteLength(decoded(password)), to: pair.length },
    },
  ];
  if (decoded(password) !== password)
    drafts.push({ name: 'password as written', bytes: Buffer.from(password) });
  return [...drafts, ...namedValues(text), ...whole(hot)];
}

function leavesOfJson(text: string): Draft[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const drafts: Draft[] = [];
  const walk = (node: unknown, name: string, depth: number): void => {
    if (typeof node === 'string') drafts.push(...draftsOf(node, `${name}: `));
    else if (typeof node === 'object' && node !== null && depth < 8) {
      for (const [key, child] of Object.entries(node)) walk(child, name ? `${name}.${key}` : key, depth + 1);
    }
  };
  walk(value, '', 0);
  return drafts;
}

function draftsOf(text: string, prefix = ''): Draft[] {
  const named = (drafts: Draft[]) => drafts.map((draft) => ({ ...draft, name: prefix + draft.name }));
  const url = partsOfUrl(text);
  if (url.length > 0) return named(url);
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  if (/-----BEGIN [^-]+-----/.test(text)) {
    const body = (lines.length > 2 ? lines : text.split(/\\n|\s+/)).filter(
      (line) => line.length >= 16 && /^[A-Za-z0-9+/=]+$/.test(line),
    );
    return named(body.map((line, index) => ({ name: `PEM line ${index + 1}`, bytes: Buffer.from(line) })));
  }
  const assigned: Draft[] = [];
  for (const [index, line] of lines.entries()) {
    const value = /^(?:export\s+)?(?:\/\/[^\s=]+:)?[A-Za-z_][\w.-]*\s*=\s*(.+)$/
      .exec(line)?.[1]
      ?.replace(/^(["'])(.*)\1$/, '$2');
    if (value && !/^=*$/.test(value)) assigned.push(...draftsOf(value, `line ${index + 1} `));
  }
  if (assigned.length > 0 && lines.length > 1) return named(assigned);
  if (lines.length > 1) {
    return named(
      lines.flatMap((line, index) => (line ? [{ name: `line ${index + 1}`, bytes: Buffer.from(line) }] : [])),
    );
  }
  return named([{ name: 'whole', bytes: Buffer.from(text) }, ...assigned, ...namedValues(text)]);
}

function pieces(draft: Draft): Draft[] {
  if (draft.bytes.length <= longestPiece) return [draft];
  const count = Math.ceil(draft.bytes.length / pieceLength);
  return Array.from({ length: count }, (_, index) => {
    const start = Math.min(index * pieceLength, draft.bytes.length - pieceLength);
    return {
      name: `${draft.name}, piece ${index + 1} of ${count}`,
      bytes: draft.bytes.subarray(start, start + pieceLength),
    };
  });
}

/**
 * Takes a secret apart into what would give it away: the password of a URL and `user:password`, the value of each
 * assignment, each string of a JSON document, each body line of a PEM block; a long value in pieces of 64 bytes.
 * Parts that would match by chance are refused with a reason.
 */
export function takeApart(secret: DeclaredSecret): { parts: Part[]; refused: RefusedPart[] } {
  const text = secret.value.toString();
  const readable = Buffer.from(text).equals(secret.value);
  const drafts = (
    readable ? (leavesOfJson(text) ?? draftsOf(text)) : [{ name: 'whole', bytes: secret.value } as Draft]
  ).flatMap(pieces);
  const parts: Part[] = [];
  const refused: RefusedPart[] = [];
  const seen = new Set<string>();
  for (const { name, bytes, hot } of drafts) {
    const key = bytes.toString('latin1');
    if (seen.has(key)) continue;
    seen.add(key);
    const reason = reasonToRefuse(bytes);
    if (reason) refused.push({ secret: secret.id, part: name, reason });
    else
      parts.push({
        secret: secret.id,
        name,
        bytes,
        hot: hot ?? { from: 0, to: bytes.length },
        covered: false,
      });
  }
  for (const part of parts) {
    const telling = part.bytes.subarray(part.hot.from, part.hot.to);
    part.covered = parts.some((other) => other !== part && other.bytes.equals(telling));
  }
  return { parts, refused };
}
