import { randomBytes } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import postgres from 'postgres';
import { CouldNotCheck, messageOf } from '../verdict.ts';

// https://www.postgresql.org/docs/current/protocol-message-formats.html
const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const AUTHENTICATION = 'R'.charCodeAt(0);
const ERROR = 'E'.charCodeAt(0);

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * Checks that a build logged in to a PostgreSQL database with a canary: a role of its own with a random password and
 * the rights of the URL's user, which is dropped afterwards. Connections are proxied, so the database itself says which
 * of them logged in.
 */
export class Witness {
  logins = 0;
  refusals = 0;
  readonly problems: string[] = [];
  /** The URL for the build, once the proxy listens. */
  readonly url: URL;
  readonly #upstream: { host: string; port: number };
  readonly #role = `canary_${randomBytes(6).toString('hex')}`;
  readonly #owner: string;
  readonly #sql: postgres.Sql;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** @param url of the database, with a user that may create roles. */
  constructor(url: URL) {
    this.#owner = decodeURIComponent(url.username);
    this.#upstream = { host: url.hostname, port: Number(url.port || 5432) };
    this.#sql = postgres({
      ...this.#upstream,
      user: this.#owner,
      password: decodeURIComponent(url.password),
      database: decodeURIComponent(url.pathname.slice(1)) || this.#owner,
      ssl: url.searchParams.get('sslmode') === 'disable' ? false : 'prefer',
      max: 1,
      onnotice: () => undefined,
    });
    this.url = new URL(url);
    this.url.username = this.#role;
    this.url.password = randomBytes(18).toString('base64url');
    this.#server = createServer((client) => {
      this.#serve(client).catch((error: unknown) => {
        this.problems.push(messageOf(error));
        client.destroy();
      });
    });
  }

  /** @throws CouldNotCheck if the database can't be reached, or its user may not create a role. */
  async open(host: string, reachableAs: string): Promise<void> {
    const [role, owner] = [identifier(this.#role), identifier(this.#owner)];
    try {
      await this.#sql.unsafe(
        `CREATE ROLE ${role} LOGIN PASSWORD '${this.url.password}' IN ROLE ${owner};
         ALTER ROLE ${role} SET role = ${owner}`,
      );
    } catch (error) {
      await this.#sql.end();
      throw new CouldNotCheck(
        `The canary's role could not be created (${messageOf(error)}). Give the URL of a database whose user may create roles, such as a throw-away one.`,
      );
    }
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, host, resolve);
    });
    const address = this.#server.address();
    this.url.hostname = reachableAs;
    this.url.port = String(typeof address === 'object' ? address?.port : '');
  }

  /** Closes its connections and drops the role. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const role = identifier(this.#role);
    await this.#sql.unsafe(`DROP OWNED BY ${role}; DROP ROLE ${role}`).catch((error: unknown) => {
      this.problems.push(`the role ${this.#role} could not be dropped (${messageOf(error)})`);
    });
    await this.#sql.end();
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket.on('error', () => socket.destroy());
  }

  async #serve(client: Socket): Promise<void> {
    this.#keep(client);
    let startup = Buffer.alloc(0);
    for await (const chunk of client.iterator({ destroyOnReturn: false })) {
      startup = Buffer.concat([startup, chunk]);
      if (startup.length < 8 || startup.length < startup.readInt32BE(0)) continue;
      const code = startup.readInt32BE(4);
      if (code !== SSL_REQUEST && code !== GSS_REQUEST) break;
      startup = startup.subarray(8);
      client.write('N');
    }
    const upstream = this.#keep(connect(this.#upstream.port, this.#upstream.host));
    upstream.write(startup);
    if (startup.includes(`user\0${this.#role}\0`)) this.#watch(upstream);
    client.pipe(upstream).pipe(client);
  }

  // The login ends at the first error, or as soon as the server says so.
  #watch(upstream: Socket): void {
    let bytes = Buffer.alloc(0);
    const look = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 9) {
        const isOver = bytes[0] === AUTHENTICATION && bytes.readInt32BE(5) === 0;
        if (isOver) this.logins += 1;
        if (bytes[0] === ERROR) this.refusals += 1;
        if (isOver || bytes[0] === ERROR) return void upstream.off('data', look);
        const length = 1 + bytes.readInt32BE(1);
        if (bytes.length < length) return;
        bytes = bytes.subarray(length);
      }
    };
    upstream.on('data', look);
  }
}
