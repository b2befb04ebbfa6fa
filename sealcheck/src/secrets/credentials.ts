import { createPrivateKey, createPublicKey } from 'node:crypto';

/** Something to search for. `hot` is the range of bytes that identifies it; without it, all of them. */
export type Draft = { name: string; text: string; hot?: { from: number; to: number } };

/** The longest text that is searched for in one piece. */
export const longestPiece = 160;

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
  const pairs = text.matchAll(/(?:^|[?&;\s])([A-Za-z][\w .-]*?)\s*=\s*("[^"]*"|'[^']*'|\{[^}]*\}|[^&;\s]+)/g);
  return [...pairs].flatMap(([, name = '', value = '']) => {
    if (!namesASecret.test(name)) return [];
    const bare = value.replace(/^(["'])(.*)\1$/, '$2').replace(/^\{(.*)\}$/, '$1');
    return [...new Set([decoded(bare), bare])].map((text) => ({ name: `value of ${name}`, text }));
  });
}

// The scheme, the user, the password with any raw characters in it, and the host: a URL, or a DSN of Go's MySQL driver.
const withUser =
  /^((?:jdbc:)?[a-z][a-z0-9+.-]*:(?:thin:|\/\/))?([^\s:@/?#]*)(?:[:/](.+))?@(?:[a-z]+\(|\/\/)?[\w.[\]:-]/i;

function partsOfUrl(text: string): Draft[] {
  const match = withUser.exec(text);
  if (!match) return [];
  const [, scheme, user = '', password] = match;
  // Without a scheme only Go's form is recognized: an @ could also be part of a password.
  if (scheme === undefined && !/@[a-z]+\(/.test(text)) return [];
  const start = scheme?.length ?? 0;
  const whole = (from: number, to: number): Draft[] =>
    text.length <= longestPiece ? [{ name: 'whole', text, hot: { from, to } }] : [];
  if (password === undefined) {
    return [
      { name: 'user', text: decoded(user) },
      ...namedValues(text),
      ...whole(start, start + user.length),
    ];
  }
  const from = start + user.length + 1;
  const pair = `${decoded(user)}:${decoded(password)}`;
  const drafts: Draft[] = [
    { name: 'password', text: decoded(password) },
    { name: 'user:password', text: pair, hot: { from: decoded(user).length + 1, to: pair.length } },
  ];
  if (decoded(password) !== password) drafts.push({ name: 'password as written', text: password });
  return [...drafts, ...namedValues(text), ...whole(from, from + password.length)];
}

const pemBlock = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g;

/** The public half of a private key, which certificates and public keys hold too. */
function publicBytes(pem: string): Buffer {
  try {
    return createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'der' });
  } catch {
    return Buffer.alloc(0);
  }
}

// The first line of every OpenSSH key without a passphrase.
const openSshHead = 'b3BlbnNzaC1rZXktdjE';

function isPublicLine(line: string, known: Buffer): boolean {
  const bytes = Buffer.from(line, 'base64');
  return line.startsWith(openSshHead) || (bytes.length > 24 && known.includes(bytes.subarray(12, 24)));
}

/**
 * The lines of private keys; none for certificates and public keys, and undefined for a text without any such block.
 */
export function linesOfPem(text: string): Draft[] | undefined {
  const written = text.replaceAll('\\n', '\n').replace(/-----(BEGIN|END)[^-]*-----/g, '\n$&\n');
  const blocks = [...written.matchAll(pemBlock)];
  if (blocks.length === 0) return undefined;
  const drafts: Draft[] = [];
  for (const [, label = '', body = ''] of blocks) {
    if (/CERTIFICATE|PUBLIC KEY|PARAMETERS/.test(label)) continue;
    const lines = body.split(/\s+/).filter((line) => line.length >= 16 && /^[A-Za-z0-9+/=]+$/.test(line));
    const known = publicBytes(`-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`);
    for (const line of lines)
      if (!isPublicLine(line, known)) drafts.push({ name: `PEM line ${drafts.length + 1}`, text: line });
  }
  return drafts;
}

/** A text without its PEM blocks. */
export const withoutPem = (text: string): string => text.replace(pemBlock, '');

const jwt = /^(eyJ[\w-]+\.[\w-]+\.)([\w-]{20,})$/;
const scheme = /^(?:authorization:\s*)?(?:basic|bearer|token)\s+(?=\S+$)/i;

// The user and password of Basic and of Docker's and npm's auth, a Kubernetes secret, a key in a kubeconfig.
function decodedBase64(text: string): Draft[] {
  if (!/^[A-Za-z0-9+/_-]{8,}={0,2}$/.test(text)) return [];
  const inner = Buffer.from(text, 'base64').toString();
  if (!/^[\x20-\x7e\s]{8,}$/.test(inner)) return [];
  const named = (drafts: Draft[]) => drafts.map((draft) => ({ ...draft, name: `decoded ${draft.name}` }));
  const pem = linesOfPem(inner);
  if (pem) return named(pem);
  const [, password] = /^[^\s:]+:(\S+)$/.exec(inner) ?? [];
  return named([
    { name: 'value', text: inner.trim() },
    ...(password === undefined ? [] : [{ name: 'password', text: password }]),
  ]);
}

/**
 * Splits one value into the parts that would give it away. `bare` says whether it contained nothing but itself, so that
 * its name decides whether it is a secret.
 */
export function takeValueApart(text: string): { drafts: Draft[]; bare: boolean } {
  const pem = linesOfPem(text);
  if (pem) return { drafts: pem, bare: false };
  const urls = text.split(/[\s,;]+(?=(?:jdbc:)?[a-z][a-z0-9+.-]*:\/\/)/i).map(partsOfUrl);
  if (urls.some((parts) => parts.length > 0)) return { drafts: urls.flat(), bare: false };
  const token = jwt.exec(text);
  if (token) {
    const [, claims = '', signature = ''] = token;
    const hot = { from: claims.length, to: text.length };
    const drafts: Draft[] = [{ name: 'signature', text: signature }];
    if (text.length <= longestPiece) drafts.push({ name: 'whole', text, hot });
    return { drafts, bare: false };
  }
  const named = namedValues(text);
  const credential = text.replace(scheme, '');
  return {
    drafts: [
      { name: 'whole', text },
      ...(credential === text ? [] : [{ name: 'credential', text: credential }]),
      ...decodedBase64(credential),
      ...named,
    ],
    bare: named.length === 0 && credential === text,
  };
}
