import { setTimeout as elapsed } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { refreshSecrets } from '#secrets/current.ts';
import { currentDatabaseAddress, type DatabaseAddress } from '#secrets/database-url.ts';
import { connectionConfig } from './connection.ts';

/**
 * Milliseconds for which a refused sign-in is tried again, where it was accepted before: while a password is rotated,
 * the database and the place that holds the secret change one after the other. AWS tests the new one in between.
 */
const ROTATION = 20_000;

/** Milliseconds between two tries. */
const PAUSE = 250;

/** PostgreSQL refuses the user or the password; see https://www.postgresql.org/docs/18/errcodes-appendix.html. */
const REFUSED = ['28P01', '28000'];

/** Takes the address of the moment: `pg` has a callback for the password, but user and password may change together. */
class CurrentClient extends pg.Client {
  readonly address: DatabaseAddress;

  constructor() {
    const address = currentDatabaseAddress();
    super(connectionConfig(address));
    this.address = address;
  }
}

type Done = (release?: boolean | Error) => void;
type Connected = (error: Error | undefined, client: pg.PoolClient | undefined, done: Done) => void;

/**
 * A pool whose connections follow `DATABASE_URL` as it changes. PostgreSQL asks for a password only when a connection
 * begins, so those from before a change end their query and are closed when they are next idle or asked for.
 */
export class RotatingPool extends pg.Pool {
  /** The address that the last connection was asked of. */
  address: DatabaseAddress;

  /** Whether the database took a sign-in: a password that never was right is not waited for. */
  #accepted = false;

  readonly #patience: number;

  /**
   * @param max connections at most
   * @param patience milliseconds for which a sign-in that was accepted before is tried again
   */
  constructor({ max, patience = ROTATION }: { max: number; patience?: number }) {
    const address = currentDatabaseAddress();
    super({ ...connectionConfig(address), max, Client: CurrentClient });
    this.address = address;
    this.#patience = patience;
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Connected): undefined;
  override connect(callback?: Connected): Promise<pg.PoolClient> | undefined {
    const connected = this.#connectAsOfNow();
    if (!callback) return connected;
    connected.then(
      (client) => callback(undefined, client, client.release),
      (error: Error) => callback(error, undefined, () => undefined),
    );
    return undefined;
  }

  async #connectAsOfNow(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await this.#signIn();
      this.address = currentDatabaseAddress();
      const { address } = client as unknown as CurrentClient;
      if (isDeepStrictEqual(address, this.address)) return client;
      client.release(true);
    }
  }

  async #signIn(): Promise<pg.PoolClient> {
    const end = performance.now() + this.#patience;
    for (;;) {
      this.address = currentDatabaseAddress();
      try {
        const client = await super.connect();
        this.#accepted = true;
        return client;
      } catch (error) {
        const refused = error instanceof Error && 'code' in error && REFUSED.includes(String(error.code));
        if (!refused || !this.#accepted) throw error;
        if (performance.now() > end) {
          this.#accepted = false;
          throw error;
        }
        await refreshSecrets();
        await elapsed(PAUSE);
      }
    }
  }
}
