import pg from 'pg';
import { type DatabaseAddress, liveDatabaseAddress } from '#secrets/index.ts';
import { connectionConfig, QUERY_TIMEOUT } from './connection.ts';

type Callback = (error: Error | null, ...rest: unknown[]) => void;

/**
 * A connection to the address that is current when it is created: `pg` takes a callback for the password alone, but
 * user and password may be rotated together. It closes if a query times out; `pg` alone would keep it, still waiting.
 */
export class PooledClient extends pg.Client {
  readonly address: DatabaseAddress;

  /** When the server last answered, in milliseconds of `performance.now()`. */
  answeredAt = performance.now();

  /** Called if a query times out. */
  onSilence: () => void = () => undefined;

  constructor() {
    const address = liveDatabaseAddress();
    super({ ...connectionConfig(address), query_timeout: QUERY_TIMEOUT });
    this.address = address;
    this.query = this.#observed(this.query);
  }

  /** Closes the socket at once: a graceful close would wait for a server that may be gone. */
  discard(): void {
    this.connection.stream.destroy();
  }

  /** Wraps `query` to see every outcome, which `pg` reports either to a callback or through a promise. */
  #observed(query: pg.Client['query']): pg.Client['query'] {
    const send = query.bind(this) as (...args: unknown[]) => unknown;
    const observed = (...args: unknown[]) => {
      const callback = args.at(-1);
      if (typeof callback === 'function') {
        const observer: Callback = (error, ...rest) => {
          this.#ended(error);
          (callback as Callback)(error, ...rest);
        };
        return send(...args.slice(0, -1), observer);
      }
      const result = send(...args);
      if (result instanceof Promise) result.then(() => this.#ended(null), this.#ended.bind(this));
      return result;
    };
    return observed as pg.Client['query'];
  }

  #ended(error: Error | null): void {
    if (error?.message === 'Query read timeout') {
      this.onSilence();
      void this.end();
    } else if (!error || error instanceof pg.DatabaseError) this.answeredAt = performance.now();
  }
}
