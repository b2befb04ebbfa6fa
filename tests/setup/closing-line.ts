import type { Reporter, TestModule } from 'vitest/node';

/** Ends the run with one line that a script can read: `N passed, N failed, N skipped`. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) counts[test.result().state] += 1;
      // A module that failed to load has no test that could fail.
      if (module.state() === 'failed' && !tests.some((test) => test.result().state === 'failed'))
        counts.failed += 1;
    }
    const failed = counts.failed + counts.pending + errors.length;
    // The other reporters print at the same time; the closing line comes after them.
    process.once('exit', () =>
      console.info(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped`),
    );
  }
}
