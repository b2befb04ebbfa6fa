import pg from 'pg';
import { type DatabaseAddress, liveDatabaseAddress } from '#secrets/index.ts';
import { connectionConfig, QUERY_TIMEOUT } from './connection.ts';

type Callback = (error: Error | null, ...rest: unknown[]) => void;

/**
 * A connection to the address of the moment: `pg` has a callback for the password, but user and password may change
 * together. It closes if a query is not answered in time. `pg` alone would keep it, with the query still waiting.
 */
export class PooledClient extends pg.Client {
  readonly address: DatabaseAddress;

  /** When the server last answered, in milliseconds of `performance.now()`. */
  answeredAt = performance.now();

  /** Is called if a query is not answered in time. */
  onSilence: () => void = () => undefined;

  constructor() {
    const address = liveDatabaseAddress();
    super({ ...connectionConfig(address), query_timeout: QUERY_TIMEOUT });
    this.address = address;
    this.query = this.#observed(this.query);
  }

  /** Closes the connection without a goodbye, which a server that is gone would not answer. */
  discard(): void {
    this.connection.stream.destroy();
  }

  /** `pg` tells of the end of a query either by a callback or by a promise. */
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
