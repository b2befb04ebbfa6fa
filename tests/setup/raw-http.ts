import { connect, type Socket } from 'node:net';

/** One response as it came over the wire. */
export type RawAnswer = { status: number; headers: Record<string, string>; body: string };

/** Opens a connection to a site, for requests that no HTTP client sends. */
export async function openSocket(site: string): Promise<Socket> {
  const { hostname, port } = new URL(site);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}

/**
 * Sends bytes and reads until the server closes the connection.
 *
 * @param lines the request's lines; `Connection: close` is added, and a Host unless one is given
 */
export async function sendRaw(site: string, lines: string[], body = ''): Promise<RawAnswer> {
  const socket = await openSocket(site);
  const host = lines.some((line) => /^host:/i.test(line)) ? [] : [`Host: ${new URL(site).host}`];
  socket.write(`${[...lines, ...host, 'Connection: close', '', ''].join('\r\n')}${body}`);
  return parseAnswer(await untilClosed(socket));
}

/** Everything that is received until the server closes the connection. */
export async function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    text += chunk;
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

/** Parses the first response in a text; status 0 if there is none. */
export function parseAnswer(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [statusLine = '', ...fields] = head.split('\r\n');
  const headers = fields.map((field) => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  });
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? 0),
    headers: Object.fromEntries(headers),
    body: rest.join('\r\n\r\n'),
  };
}
