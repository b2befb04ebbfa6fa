import { type DatabaseAddress, SecretError } from '#secrets/index.ts';

/** The digest by which the error page recognises this error: Next.js hides error messages from the browser. */
export const DATABASE_UNAVAILABLE = 'DATABASE_UNAVAILABLE';

/** Thrown if the database can't be used. The message is one sentence that names host and database, but no secret. */
export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable';
  readonly digest = DATABASE_UNAVAILABLE;
}

/**
 * Explains an error of `pg` or Prisma in one sentence, if it means that the database could not be used.
 *
 * @returns `undefined` if the error concerns the query, not the availability of the database
 */
export function databaseProblem(error: unknown, address: DatabaseAddress): DatabaseUnavailable | undefined {
  const sentence = explain(codesOf(error), address);
  return sentence === undefined ? undefined : new DatabaseUnavailable(sentence);
}

/** The problem if no address is known because DATABASE_URL is missing or invalid; `undefined` for other errors. */
export function addressProblem(error: unknown): DatabaseUnavailable | undefined {
  return error instanceof SecretError ? new DatabaseUnavailable(error.message) : undefined;
}

/** What Prisma's adapter says of a raw query, which keeps the code of `pg` to itself. */
const UNREACHABLE = ['DatabaseNotReachable', 'ConnectionClosed'];

function explain(codes: Set<string>, { host, port, database }: DatabaseAddress): string | undefined {
  const has = (...wanted: string[]) => wanted.some((code) => codes.has(code));
  const named = `the database "${database}" on ${host}`;
  const isSocket = host.startsWith('/');
  const place = isSocket ? `${host}/.s.PGSQL.${port}` : `${host}:${port}`;
  if (has('ENOTFOUND', 'EAI_AGAIN'))
    return `The database host ${host} is unknown. Check the host in DATABASE_URL.`;
  if (isSocket && has('ENOENT'))
    return `There is no socket ${place}. Check the folder in DATABASE_URL, and that it is mounted here.`;
  if (isSocket && has('EACCES'))
    return `The socket ${place} can't be opened. Let the process's user write to it.`;
  if (has('ECONNREFUSED')) {
    return `Nothing listens at ${place} for ${named}. Is PostgreSQL running, and reachable from here?`;
  }
  if (has('ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'TIMEOUT', 'P1002', 'SocketTimeout')) {
    return `No answer from ${named}, port ${port}. Check the network.`;
  }
  if (has('TLS ONLY'))
    return `Access to ${named} was refused, because it accepts only TLS connections. Add ?sslmode=require to DATABASE_URL.`;
  if (has('28P01', '28000', 'P1000', 'AuthenticationFailed')) {
    return `Access to ${named} was refused. Check user and password in DATABASE_URL.`;
  }
  if (has('3D000', 'P1003', 'DatabaseDoesNotExist'))
    return `There is no database "${database}" on ${host}. Create it, or check its name.`;
  if (has('42P01', '42703', 'P2021', 'P2022', 'TableDoesNotExist', 'ColumnNotFound')) {
    return `Tables are missing in ${named}. Run the migrations first: the image's "migrate" command, or npm run migrate.`;
  }
  if (has('53300', 'TooManyConnections'))
    return `There are no free connections to ${named}. Raise its limit, or lower the pool.`;
  if (has('TLS', 'TlsConnectionError'))
    return `The TLS connection to ${named} failed. Check sslmode and sslrootcert in DATABASE_URL.`;
  if (
    has(
      'P1001',
      'P1017',
      'ECONNRESET',
      'EPIPE',
      '57P01',
      '57P02',
      '57P03',
      '08006',
      '08001',
      'CLOSED',
      ...UNREACHABLE,
    )
  ) {
    return `The connection to ${named} was refused or lost. Check that PostgreSQL runs, and accepts connections from here.`;
  }
  return undefined;
}

/** The codes of an error and its causes. `pg` reports some conditions only in the message; they get a code here. */
function codesOf(error: unknown): Set<string> {
  const codes = new Set<string>();
  const visited = new Set<unknown>();
  const visit = (value: unknown) => {
    if (typeof value !== 'object' || value === null || visited.has(value)) return;
    visited.add(value);
    for (const [key, field] of Object.entries(value)) {
      if (['code', 'originalCode', 'kind', 'errorCode'].includes(key) && typeof field === 'string')
        codes.add(field);
    }
    const { message, cause, meta, errors } = value as Record<string, unknown>;
    if (typeof message === 'string') {
      if (/timeout expired|timeout exceeded|connection timeout|query read timeout/i.test(message))
        codes.add('TIMEOUT');
      if (
        /connection terminated|server closed the connection|Client has encountered a connection error|Client was closed/i.test(
          message,
        )
      )
        codes.add('CLOSED');
      if (/no encryption|SSL off|connection is insecure/i.test(message)) codes.add('TLS ONLY');
      if (/certificate|does not support SSL|self-signed/i.test(message)) codes.add('TLS');
    }
    visit(cause);
    visit(meta);
    if (typeof meta === 'object' && meta !== null) for (const field of Object.values(meta)) visit(field);
    if (Array.isArray(errors)) errors.forEach(visit);
  };
  visit(error);
  return codes;
}
