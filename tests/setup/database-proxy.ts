import { connect, createServer, type Socket } from 'node:net';
import type { DatabaseAddress } from '#secrets/index.ts';

/** A TCP proxy in front of a database that can lose connections the way a failed primary does. */
export type DatabaseProxy = {
  /** The database's address through the proxy. */
  address: DatabaseAddress;
  url: string;
  /** Number of connections that were ever opened. */
  opened: () => number;
  /** Number of connections that are open now. */
  open: () => number;
  /** Swallows all bytes of the connections that are open now, without closing them. New connections work. */
  freeze: () => void;
  /** Closes all connections, and new ones at once, until it is called with `false`. */
  refuse: (refused: boolean) => void;
  /** The parameters of the startup message: the first message of a client after any SSLRequest. */
  startupParameters: () => Record<string, string>[];
  stop: () => Promise<void>;
};

type Pair = { client: Socket; server: Socket; frozen: boolean };

/** Starts a proxy on a free port of the loopback interface. */
export async function startDatabaseProxy(target: DatabaseAddress): Promise<DatabaseProxy> {
  const pairs = new Set<Pair>();
  const startups: Record<string, string>[] = [];
  let opened = 0;
  let refused = false;
  const server = createServer((client) => {
    opened += 1;
    if (refused) {
      client.destroy();
      return;
    }
    const pair: Pair = { client, server: connect(target.port, target.host), frozen: false };
    pairs.add(pair);
    let started = false;
    client.on('data', (bytes) => {
      const parameters = started ? undefined : parametersOf(bytes);
      if (parameters) {
        started = true;
        startups.push(parameters);
      }
      if (!pair.frozen) pair.server.write(bytes);
    });
    pair.server.on('data', (bytes) => {
      if (!pair.frozen) client.write(bytes);
    });
    const close = () => {
      pairs.delete(pair);
      client.destroy();
      pair.server.destroy();
    };
    client.on('close', close).on('error', close);
    // A frozen connection stays open for as long as the client keeps it.
    pair.server.on('close', () => pair.frozen || close()).on('error', () => pair.frozen || close());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) throw new Error('The proxy has no port.');
  const { user, password, database } = target;
  return {
    address: { ...target, host: '127.0.0.1', port: bound.port },
    url: `postgresql://${user}:${password}@127.0.0.1:${bound.port}/${database}`,
    opened: () => opened,
    open: () => pairs.size,
    freeze: () => {
      for (const pair of pairs) pair.frozen = true;
    },
    refuse: (on) => {
      refused = on;
      if (on) for (const { client } of pairs) client.destroy();
    },
    startupParameters: () => startups,
    stop: async () => {
      for (const { client } of pairs) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** See https://www.postgresql.org/docs/18/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-STARTUPMESSAGE. */
function parametersOf(bytes: Buffer): Record<string, string> | undefined {
  const isStartup = bytes.length > 8 && bytes.readUInt16BE(4) === 3;
  if (!isStartup) return undefined;
  const texts = bytes.subarray(8, bytes.readUInt32BE(0)).toString('utf8').split('\0');
  const parameters: Record<string, string> = {};
  for (let index = 0; texts[index]; index += 2) parameters[texts[index] ?? ''] = texts[index + 1] ?? '';
  return parameters;
}
