import { setTimeout as elapsed } from 'node:timers/promises';
import type { StoredSecrets, StoreState } from '../sources.ts';
import { type SecretStore, StoreError } from './store.ts';

/** A store whose values are kept in memory, and asked for anew at an interval. */
export type PolledStore = Required<StoredSecrets> & {
  /** Ends the interval. */
  close(): void;
};

/** Times in milliseconds. */
export type Polling = {
  /** For how long a store that is away at first is asked again. */
  patience: number;
  /** Between two questions later. */
  interval: number;
  /** For how long one question may last. */
  timeout: number;
  /** Gets a line when the store is lost, and one when it is back. */
  log: (line: string) => void;
};

/** Milliseconds: the first pause between two tries, which doubles, and the longest. */
const PAUSE = { first: 200, longest: 5_000 };

/**
 * Asks a store for these secrets, at first again and again for as long as patience lasts, and then at an interval.
 *
 * @throws StoreError where it gave nothing by then, or says that it never will
 */
export async function pollStore(
  store: SecretStore,
  names: readonly string[],
  { patience, interval, timeout, log }: Polling,
): Promise<PolledStore> {
  const ask = () => store.read(names, AbortSignal.timeout(timeout));
  let values = await untilAnswered(store.name, ask, patience);
  let state: StoreState = { name: store.name, readAt: new Date() };
  let underWay: Promise<void> | undefined;
  const listeners = new Set<() => void>();

  const take = (answer: Map<string, string>) => {
    const missing = [...values.keys()].filter((name) => !answer.has(name));
    const changed = [...answer].some(([name, value]) => values.get(name) !== value);
    // What is gone stays in use, as a value that is wrong would.
    values = new Map([...values, ...answer]);
    note(missing.length ? `${missing.join(' and ')} can no longer be found in ${store.name}.` : undefined);
    if (changed) for (const listener of listeners) listener();
  };
  const note = (problem: string | undefined) => {
    if (problem && !state.problem) log(`secrets: ${problem} The values from before stay in use.`);
    if (!problem && state.problem) log(`secrets: ${store.name} gives every value again`);
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
  patience: number,
): Promise<Map<string, string>> {
  const end = performance.now() + patience;
  for (let pause = PAUSE.first; ; pause = Math.min(2 * pause, PAUSE.longest)) {
    try {
      return await ask();
    } catch (error) {
      // Replicas that start together should not come back together.
      const wait = pause * (0.5 + Math.random() / 2);
      const passing = !(error instanceof StoreError) || error.passing;
      if (!passing) throw error;
      if (performance.now() + wait > end) {
        const tried = `It was asked for ${Math.round(patience / 1_000)} seconds.`;
        throw new StoreError(`${sentence(name, error)} ${tried}`, { passing: false, cause: error });
      }
      await elapsed(wait);
    }
  }
}

function sentence(name: string, error: unknown): string {
  return error instanceof StoreError ? error.message : `${name} gave no answer.`;
}
