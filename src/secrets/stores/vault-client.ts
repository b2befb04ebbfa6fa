import { maskSecret } from '../masking.ts';
import { StoreError } from './store.ts';

/** How a process authenticates to Vault. */
export type VaultSignIn =
  | { kind: 'token'; token: () => string }
  | { kind: 'approle'; mount: string; roleId: string; secretId: () => string }
  | { kind: 'kubernetes'; mount: string; role: string; jwt: () => string };

/** Where Vault is, and how to sign in. */
export type VaultAddress = { address: string; namespace?: string | undefined; signIn: VaultSignIn };

/** A response of Vault; see https://developer.hashicorp.com/vault/api-docs#http-status-codes. */
export type VaultAnswer = { status: number; body: Record<string, unknown> };

type Token = { text: string; renewable: boolean; madeAt: number; lasts: number };

/** Status codes of transient failures: rate limited, standby, internal error, sealed. */
const TRANSIENT = [307, 412, 429, 472, 473, 500, 502, 503, 504];

/**
 * Whether a renewal granted about as much time as before. Near the maximum TTL, Vault grants less and less, so a
 * replacement has to be requested while there is time left.
 */
export function isFullRenewal(lasts: number, before: number): boolean {
  return lasts >= 0.9 * before;
}

/** A client for the HTTP API of Vault and OpenBao that renews its token, which no maintained client on npm does. */
export class VaultClient {
  readonly #at: VaultAddress;
  #token: Token | undefined;

  constructor(at: VaultAddress) {
    this.#at = at;
  }

  /** The token in use. When it ends, Vault revokes every lease that was created with it. */
  get token(): string | undefined {
    return this.#token?.text;
  }

  /**
   * Sends an authenticated request. Signs in first if necessary, and again if Vault no longer accepts the token.
   *
   * @returns the response, if its status is 200, 204 or 404
   * @throws StoreError for any other status, or if Vault can't be reached
   */
  async ask(
    method: 'GET' | 'PUT' | 'POST',
    path: string,
    signal: AbortSignal,
    body?: object,
  ): Promise<VaultAnswer> {
    const signedInBefore = this.#token !== undefined;
    let answer = await this.#send(method, path, signal, { token: await this.#currentToken(signal), body });
    if (answer.status === 403 && signedInBefore) {
      this.#token = undefined;
      answer = await this.#send(method, path, signal, { token: await this.#currentToken(signal), body });
    }
    if ([200, 204, 404].includes(answer.status)) return answer;
    throw this.#problem(path, answer);
  }

