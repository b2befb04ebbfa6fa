/** The signals that stop a process: container engines send SIGTERM, Ctrl-C sends SIGINT. */
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

let current: NodeJS.SignalsListener | undefined;

/**
 * Calls `listener` on a signal to stop, instead of the listener from the previous call. A command should call this
 * first: as process 1 of a container, Node.js ignores both signals unless there is a listener.
 */
export function onStopSignal(listener: NodeJS.SignalsListener): void {
  for (const signal of SIGNALS) {
    process.on(signal, listener);
    if (current) process.off(signal, current);
  }
  current = listener;
}
