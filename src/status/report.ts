import { readFileSync } from 'node:fs';
import { inBuild } from '#build-output/build-folder.ts';
import { type BuiltPages, builtPages, type Generation, generatedHere } from '#build-output/record.ts';
import { reachability } from '#database/reachability.ts';
import {
  type SecretState,
  type StoreState,
  secretProblem,
  secretStates,
  storeState,
} from '#secrets/index.ts';

/** How the site stands. Holds no secret. */
export type StatusReport = {
  secrets: SecretState[];
  /** The store of secrets that is asked; `undefined` where there is none. */
  store: StoreState | undefined;
  database: string;
  /** Pages as they are shown now: those of the image, and those that were generated since, newest first. */
  pages: { inImage: BuiltPages | undefined; later: Generation[] };
  /** Since when this process runs, and what it is made of. */
  process: { startedAt: Date; versions: { sealed: string; next: string; node: string } };
};

/** Looks at secrets, store, database and pages. */
export function statusReport(): StatusReport {
  const built = builtPages();
  const later = generatedHere(built);
  const renewed = new Set(later.map(({ path }) => path));
  return {
    secrets: secretStates('run').map((state) => ({
      ...state,
      problem: secretProblem(state.name) ?? state.problem,
    })),
    store: storeState(),
    database: reachability(),
    pages: {
      inImage: built && { ...built, paths: built.paths.filter((path) => !renewed.has(path)) },
      later,
    },
    process: { startedAt: new Date(performance.timeOrigin), versions: versions() },
  };
}

function versions() {
  // Next.js's version is pinned, so that what the project asks for is what it has.
  const { version: sealed, dependencies } = JSON.parse(readFileSync(inBuild('package.json'), 'utf8'));
  return { sealed, next: dependencies.next, node: process.versions.node };
}
