import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { environment, type Variables } from '#environment/variables.ts';
import { declarationOf, type SecretName } from './declaration.ts';
import { SecretError } from './secret-error.ts';

/** What a process is doing. `development` is Next.js's development server, which builds and serves in one. */
export type Phase = 'compile' | 'generate' | 'run' | 'development';

/** The variable that tells the processes of a build their phase; see {@link phaseVariables}. */
const PHASE = 'SEALED_PHASE';

/** The variable with the file that records refused reads, since a page may catch the error. */
const REFUSED_READS = 'SEALED_REFUSED_READS';

/** The declared phases that allow a secret to be read, by the process's phase. */
const ALLOWED_BY: Record<Phase, ('build' | 'run' | 'embedded')[]> = {
  compile: ['embedded'],
  generate: ['build', 'embedded'],
  run: ['run'],
  development: ['build', 'run', 'embedded'],
};

const DOING: Record<Phase, string> = {
  compile: 'the source was compiled',
  generate: 'pages were prerendered',
  run: 'the blog was served',
  development: 'the blog was developed',
};

/** The phase of this process, as set by the build, or by Next.js if it was started directly. */
export function currentPhase(variables: Variables = environment): Phase {
  const declared = variables[PHASE];
  if (declared === 'compile' || declared === 'generate') return declared;
  if (variables.NEXT_PHASE === 'phase-production-build') return 'generate';
  return variables.NODE_ENV === 'development' ? 'development' : 'run';
}

/**
 * The environment variables that tell the processes of a build their phase.
 *
 * @param refusedReads a file for the messages of refused reads, one per line
 */
export function phaseVariables(phase: 'compile' | 'generate', refusedReads: string): Record<string, string> {
  return { [PHASE]: phase, [REFUSED_READS]: refusedReads };
}

/**
 * Rejects reading a secret outside its phases, and records it, so that the build fails even if a page catches the error.
 *
 * @throws SecretError that names the secret and, if Next.js is rendering one, the page
 */
export function requirePhase(name: SecretName, phase: Phase): void {
  if (mayBeReadIn(name, phase)) return;
  const route = routeBeingRendered();
  const read = route ? `the page ${route} read it` : 'it was read';
  const sentence = `${name} is ${kind(name)}, but ${read} while ${DOING[phase]}. ${advice(name, phase)}`;
  const log = environment[REFUSED_READS];
  if (log) appendFileSync(log, `${sentence}\n`);
  throw new SecretError(sentence);
}

/** Whether the declaration allows a secret to be read in a phase. */
export function mayBeReadIn(name: SecretName, phase: Phase): boolean {
  const { phases } = declarationOf(name);
  return ALLOWED_BY[phase].some((allowed) => phases[allowed] !== undefined);
}

function kind(name: SecretName): string {
  const { build, run } = declarationOf(name).phases;
  if (build && run) return 'a secret of the build and of the running container';
  return build ? 'a build-time secret' : 'a run-time secret';
}

function advice(name: SecretName, phase: Phase): string {
  if (phase === 'run') {
    return 'Use it while pages are prerendered and keep the result, or add "run" to its phases in src/secrets/declaration.ts.';
  }
  if (phase === 'compile')
    return 'Read it in a function that is called while pages are prerendered or served.';
  return `Call connection() of next/server before reading ${name}, so that the page is rendered for each request.`;
}

/** What Next.js stores for each page that it renders; see its `work-async-storage.external.d.ts`. */
type WorkStorage = { workAsyncStorage?: { getStore(): { route?: string } | undefined } };

/**
 * The route that Next.js is rendering in this process, such as `/posts/[slug]`; `undefined` if there is none.
 * Only for the wording of an error: the module is internal to Next.js and may move.
 */
function routeBeingRendered(): string | undefined {
  try {
    const load = createRequire(join(process.cwd(), 'package.json'));
    const storage: WorkStorage = load('next/dist/server/app-render/work-async-storage.external.js');
    return storage.workAsyncStorage?.getStore()?.route;
  } catch {
    return undefined;
  }
}
