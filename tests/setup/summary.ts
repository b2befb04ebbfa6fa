import type { Reporter, TestModule, TestRunEndReason, TestSpecification } from 'vitest/node';

/** Each suite's rough duration in minutes on two idle cores, and what it skips its tests without. */
const SUITES: Record<string, { minutes: number; needs?: string }> = {
  sealcheck: { minutes: 1 },
  unit: { minutes: 0.3 },
  component: { minutes: 0.1 },
  integration: { minutes: 4 },
  browser: { minutes: 1, needs: 'Chromium' },
  container: { minutes: 8, needs: 'Docker' },
};

/** Starts a run with what it will do and roughly for how long, and ends it with a line that a script can read. */
export default class Summary implements Reporter {
  onTestRunStart(specifications: readonly TestSpecification[]): void {
    let minutes = 0;
    const suites = [...Map.groupBy(specifications, ({ project }) => project.name)].map(([name, files]) => {
      const { minutes: share = 0, needs } = SUITES[name] ?? {};
      minutes += share;
      return `${name} (${files.length} ${files.length === 1 ? 'file' : 'files'}${needs ? `, needs ${needs}` : ''})`;
    });
    const duration = minutes < 1 ? 'under a minute' : `about ${Math.ceil(minutes)} minutes`;
    console.info(`Running ${suites.join(', ')}. All of it takes ${duration} on two idle cores.`);
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[], reason: TestRunEndReason): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) counts[test.result().state] += 1;
      // A module that failed to load has no test that could fail.
      if (module.state() === 'failed' && !tests.some((test) => test.result().state === 'failed'))
        counts.failed += 1;
    }
    const found = counts.failed + counts.pending + errors.length;
    // A suite whose setup failed has no modules at all.
    const failed = found === 0 && reason !== 'passed' ? 1 : found;
    // The other reporters print at the same time; the closing line comes after them.
    process.once('exit', () =>
      console.info(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped`),
    );
  }
}
