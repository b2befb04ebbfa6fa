import { setTimeout as elapsed } from 'node:timers/promises';
import type { StoredSecrets, StoreState } from '../sources.ts';
import { type SecretStore, StoreError } from './store.ts';

/** A store whose values are cached in memory and fetched again at an interval. */
export type PolledStore = Required<StoredSecrets> & {
  /** Stops polling. */
  close(): void;
};

/** Times in milliseconds. */
export type Polling = {
  /** How long the first request is retried if the store is unavailable. */
  retryFor: number;
  /** Between later requests. */
  interval: number;
  /** How long one request may take. */
  timeout: number;
  /** Takes a line when the store fails, and one when it works again. */
  log: (line: string) => void;
};

/** Milliseconds between retries: the first pause, which doubles each time, and the longest. */
const PAUSE = { first: 200, longest: 5_000 };

/**
 * Fetches these secrets from a store, retrying at first for up to `retryFor`, and then polls at an interval.
 *
 * @throws StoreError if no request succeeds in time, or one fails permanently
 */
export async function pollStore(
  store: SecretStore,
  names: readonly string[],
  { retryFor, interval, timeout, log }: Polling,
): Promise<PolledStore> {
  const ask = () => store.read(names, AbortSignal.timeout(timeout));
  let values = await untilAnswered(store.name, ask, retryFor);
  let state: StoreState = { name: store.name, readAt: new Date() };
  let underWay: Promise<void> | undefined;
  const listeners = new Set<() => void>();

  const take = (answer: Map<string, string>) => {
    const missing = [...values.keys()].filter((name) => !answer.has(name));
    const changed = [...answer].some(([name, value]) => values.get(name) !== value);
    // Like an invalid value, a missing one does not replace the last valid one.
    values = new Map([...values, ...answer]);
    note(missing.length ? `${missing.join(' and ')} can no longer be found in ${store.name}.` : undefined);
    if (changed) for (const listener of listeners) listener();
  };
  const note = (problem: string | undefined) => {
    if (problem && !state.problem) log(`secrets: ${problem} The previous values stay in use.`);
    if (!problem && state.problem) log(`secrets: ${store.name} works again`);
    state = { name: store.name, readAt: problem ? state.readAt : new Date(), ...(problem && { problem }) };
  };
  const refresh = () => {
    underWay ??= ask()
      .then(take, (error: unknown) => note(sentence(store.name, error)))
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  };
  const timer = setInterval(refresh, interval);
  timer.unref();

  return {
    name: store.name,
    current: (name) => values.get(name),
    refresh,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    state: () => state,
    close: () => clearInterval(timer),
  };
}

async function untilAnswered(
  name: string,
  ask: () => Promise<Map<string, string>>,
  retryFor: number,
): Promise<Map<string, string>> {
  const end = performance.now() + retryFor;
  for (let pause = PAUSE.first; ; pause = Math.min(2 * pause, PAUSE.longest)) {
    try {
      return await ask();
    } catch (error) {
      // Jitter, so that replicas that start together do not retry together.
      const wait = pause * (0.5 + Math.random() / 2);
      const transient = !(error instanceof StoreError) || error.transient;
      if (!transient) throw error;
      if (performance.now() + wait > end) {
        const tried = `It was retried for ${Math.round(retryFor / 1_000)} seconds.`;
        throw new StoreError(`${sentence(name, error)} ${tried}`, { transient: false, cause: error });
      }
      await elapsed(wait);
    }
  }
}

function sentence(name: string, error: unknown): string {
  return error instanceof StoreError ? error.message : `${name} gave no answer.`;
}
