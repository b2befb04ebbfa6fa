import { readFileSync } from 'node:fs';
import { inBuild } from '#build-output/build-folder.ts';
import { type BuiltPages, builtPages } from '#build-output/record.ts';
import { reachability } from '#database/reachability.ts';
import { type RenderedPage, renderedPages } from '#page-cache/renders.ts';
import {
  type SecretState,
  type StoreState,
  secretProblem,
  secretStates,
  storeState,
} from '#secrets/index.ts';

/** The state of the site. Contains no secret. */
export type StatusReport = {
  secrets: SecretState[];
  /** The store of secrets; `undefined` if none is configured. */
  store: StoreState | undefined;
  database: string;
  /** The pages that are served now: those from the image, and those that this process rendered, newest first. */
  pages: { inImage: BuiltPages | undefined; later: RenderedPage[] };
  /** When this process started, and its versions. */
  process: { startedAt: Date; versions: { sealed: string; next: string; node: string } };
};

/** Reports the state of secrets, store, database and pages. */
export function statusReport(): StatusReport {
  const built = builtPages();
  const later = renderedPages();
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
  // Next.js's version is pinned, so the declared version is the installed one.
  const { version: sealed, dependencies } = JSON.parse(readFileSync(inBuild('package.json'), 'utf8'));
  return { sealed, next: dependencies.next, node: process.versions.node };
}
