import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Body = Record<string, unknown>;
type Token = { expiresAt: number; lasts: number; renewable: boolean; mayRead: boolean };

/**
 * A server that answers as Vault's HTTP API documents: statuses and error bodies of KV version 2, of tokens, AppRole,
 * Kubernetes and database leases. See https://developer.hashicorp.com/vault/api-docs.
 */
export type VaultServer = {
  address: string;
  /** What the KV engine at `secret/` holds at `sealed`; `undefined` where there is nothing. */
  secret: Record<string, string> | undefined;
  /** Answers every request so, in place of what was asked: 503 is sealed. */
  trouble: number | undefined;
  /** Leaves requests without an answer. */
  silent: boolean;
  deleted: boolean;
  namespace: string | undefined;
  roleId: string;
  secretId: string;
  jwt: string;
  /** Seconds for which tokens and leases last. */
  lasts: number;
  renewable: boolean;
  /** Each request, as in `GET secret/data/sealed`. */
  asked: string[];
  makeToken(options?: { mayRead?: boolean }): string;
  revokeTokens(): void;
  close(): Promise<void>;
};

const LEASE = 'database/creds/blog/';

export async function startVault(): Promise<VaultServer> {
  const tokens = new Map<string, Token>();
  const leases = new Set<string>();
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
    renewable: true,
    asked: [],
    makeToken: ({ mayRead = true } = {}) => {
      const text = `hvs.${randomBytes(18).toString('base64url')}`;
      const { lasts, renewable } = vault;
      tokens.set(text, { expiresAt: Date.now() + 1_000 * lasts, lasts, renewable, mayRead });
      return text;
    },
    revokeTokens: () => tokens.clear(),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
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
      token.expiresAt = Date.now() + 1_000 * token.lasts;
      return [
        200,
        { auth: { client_token: headers['x-vault-token'], lease_duration: token.lasts, renewable: true } },
      ];
    }
    if (!token.mayRead) return [403, errors('1 error occurred:\n\t* permission denied\n\n')];
    if (`${method} ${path}` === 'GET secret/data/sealed') return kv();
    if (`${method} ${path}` === 'GET database/creds/blog') {
      const id = LEASE + randomBytes(8).toString('hex');
      leases.add(id);
      return [
        200,
        {
          lease_id: id,
          lease_duration: vault.lasts,
          renewable: vault.renewable,
          data: { username: `v-blog-${leases.size}`, password: `p@ss/${leases.size}` },
        },
      ];
    }
    if (`${method} ${path}` === 'PUT sys/leases/renew') {
      const known = leases.has(String(body.lease_id)) && vault.renewable;
      return known
        ? [200, { lease_id: body.lease_id, lease_duration: vault.lasts, renewable: true }]
        : [400, errors('lease not found')];
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

  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? '').replace('/v1/', '');
    vault.asked.push(`${request.method} ${path}`);
    let text = '';
    for await (const chunk of request) text += chunk;
    if (vault.silent) return;
    const [status, body] = answer(request.method ?? '', path, request.headers, text ? JSON.parse(text) : {});
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(body && JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vault.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return vault;
}
