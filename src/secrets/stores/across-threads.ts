import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { SECRET_NAMES } from '../declaration.ts';
import { currentPhase, mayBeReadIn } from '../phase.ts';
import { attachStore, ownSources } from '../sources.ts';

/** What a thread needs to use the store of its process. Pass it as `workerData`, and `port` also in `transferList`. */
export type SharedStore = { name: string; values: Map<string, string>; port: MessagePort };

/**
 * Shares the process's store with a thread, which has its own memory, so that both use one sign-in and one lease.
 *
 * @returns `undefined` if the process has no store
 */
export function shareStore(): SharedStore | undefined {
  const { store } = ownSources();
  if (!store) return undefined;
  const { port1, port2 } = new MessageChannel();
  const values = () =>
    new Map(
      SECRET_NAMES.filter((name) => mayBeReadIn(name, currentPhase())).flatMap((name) => {
        const value = store.current(name);
        return value === undefined ? [] : [[name, value]];
      }),
    );
  const send = () => port1.postMessage(values());
  const stopListening = store.onChange?.(send);
  port1.on('message', () => void Promise.resolve(store.refresh?.()).then(send));
  port1.on('close', () => stopListening?.());
  port1.unref();
  return { name: store.name, values: values(), port: port2 };
}

/** Makes the shared store the last source of this thread's secrets. */
export function attachSharedStore({ name, values, port }: SharedStore): void {
  let current = values;
  const listeners = new Set<() => void>();
  const waiting = new Set<() => void>();
  port.on('message', (newest: Map<string, string>) => {
    current = newest;
    for (const resolve of waiting) resolve();
    waiting.clear();
    for (const listener of listeners) listener();
  });
  port.unref();
  attachStore({
    name,
    current: (secret) => current.get(secret),
    refresh: () =>
      new Promise((resolve) => {
        waiting.add(resolve);
        port.postMessage('refresh');
      }),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
}
