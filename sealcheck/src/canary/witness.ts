import { createHash } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { ScramClient, ScramServer } from './scram.ts';

/** The database that a witness stands in front of. */
export interface Upstream {
  host: string;
  port: number;
  user: string;
  password: string;
}

const sslRequest = 80877103;
const gssRequest = 80877104;
const cancelRequest = 80877102;

function message(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const text = (value: string): Buffer => Buffer.from(`${value}\0`);
const refusal = (reason: string): Buffer =>
  message('E', text('SFATAL'), text('VFATAL'), text('C28P01'), text(`M${reason}`), Buffer.from([0]));

/** Reads exactly as many bytes as a protocol step needs, and leaves the rest of the connection to a pipe. */
class Reader {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #wake: (() => void) | undefined;
  #over = false;
  readonly #onData = (chunk: Buffer) => {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    this.#wake?.();
  };

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', this.#onData);
    const end = () => {
      this.#over = true;
      this.#wake?.();
    };
    socket.once('close', end);
    socket.once('end', end);
  }

  async take(length: number): Promise<Buffer> {
    if (length < 0 || length > 1 << 20)
      throw new Error('a message of the PostgreSQL protocol has an impossible length');
    while (this.#bytes.length < length) {
      if (this.#over) throw new Error('the connection was closed during the login');
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  async message(): Promise<{ type: string; body: Buffer }> {
    const head = await this.take(5);
    return { type: head.toString('latin1', 0, 1), body: await this.take(head.readInt32BE(1) - 4) };
  }

  release(): Buffer {
    this.#socket.off('data', this.#onData);
    return this.#bytes;
  }
}

async function startupOf(client: Socket, reader: Reader): Promise<Map<string, string> | undefined> {
  for (;;) {
    const length = (await reader.take(4)).readInt32BE(0);
    const body = await reader.take(length - 4);
    const code = body.readInt32BE(0);
    if (code === cancelRequest) return undefined;
    if (code === sslRequest || code === gssRequest) {
      client.write('N');
      continue;
    }
    const fields = body.toString('utf8', 4).split('\0');
    const parameters = new Map<string, string>();
    for (let at = 0; at + 1 < fields.length && fields[at]; at += 2)
      parameters.set(fields[at] ?? '', fields[at + 1] ?? '');
    return parameters;
  }
}

// RFC 5802 over the messages of PostgreSQL's frontend/backend protocol, 54.3.
async function clientKnows(password: string, client: Socket, reader: Reader): Promise<boolean> {
  const scram = new ScramServer(password);
  client.write(message('R', int32(10), text('SCRAM-SHA-256'), Buffer.from([0])));
  const initial = (await reader.message()).body;
  const nameEnd = initial.indexOf(0);
  client.write(message('R', int32(11), Buffer.from(scram.challenge(initial.toString('utf8', nameEnd + 5)))));
  const answer = scram.verify((await reader.message()).body.toString());
  if (answer === undefined) return false;
  client.write(message('R', int32(12), Buffer.from(answer)));
  return true;
}

async function logIn(
  upstream: Upstream,
  parameters: ReadonlyMap<string, string>,
): Promise<{ socket: Socket; rest: Buffer }> {
  const socket = connect(upstream.port, upstream.host);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', () =>
      reject(new Error(`the database at ${upstream.host}:${upstream.port} could not be reached`)),
    );
  });
  const reader = new Reader(socket);
  const pairs = [...new Map([...parameters, ['user', upstream.user]])].flatMap(([name, value]) => [
    text(name),
    text(value),
  ]);
  const body = Buffer.concat([int32(196608), ...pairs, Buffer.from([0])]);
  socket.write(Buffer.concat([int32(body.length + 4), body]));
  const scram = new ScramClient(upstream.password);
  for (;;) {
    const { type, body: answer } = await reader.message();
    if (type !== 'R') throw new Error(`the database at ${upstream.host}:${upstream.port} refused the login`);
    const step = answer.readInt32BE(0);
    if (step === 0) return { socket, rest: reader.release() };
    if (step === 3) socket.write(message('p', text(upstream.password)));
    else if (step === 5) {
      const md5 = (value: string | Buffer) => createHash('md5').update(value).digest('hex');
      const inner = md5(upstream.password + upstream.user);
      socket.write(
        message('p', text(`md5${md5(Buffer.concat([Buffer.from(inner), answer.subarray(4, 8)]))}`)),
      );
    } else if (step === 10) {
      const first = Buffer.from(scram.first());
      socket.write(message('p', text('SCRAM-SHA-256'), int32(first.length), first));
    } else if (step === 11) socket.write(message('p', Buffer.from(scram.final(answer.toString('utf8', 4)))));
    else if (step !== 12)
      throw new Error('the database asks for a way to log in that the witness does not know');
  }
}

/**
 * Stands in front of a PostgreSQL server with a password of its own. Whoever logs in has proved by SCRAM to know the
 * canary, and is passed through to the real server; that is the evidence that a build used it.
 */
export class Witness {
  logins = 0;
  refusals = 0;
  /** Simple and prepared statements that came after a login. */
  queries = 0;
  readonly problems: string[] = [];
  readonly #upstream: Upstream;
  readonly #password: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(upstream: Upstream, password: string) {
    this.#upstream = upstream;
    this.#password = password;
    this.#server = createServer((client) => {
      this.#keep(client);
      this.#serve(client).catch((error: unknown) => {
        this.problems.push(error instanceof Error ? error.message : String(error));
        client.destroy();
      });
    });
  }

  /** @returns the port on which it listens. */
  async listen(host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, host, resolve);
    });
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  }

  async #serve(client: Socket): Promise<void> {
    const reader = new Reader(client);
    const parameters = await startupOf(client, reader);
    if (!parameters) return void client.destroy();
    if (!(await clientKnows(this.#password, client, reader))) {
      this.refusals += 1;
      client.end(refusal('password authentication failed'));
      return;
    }
    this.logins += 1;
    const { socket, rest } = await logIn(this.#upstream, parameters).catch((error: unknown) => {
      client.end(refusal('the witness could not log in to the database'));
      throw error;
    });
    this.#keep(socket);
    client.write(Buffer.concat([message('R', int32(0)), rest]));
    const early = reader.release();
    const count = (chunk: Buffer) => {
      // A count of messages that may start a statement, good for "it asked something", not for statistics.
      if (chunk[0] === 0x51 || chunk[0] === 0x50) this.queries += 1;
    };
    if (early.length > 0) {
      count(early);
      socket.write(early);
    }
    client.on('data', count);
    client.pipe(socket);
    socket.pipe(client);
  }
}
