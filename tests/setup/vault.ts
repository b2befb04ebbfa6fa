import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

type Body = Record<string, unknown>;
type Token = { expiresAt: number; lasts: number; endsAt: number; renewable: boolean; mayRead: boolean };
type Lease = { token: Token; user: string; expiresAt: number; endsAt: number };

/**
 * A server with the documented responses of Vault's HTTP API: statuses and error bodies of KV version 2, of tokens,
 * AppRole, Kubernetes and database leases. See https://developer.hashicorp.com/vault/api-docs.
 */
export type VaultServer = {
  address: string;
  /** What the KV engine at `secret/` holds at `sealed`; `undefined` if there is nothing. */
  secret: Record<string, string> | undefined;
  /** If set, the status of every response; 503 means that Vault is sealed. */
  trouble: number | undefined;
  /** Leaves requests without a response. */
  silent: boolean;
  deleted: boolean;
  namespace: string | undefined;
  roleId: string;
  secretId: string;
  jwt: string;
  /** Lifetime of tokens and leases, in seconds. */
  lasts: number;
  /** Seconds after which a token or lease can no longer be extended. */
  longest: number;
  renewable: boolean;
  /** Each request, as in `GET secret/data/sealed`. */
  asked: string[];
  makeToken(options?: { mayRead?: boolean }): string;
  /** The token that was created last. */
  newestToken: string;
  revokeTokens(): void;
  /** Database users whose lease has not ended. A lease ends with the token that it was created for. */
  users(): string[];
  close(): Promise<void>;
};

const LEASE = 'database/creds/blog/';

/** @param tls makes it serve HTTPS: key and certificate in PEM */
export async function startVault(tls?: { key: Buffer; cert: Buffer }): Promise<VaultServer> {
  const tokens = new Map<string, Token>();
  const leases = new Map<string, Lease>();
  let made = 0;
  const vault: VaultServer = {
    address: '',
    secret: {},
    trouble: undefined,
    silent: false,
    deleted: false,
    namespace: undefined,
    roleId: 'role-id',
    secretId: randomBytes(16).toString('hex'),
    jwt: `header.${randomBytes(16).toString('hex')}.signature`,
    lasts: 3_600,
    longest: 86_400,
    renewable: true,
    asked: [],
    newestToken: '',
    makeToken: ({ mayRead = true } = {}) => {
      const text = `hvs.${randomBytes(18).toString('base64url')}`;
      tokens.set(text, { ...limits(), lasts: vault.lasts, renewable: vault.renewable, mayRead });
      vault.newestToken = text;
      return text;
    },
    revokeTokens: () => tokens.clear(),
    users: () => [...leases.values()].filter(lives).map(({ user }) => user),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };

  const limits = () => ({
    expiresAt: Date.now() + 1_000 * vault.lasts,
    endsAt: Date.now() + 1_000 * vault.longest,
  });
  const lives = ({ token, expiresAt }: Lease) =>
    [...tokens.values()].includes(token) && Math.min(token.expiresAt, expiresAt) > Date.now();
  /** @returns the remaining lifetime of a token or lease, in whole seconds */
  const renewed = (one: { expiresAt: number; endsAt: number }, lasts: number) => {
    const seconds = Math.floor(Math.min(1_000 * lasts, one.endsAt - Date.now()) / 1_000);
    one.expiresAt = Date.now() + 1_000 * seconds;
    return seconds;
  };
  const auth = () => {
    const client_token = vault.makeToken();
    return {
      auth: { client_token, lease_duration: vault.lasts, renewable: vault.renewable, policies: ['blog'] },
    };
  };
  const errors = (...messages: string[]) => ({ errors: messages });

  function answer(
    method: string,
    path: string,
    headers: IncomingMessage['headers'],
    body: Body,
  ): [number, Body?] {
    if (vault.trouble === 307) return [307];
    if (vault.trouble === 503) return [503, errors('Vault is sealed')];
    if (vault.trouble !== undefined) return [vault.trouble, errors('internal error')];
    if (vault.namespace !== headers['x-vault-namespace']) return [403, errors('permission denied')];
    if (path === 'auth/approle/login') {
      if (body.role_id !== vault.roleId) return [400, errors('invalid role or secret ID')];
      return body.secret_id === vault.secretId ? [200, auth()] : [400, errors('invalid role or secret ID')];
    }
    if (path === 'auth/kubernetes/login')
      return body.role === 'blog' && body.jwt === vault.jwt
        ? [200, auth()]
        : [403, errors('permission denied')];

    const token = tokens.get(String(headers['x-vault-token']));
    if (!token || token.expiresAt < Date.now()) return [403, errors('permission denied', 'invalid token')];
    if (path === 'auth/token/lookup-self')
      return [
        200,
        { data: { ttl: Math.round((token.expiresAt - Date.now()) / 1_000), renewable: token.renewable } },
      ];
    if (path === 'auth/token/renew-self') {
      if (!token.renewable) return [400, errors('lease is not renewable')];
      const lease_duration = renewed(token, token.lasts);
      return [200, { auth: { client_token: headers['x-vault-token'], lease_duration, renewable: true } }];
    }
    if (!token.mayRead) return [403, errors('1 error occurred:\n\t* permission denied\n\n')];
    if (`${method} ${path}` === 'GET secret/data/sealed') return kv();
    if (`${method} ${path}` === 'GET database/creds/blog') {
      const id = LEASE + randomBytes(8).toString('hex');
      const user = `v-blog-${++made}`;
      leases.set(id, { token, user, ...limits() });
      return [
        200,
        {
          lease_id: id,
          lease_duration: vault.lasts,
          renewable: vault.renewable,
          data: { username: user, password: `p@ss/${made}` },
        },
      ];
    }
    if (`${method} ${path}` === 'PUT sys/leases/renew') {
      const lease = leases.get(String(body.lease_id));
      if (!lease || !lives(lease) || !vault.renewable) return [400, errors('lease not found')];
      return [200, { lease_id: body.lease_id, lease_duration: renewed(lease, vault.lasts), renewable: true }];
    }
    return [404, errors()];
  }

  function kv(): [number, Body?] {
    const metadata = {
      version: 1,
      deletion_time: vault.deleted ? '2026-11-01T00:00:00Z' : '',
      destroyed: false,
    };
    if (vault.deleted) return [404, { data: { data: null, metadata } }];
    return vault.secret ? [200, { data: { data: vault.secret, metadata } }] : [404, errors()];
  }

  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? '').replace('/v1/', '');
    vault.asked.push(`${request.method} ${path}`);
    let text = '';
    for await (const chunk of request) text += chunk;
    if (vault.silent) return;
    const [status, body] = answer(request.method ?? '', path, request.headers, text ? JSON.parse(text) : {});
    // A standby that cannot forward a request redirects the client to the active node.
    if (status === 307) response.setHeader('Location', `http://127.0.0.1:1${request.url}`);
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(body && JSON.stringify(body));
  };
  const server = tls ? createTlsServer(tls, respond) : createServer(respond);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vault.address = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return vault;
}
