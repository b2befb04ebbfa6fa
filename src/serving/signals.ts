/** What stops a process: a container's engine sends the first, Ctrl-C the second. */
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

let current: NodeJS.SignalsListener | undefined;

/**
 * Has the signals to stop call this, and no longer what was given before. Needs no import, so that a command calls it
 * in its first line: as process 1 of a container, Node.js ignores both signals until somebody listens.
 */
export function onStopSignal(listener: NodeJS.SignalsListener): void {
  for (const signal of SIGNALS) {
    process.on(signal, listener);
    if (current) process.off(signal, current);
  }
  current = listener;
}
