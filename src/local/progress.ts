/**
 * Runs one step of a longer command. On a terminal, shows its name while it runs and its duration when it is done;
 * elsewhere, prints nothing.
 */
export async function step<Result>(name: string, work: () => Result | Promise<Result>): Promise<Result> {
  const shown = process.stderr.isTTY;
  const since = performance.now();
  if (shown) process.stderr.write(`  … ${name}`);
  try {
    const result = await work();
    if (shown)
      process.stderr.write(`\r\x1b[2K  ✓ ${name} (${((performance.now() - since) / 1000).toFixed(1)} s)\n`);
    return result;
  } catch (error) {
    if (shown) process.stderr.write(`\r\x1b[2K  ✗ ${name}\n`);
    throw error;
  }
}

/** Returns a function that shows how far a step is. It prints nothing if stderr is not a terminal. */
export function counter(name: string): (done: number, total: number) => void {
  let shownAt = -Infinity;
  return (done, total) => {
    const due = performance.now() - shownAt > 100;
    if (!process.stderr.isTTY || !(due || done === total)) return;
    shownAt = performance.now();
    process.stderr.write(done === total ? '\r\x1b[2K' : `\r\x1b[2K  … ${name} ${done} of ${total}`);
  };
}
