import { reachability } from '#database/reachability.ts';
import { builtPages, type Generation, generatedHere } from '#generation/record.ts';
import { secretProblem } from '#secrets/current.ts';
import { perProcess } from '#secrets/per-process.ts';
import { type SecretState, secretStates } from '#secrets/states.ts';

/** How the site stands. Holds no secret. */
export type StatusReport = {
  secrets: SecretState[];
  /** The store of secrets that is asked; `undefined` where there is none. */
  store: { name: string; readAt: Date; problem?: string } | undefined;
  database: string;
  /** Pages as they are shown now: those of the image, and those that were generated since, newest first. */
  pages: { inImage: { count: number; at: Date; paths: string[] } | undefined; later: Generation[] };
  process: { node: string; startedAt: Date };
};

/** Looks at secrets, store, database and pages. */
export function statusReport(): StatusReport {
  const later = generatedHere();
  const renewed = new Set(later.map(({ path }) => path));
  const built = builtPages();
  const paths = built?.paths.filter((path) => !renewed.has(path)) ?? [];
  return {
    secrets: secretStates('run').map((state) => {
      const problem = secretProblem(state.name) ?? state.problem;
      return { ...state, problem };
    }),
    store: perProcess.sealedStore?.state?.(),
    database: reachability(),
    pages: { inImage: built && { count: paths.length, at: built.at, paths }, later },
    process: { node: process.version, startedAt: new Date(Date.now() - 1_000 * process.uptime()) },
  };
}
