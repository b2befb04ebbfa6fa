import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { connect, QUERY_TIMEOUT } from '#database/connection.ts';
import { identityOf } from '#database/identity.ts';
import { databaseProblem } from '#database/problem.ts';
import { reportReachable, reportUnreachable } from '#database/reachability.ts';
import { processWide } from '#environment/process-wide.ts';
import { type DatabaseAddress, liveDatabaseAddress } from '#secrets/index.ts';
import { type ContentChanges, type Position, readLog } from './read.ts';

/** Milliseconds between retries if the database has no content log yet. */
const UNMIGRATED_RETRY = 15_000;

/** PostgreSQL's codes for a missing table or column. */
const UNMIGRATED = ['42P01', '42703'];

/** How a process follows the content log. */
export type Following = {
  /** The position to start from: the image's. Without one, the first read reports everything as changed. */
  since: Position | undefined;
  /** Seconds between reads; with 0, only {@link ContentLog.readOn} reads, and no connection is kept open. */
  pollSeconds: number;
  /** Called with each set of changes, in order, before the read that found it resolves. */
  onChanges: (changes: ContentChanges) => void;
  /** Takes one line if the log can't be followed, and one when it can be again. */
  log: (line: string) => void;
};

/** A content log that this process follows. */
export type ContentLog = {
  /**
   * Reads new changes now. Never rejects.
   *
   * @returns whether every change committed before the call is known
   */
  readOn: () => Promise<boolean>;
  /** Milliseconds since the last read that succeeded; `undefined` before the first. */
  lag: () => number | undefined;
  stop: () => Promise<void>;
};

const current = processWide<{ log?: ContentLog }>('content-log.current', () => ({}));

/** The log that this process follows; `undefined` if it follows none. */
export function currentContentLog(): ContentLog | undefined {
  return current.log;
}

type Connection = { client: pg.Client; address: DatabaseAddress; database: string };

/**
 * Follows the content log of the database in `DATABASE_URL`, through outages and rotated passwords: one connection that
 * polls, and that PostgreSQL wakes earlier if the connection allows `LISTEN`. Starts with a read.
 */
export function followContentLog({ since, pollSeconds, onChanges, log }: Following): ContentLog {
  let position = since;
  let connection: Connection | undefined;
  let address: DatabaseAddress | undefined;
  let readAt: number | undefined;
  let unmigrated = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  const disconnect = async () => {
    const closing = connection?.client;
    connection = undefined;
    await closing?.end().catch(() => undefined);
  };

  const connected = async (): Promise<Connection> => {
    address = liveDatabaseAddress();
    if (connection && isDeepStrictEqual(connection.address, address)) return connection;
    await disconnect();
    const client = await connect(address, QUERY_TIMEOUT);
    const opened: Connection = { client, address, database: await identityOf(client, address) };
    const lost = () => {
      if (connection === opened) connection = undefined;
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', () => void readOn());
    connection = opened;
    // PgBouncer in transaction mode accepts this without effect, and a standby rejects it: polling works in both cases.
    if (pollSeconds > 0) {
      await client
        .query(`LISTEN ${pg.escapeIdentifier(`sealed_content_${address.schema}`)}`)
        .catch(() => undefined);
    }
    return opened;
  };

  /** Reads the log once. Returns milliseconds until the next read; `undefined` if none is needed. */
  const read = async (): Promise<number | undefined> => {
    const { client, database, ...opened } = await connected();
    // In another database, or one that was restored, the position is meaningless.
    const since = position?.database === database ? position : undefined;
    const { changes, nextDue, position: newest } = await readLog(client, opened.address, database, since);
    position = newest;
    readAt = performance.now();
    if (unmigrated) log('The database has its content log now, and changes are seen.');
    unmigrated = false;
    reportReachable();
    if (changes.everything || changes.lists) onChanges(changes);
    if (pollSeconds === 0) {
      await disconnect();
      return nextDue;
    }
    return Math.min(pollSeconds * 1_000, nextDue ?? Infinity);
  };

  const failed = (error: unknown, since: number): number => {
    void disconnect();
    if (error instanceof pg.DatabaseError && UNMIGRATED.includes(error.code ?? '')) {
      if (!unmigrated)
        log('The database has no content log, so changes are not seen. Run the command migrate.');
      unmigrated = true;
      return UNMIGRATED_RETRY;
    }
    const problem = address && databaseProblem(error, address);
    reportUnreachable(problem ?? (error instanceof Error ? error : new Error(String(error))), since);
    return (pollSeconds || 15) * 1_000;
  };

  const readAndPlan = async (): Promise<boolean> => {
    clearTimeout(timer);
    let pause: number | undefined;
    let succeeded = false;
    const since = performance.now();
    try {
      pause = await read();
      succeeded = true;
    } catch (error) {
      pause = failed(error, since);
    }
    // setTimeout takes at most 24.8 days, so a read that is further away is scheduled in steps.
    if (!stopped && pause !== undefined) {
      timer = setTimeout(() => void readOn(), Math.min(pause, 86_400_000));
      timer.unref();
    }
    return succeeded;
  };

  let running: Promise<boolean> | undefined;
  let next: Promise<boolean> | undefined;
  /** A running read may have begun before the caller's change, so the caller waits for the read after it. */
  const readOn = (): Promise<boolean> => {
    if (stopped) return Promise.resolve(false);
    next ??= (running ?? Promise.resolve()).then(() => {
      next = undefined;
      running = readAndPlan();
      return running;
    });
    return next;
  };

  void readOn();
  const contentLog: ContentLog = {
    readOn,
    lag: () => (readAt === undefined ? undefined : performance.now() - readAt),
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await disconnect();
      if (current.log === contentLog) current.log = undefined;
    },
  };
  current.log = contentLog;
  return contentLog;
}
