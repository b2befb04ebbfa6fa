import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';

const hmac = (key: Buffer, text: string | Buffer): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)));
const field = (message: string, name: string): string =>
  message
    .split(',')
    .find((part) => part.startsWith(`${name}=`))
    ?.slice(2) ?? '';

function keysOf(password: string, salt: Buffer, iterations: number) {
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256');
  const client = hmac(salted, 'Client Key');
  return { client, stored: sha256(client), server: hmac(salted, 'Server Key') };
}

/** The server's half of one SCRAM-SHA-256 exchange (RFC 5802, RFC 7677): it learns whether the client knows a password. */
export class ScramServer {
  readonly #password: string;
  readonly #salt = randomBytes(16);
  readonly #iterations = 4096;
  #clientFirst = '';
  #serverFirst = '';
  #nonce = '';

  constructor(password: string) {
    this.#password = password;
  }

  /** @returns the server's first message. */
  challenge(clientFirst: string): string {
    this.#clientFirst = clientFirst.replace(/^[^,]*,[^,]*,/, '');
    this.#nonce = field(this.#clientFirst, 'r') + randomBytes(18).toString('base64');
    this.#serverFirst = `r=${this.#nonce},s=${this.#salt.toString('base64')},i=${this.#iterations}`;
    return this.#serverFirst;
  }

  /** @returns the server's final message, or undefined when the client does not know the password. */
  verify(clientFinal: string): string | undefined {
    const keys = keysOf(this.#password, this.#salt, this.#iterations);
    const withoutProof = clientFinal.replace(/,p=.*$/, '');
    const exchange = `${this.#clientFirst},${this.#serverFirst},${withoutProof}`;
    const proof = Buffer.from(field(clientFinal, 'p'), 'base64');
    if (proof.length !== 32 || field(clientFinal, 'r') !== this.#nonce) return undefined;
    const stored = sha256(xor(proof, hmac(keys.stored, exchange)));
    if (!timingSafeEqual(stored, keys.stored)) return undefined;
    return `v=${hmac(keys.server, exchange).toString('base64')}`;
  }
}

/** The client's half of one SCRAM-SHA-256 exchange. */
export class ScramClient {
  readonly #password: string;
  readonly #bare = `n=*,r=${randomBytes(18).toString('base64')}`;

  constructor(password: string) {
    this.#password = password;
  }

  first(): string {
    return `n,,${this.#bare}`;
  }

  final(serverFirst: string): string {
    const keys = keysOf(
      this.#password,
      Buffer.from(field(serverFirst, 's'), 'base64'),
      Number(field(serverFirst, 'i')),
    );
    const withoutProof = `c=biws,r=${field(serverFirst, 'r')}`;
    const exchange = `${this.#bare},${serverFirst},${withoutProof}`;
    return `${withoutProof},p=${xor(keys.client, hmac(keys.stored, exchange)).toString('base64')}`;
  }
}
