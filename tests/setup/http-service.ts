import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that a test's service received. */
export type Received = { method: string; path: string; headers: IncomingHttpHeaders; body: string };

/** A provider's HTTP API on the loopback interface, with responses that the test defines. */
export type HttpService = { url: string; received: Received[]; close: () => Promise<void> };

/** @param answer status and JSON; `undefined` leaves the request without a response */
export async function startService(
  answer: (received: Received) => [status: number, json: object] | undefined,
): Promise<HttpService> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method = '', url = '', headers } = request;
    const asked = { method, path: url, headers, body };
    received.push(asked);
    const [status, json] = answer(asked) ?? [];
    if (status !== undefined)
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(json));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
