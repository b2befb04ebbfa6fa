import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as elapsed } from 'node:timers/promises';
import pg from 'pg';
import { startEmbeddedPostgres } from '#local/embedded-postgres.ts';

/** A PostgreSQL that belongs to one test file, and also has a Unix socket and TLS. */
export type OwnPostgres = {
  user: string;
  password: string;
  database: string;
  port: number;
  /** The folder of the Unix socket. */
  socketFolder: string;
  /** A file with the CA that signed the server's certificate, whose name is `localhost`. */
  authority: string;
  query: (sql: string) => Promise<pg.QueryResult>;
  /** Turns TLS on or off, and puts lines before those of pg_hba.conf; see `man pg_hba.conf`. */
  accept: (tls: boolean, ...lines: string[]) => Promise<void>;
  stop: () => void;
};

const LOAD_TIME = 'SELECT extract(epoch FROM pg_conf_load_time()) AS at';

/** Starts one. The embedded PostgreSQL listens on TCP only, so it is started a second time with a socket. */
export async function startOwnPostgres(): Promise<OwnPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'sealed-pg-'));
  chmodSync(folder, 0o755);
  const socketFolder = join(folder, 'socket:a-project:here');
  mkdirSync(socketFolder);
  chmodSync(socketFolder, 0o777);

  const first = await startEmbeddedPostgres(folder);
  // TCP at first, then the socket, to which no TLS rule applies.
  let way: pg.ClientConfig = { connectionString: readFileSync(first.urlFile, 'utf8').trim() };
  const query = async (sql: string) => {
    const client = new pg.Client(way);
    await client.connect();
    return client.query(sql).finally(() => client.end());
  };
  const setting = async (name: string) => String((await query(`SHOW ${name}`)).rows[0]?.[name]);
  await query(`ALTER SYSTEM SET unix_socket_directories = '${socketFolder}'`);
  const data = await setting('data_directory');
  const { authority, certificate, key } = makeCertificate(folder, statSync(data));
  await query(`ALTER SYSTEM SET ssl_cert_file = '${certificate}'`);
  await query(`ALTER SYSTEM SET ssl_key_file = '${key}'`);
  const rules = await setting('hba_file');
  const usual = readFileSync(rules, 'utf8');
  first.stop();
  const second = await startEmbeddedPostgres(folder);

  const { username, password, port, pathname } = new URL(readFileSync(second.urlFile, 'utf8').trim());
  const own = { user: username, password, database: pathname.slice(1), port: Number(port) };
  way = { ...own, host: socketFolder };
  return {
    ...own,
    socketFolder,
    authority,
    query,
    accept: async (tls, ...lines) => {
      writeFileSync(rules, `${lines.join('\n')}\n`);
      appendFileSync(rules, usual);
      await query(`ALTER SYSTEM SET ssl = ${tls ? 'on' : 'off'}`);
      const loadedAt = async () => Number((await query(LOAD_TIME)).rows[0]?.at);
      const before = await loadedAt();
      await query('SELECT pg_reload_conf()');
      // A new connection inherits what the server has loaded.
      while ((await loadedAt()) === before) await elapsed(20);
    },
    stop: () => {
      second.stop();
      const elsewhere = realpathSync(join(data, '..'));
      rmSync(folder, { recursive: true, force: true });
      rmSync(elsewhere, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL requires that only its own user can read the key. */
function makeCertificate(folder: string, owner: { uid: number; gid: number }) {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...key, '-subj', '/CN=ca', '-keyout', 'ca.key', '-out', 'ca.crt');
  openssl('req', ...key, '-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr');
  writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:localhost');
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
  openssl('x509', '-req', '-in', 'server.csr', ...signed, '-extfile', 'names', '-out', 'server.crt');
  const path = (name: string) => join(folder, name);
  chmodSync(path('server.key'), 0o600);
  if (process.getuid?.() === 0) chownSync(path('server.key'), owner.uid, owner.gid);
  return { authority: path('ca.crt'), certificate: path('server.crt'), key: path('server.key') };
}
