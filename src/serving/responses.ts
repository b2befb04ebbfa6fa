import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** The page that stands in for one that could not be made; a route of the app, so that it looks like the rest. */
const UNAVAILABLE_PATH = '/unavailable';

/**
 * Turns a 500 into a 503 that a person can read, with or without JavaScript: Next.js sends an empty document there.
 * Must run before the request is handled.
 */
export function replaceFailure(request: IncomingMessage, response: ServerResponse, server: Server): void {
  if (request.url?.startsWith(UNAVAILABLE_PATH)) return;
  const original = { writeHead: response.writeHead, write: response.write, end: response.end };
  let replaced = false;
  const replace = () => {
    if (replaced) return true;
    if (response.headersSent || response.statusCode !== 500) return false;
    replaced = true;
    void unavailablePage(server).then((page) => {
      Object.assign(response, original);
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      response.writeHead(503, {
        'Content-Type': page.contentType,
        'Cache-Control': 'no-store',
        'Retry-After': '30',
        ...(page.policy ? { 'Content-Security-Policy': page.policy } : {}),
      });
      response.end(request.method === 'HEAD' ? undefined : page.body);
    });
    return true;
  };
  Object.assign(response, {
    writeHead: (status: number, ...rest: []) => {
      response.statusCode = status;
      return replace() ? response : original.writeHead.call(response, status, ...rest);
    },
    write: (...args: Parameters<ServerResponse['write']>) =>
      replace() || original.write.apply(response, args),
    end: (...args: Parameters<ServerResponse['end']>) =>
      replace() ? response : original.end.apply(response, args),
  });
}

type Page = { contentType: string; policy: string | undefined; body: string };

const PLAIN: Page = {
  contentType: 'text/plain; charset=utf-8',
  policy: undefined,
  body: 'This page is temporarily unavailable. Try again in a while.\n',
};

let known: Promise<Page> | undefined;

/** Asked of this very server on the first failure, and kept. Its scripts are left out: they belong to another address. */
async function unavailablePage(server: Server): Promise<Page> {
  known ??= ask(server);
  return known.catch(() => {
    known = undefined;
    return PLAIN;
  });
}

async function ask(server: Server): Promise<Page> {
  const address = server.address();
  if (typeof address !== 'object' || address === null) return PLAIN;
  const host = address.address === '0.0.0.0' || address.address === '::' ? '127.0.0.1' : address.address;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${address.port}${UNAVAILABLE_PATH}`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  if (!answer.ok) return PLAIN;
  const html = await answer.text();
  return {
    contentType: 'text/html; charset=utf-8',
    policy: answer.headers.get('content-security-policy') ?? undefined,
    body: html.replace(/<script\b.*?<\/script>|<link\b[^>]*\bas="script"[^>]*>/gs, ''),
  };
}
