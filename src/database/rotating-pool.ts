import { setTimeout as elapsed } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { type DatabaseAddress, liveDatabaseAddress, refreshSecrets } from '#secrets/index.ts';
import { connectionConfig } from './connection.ts';
import { learnEncryption } from './encryption.ts';
import { PooledClient } from './pooled-client.ts';
import { forgetSignIn, recordSignIn, wasSignedIn } from './sign-ins.ts';

/**
 * Milliseconds for which a refused sign-in is retried if an earlier one was accepted: during a rotation, the database
 * and the source of the secret change one after the other. AWS tests the new password in between.
 */
const ROTATION = 20_000;

/** Milliseconds between retries. */
const PAUSE = 250;

/** SQLSTATE codes for a refused user or password; see https://www.postgresql.org/docs/18/errcodes-appendix.html. */
const REFUSED = ['28P01', '28000'];

type Done = (release?: boolean | Error) => void;
type Connected = (error: Error | undefined, client: pg.PoolClient | undefined, done: Done) => void;

/**
 * A pool that follows changes of `DATABASE_URL` and recovers after a fail-over.
 *
 * PostgreSQL checks the password only when a connection opens, so connections to the old address finish their query and
 * are closed once they are idle or next checked out. A failed primary leaves connections that are open but never answer:
 * after a query has timed out, a connection is only reused if it has answered since.
 */
export class RotatingPool extends pg.Pool {
  /** The address of the last connection attempt. */
  address: DatabaseAddress;

  /** The retries in progress, shared by every request that needs a new connection. */
  #retries: Promise<void> | undefined;

  /** When a query last timed out, in milliseconds of `performance.now()`. */
  #silentAt = 0;

  readonly #retryFor: number;

  /**
   * @param max the maximum number of connections
   * @param retryFor milliseconds for which a refused sign-in is retried if an earlier one was accepted
   */
  constructor({ max, retryFor = ROTATION }: { max: number; retryFor?: number }) {
    const address = liveDatabaseAddress();
    super({ ...connectionConfig(address), max, Client: PooledClient });
    this.address = address;
    this.#retryFor = retryFor;
    this.on('connect', (client) => {
      (client as unknown as PooledClient).onSilence = () => {
        this.#silentAt = performance.now();
      };
    });
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
      this.address = liveDatabaseAddress();
      const { address, answeredAt, discard } = client as unknown as PooledClient;
      const silent = answeredAt < this.#silentAt;
      if (!silent && isDeepStrictEqual(address, this.address)) return client;
      if (silent) discard.call(client);
      client.release(true);
    }
  }

  async #signIn(): Promise<pg.PoolClient> {
    const end = performance.now() + this.#retryFor;
    for (;;) {
      // An idle connection needs no sign-in.
      if (this.#retries && this.idleCount === 0) await this.#retries;
      try {
        const client = await this.#open();
        recordSignIn(this.address);
        return client;
      } catch (error) {
        if (!isRefusal(error) || !wasSignedIn(this.address) || performance.now() > end) throw error;
        this.#retries ??= this.#retryUntilAccepted().finally(() => {
          this.#retries = undefined;
        });
        await this.#retries;
      }
    }
  }

  async #retryUntilAccepted(): Promise<void> {
    const end = performance.now() + this.#retryFor;
    for (;;) {
      await refreshSecrets();
      await elapsed(PAUSE);
      try {
        const client = await this.#open();
        client.release();
        return;
      } catch (error) {
        if (isRefusal(error) && performance.now() < end) continue;
        if (isRefusal(error)) forgetSignIn(this.address);
        throw error;
      }
    }
  }

  async #open(): Promise<pg.PoolClient> {
    this.address = liveDatabaseAddress();
    try {
      return await super.connect();
    } catch (error) {
      if (!learnEncryption(error, this.address)) throw error;
      return super.connect();
    }
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && REFUSED.includes(String(error.code));
}
