import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What a proxy may send: long enough for its ids, and unable to hold a URL, an address or a line break. */
const VALID = /^[\w.:=+-]{1,64}$/;

const requests = new AsyncLocalStorage<IncomingMessage>();
const ids = new WeakMap<IncomingMessage, string>();

/** Handles a request, so that every log line that it causes carries its id. */
export function withRequest(request: IncomingMessage, handle: () => void): void {
  requests.run(request, handle);
}

/**
 * The id of the request that is being handled: that of the header `X-Request-Id`, or one made when it is first needed.
 * `undefined` outside of a request.
 */
export function requestId(): string | undefined {
  const request = requests.getStore();
  if (!request) return undefined;
  const known = ids.get(request);
  if (known) return known;
  const sent = request.headers['x-request-id'];
  const id = typeof sent === 'string' && VALID.test(sent) ? sent : randomUUID();
  ids.set(request, id);
  return id;
}
