import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What a proxy may send: long enough for its ids, and unable to hold a URL, an address or a line break. */
const VALID = /^[\w.:=+-]{1,64}$/;

/** The request that is being handled, or in a thread only its id. */
const handled = new AsyncLocalStorage<IncomingMessage | string | undefined>();
const ids = new WeakMap<IncomingMessage, string>();

/**
 * Does work for a request, so that every log line that it causes carries the request's id.
 *
 * @param request in another thread, only its id
 */
export function withRequest<Result>(
  request: IncomingMessage | string | undefined,
  work: () => Result,
): Result {
  return handled.run(request, work);
}

/**
 * The id of the request that is being handled: that of the header `X-Request-Id`, or one made when it is first needed.
 * `undefined` outside of a request.
 */
export function requestId(): string | undefined {
  const request = handled.getStore();
  if (request === undefined || typeof request === 'string') return request;
  const known = ids.get(request);
  if (known) return known;
  const sent = request.headers['x-request-id'];
  const id = typeof sent === 'string' && VALID.test(sent) ? sent : randomUUID();
  ids.set(request, id);
  return id;
}