  async #currentToken(signal: AbortSignal): Promise<string> {
    const token = this.#token;
    const age = token ? performance.now() - token.madeAt : 0;
    // Renewing at half of the lifetime leaves time for another attempt.
    if (token && (token.lasts === 0 || age < token.lasts / 2)) return token.text;
    this.#token = (token && (await this.#renew(token, signal))) ?? (await this.#signIn(signal));
    return this.#token.text;
  }

  async #renew(token: Token, signal: AbortSignal): Promise<Token | undefined> {
    if (!token.renewable) return undefined;
    const { status, body } = await this.#send('POST', 'auth/token/renew-self', signal, {
      token: token.text,
      body: {},
    });
    const renewed = status === 200 ? tokenOf(body) : undefined;
    return renewed && isFullRenewal(renewed.lasts, token.lasts) ? renewed : undefined;
  }

  async #signIn(signal: AbortSignal): Promise<Token> {
    const { signIn } = this.#at;
    if (signIn.kind === 'token') return this.#configuredToken(signIn.token(), signal);
    const path = `auth/${signIn.mount}/login`;
    const body =
      signIn.kind === 'approle'
        ? { role_id: signIn.roleId, secret_id: signIn.secretId() }
        : { role: signIn.role, jwt: signIn.jwt() };
    const answer = await this.#send('POST', path, signal, { body });
    const token = answer.status === 200 ? tokenOf(answer.body) : undefined;
    if (token) return token;
    if (TRANSIENT.includes(answer.status)) throw this.#problem(path, answer);
    const checks =
      signIn.kind === 'approle' ? 'role id and secret id' : 'VAULT_KUBERNETES_ROLE and the service account';
    throw new StoreError(`Vault refused the sign-in at ${path} (${answer.status}). Check ${checks}.`, {
      transient: false,
    });
  }

  /** A configured token has a lifetime only if it is renewable and may look itself up; otherwise it counts as unlimited. */
  async #configuredToken(text: string, signal: AbortSignal): Promise<Token> {
    const { status, body } = await this.#send('GET', 'auth/token/lookup-self', signal, { token: text });
    const { ttl = 0, renewable = false } = (status === 200 ? body.data : {}) as {
      ttl?: number;
      renewable?: boolean;
    };
    return { text, renewable, madeAt: performance.now(), lasts: renewable ? 1_000 * ttl : 0 };
  }

  async #send(
    method: string,
    path: string,
    signal: AbortSignal,
    { token, body }: { token?: string; body?: object | undefined },
  ): Promise<VaultAnswer> {
    const { address, namespace } = this.#at;
    let response: Response;
    try {
      response = await fetch(new URL(`/v1/${path}`, address), {
        method,
        signal,
        // Following a redirect would send the token to an unknown server.
        redirect: 'manual',
        headers: {
          'X-Vault-Request': 'true',
          ...(token && { 'X-Vault-Token': token }),
          ...(namespace && { 'X-Vault-Namespace': namespace }),
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text ? JSON.parse(text) : {} };
    } catch (cause) {
      throw connectionError(new URL(address).host, cause);
    }
  }

  #problem(path: string, { status, body }: VaultAnswer): StoreError {
    const transient = TRANSIENT.includes(status);
    const errors = Array.isArray(body.errors) ? body.errors.join(' ') : '';
    if (status === 503 && /sealed/i.test(errors))
      return new StoreError('Vault is sealed. Unseal it.', { transient });
    if (status === 307) {
      return new StoreError(
        'Vault at this address is a standby that redirects its clients. Set VAULT_ADDR to the active node.',
        { transient },
      );
    }
    if (status === 429) return new StoreError('Vault is rate-limiting requests.', { transient });
    if (status === 472 || status === 473)
      return new StoreError('Vault is a standby that does not answer.', { transient });
    if (transient) return new StoreError(`Vault failed (${status}).`, { transient });
    if (status === 403) {
      const { signIn } = this.#at;
      const who =
        signIn.kind === 'token'
          ? 'Check that VAULT_TOKEN has not expired, and that its policy'
          : 'Check that the policy';
      return new StoreError(`Vault denies access to ${path}. ${who} allows it, and VAULT_NAMESPACE.`, {
        transient,
      });
    }
    return new StoreError(
      `Vault did not understand the request for ${path} (${status}). Check its mount and path.`,
      {
        transient,
      },
    );
  }
}

function connectionError(host: string, cause: unknown): StoreError {
  if (cause instanceof SyntaxError)
    return new StoreError(`The server at ${host} is not Vault. Check VAULT_ADDR.`, { transient: true });
  const problem = certificateProblem(cause);
  const sentence = problem
    ? `presents a certificate that is not trusted (${problem}). Name its authority's file in NODE_EXTRA_CA_CERTS.`
    : 'does not answer. Check VAULT_ADDR and the network.';
  return new StoreError(`Vault at ${host} ${sentence}`, { transient: problem === undefined, cause });
}

/** The error code, if a certificate was rejected; see https://nodejs.org/api/tls.html#x509-certificate-error-codes. */
function certificateProblem(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return /CERT|LEAF_SIGNATURE/.test(code) ? code : undefined;
}

function tokenOf(body: Record<string, unknown>): Token | undefined {
  const auth = body.auth as
    | { client_token?: unknown; lease_duration?: unknown; renewable?: unknown }
    | undefined;
  if (typeof auth?.client_token !== 'string') return undefined;
  maskSecret('VAULT_TOKEN', auth.client_token);
  return {
    text: auth.client_token,
    renewable: auth.renewable === true,
    madeAt: performance.now(),
    lasts: typeof auth.lease_duration === 'number' ? 1_000 * auth.lease_duration : 0,
  };
}
