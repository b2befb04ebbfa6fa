import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Limits } from '../contents/budget.ts';
import { checkImage } from '../image/check-image.ts';
import { openImage } from '../image/source.ts';
import type { Report } from '../report/findings.ts';
import { failedReport } from '../report/publish.ts';
import type { DeclaredSecret } from '../secrets/declare.ts';
import { prepare } from '../secrets/prepare.ts';
import { CouldNotCheck } from '../verdict.ts';
import { Witness } from './witness.ts';

/** The options of a positive control. */
export type CanaryOptions = {
  secrets: readonly DeclaredSecret[];
  /** The build: a program and its arguments, started without a shell. */
  command: readonly string[];
  /** The image that the build makes; without one, only the use of the canaries is checked. */
  image?: string;
  /** Globs of paths that must match at least one file each in the image. */
  expected: readonly string[];
  /** Ids of secrets whose use cannot be observed. */
  unwitnessed: ReadonlySet<string>;
  /** The address to listen on, and the host name at which the build reaches it. */
  listen: string;
  reachableAs: string;
  environment: Readonly<Record<string, string | undefined>>;
  limits: Limits;
  allowFrameworkKeys: boolean;
  strict?: boolean;
  log(line: string): void;
};

type Canary = {
  id: string;
  variable: string;
  value: string;
  witness?: Witness;
};

const password = (): string => randomBytes(18).toString('base64url');

// Same length and kinds of characters, so that a schema that accepts the real value accepts the canary.
function alike(value: string): string {
  const kinds = ['ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz', '0123456789'];
  return [...value]
    .map((character) => {
      const kind = kinds.find((letters) => letters.includes(character));
      return kind ? kind[(randomBytes(1)[0] ?? 0) % kind.length] : character;
    })
    .join('');
}

async function canaryFor(secret: DeclaredSecret, options: CanaryOptions): Promise<Canary> {
  const variable = `CANARY_${secret.id.toUpperCase().replace(/\W/g, '_')}`;
  const text = secret.value.toString();
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    url = undefined;
  }
  if (!url || !/^postgres(ql)?:$/.test(url.protocol)) {
    const value = text.length >= 16 ? alike(text) : password();
    return { id: secret.id, variable, value };
  }
  const witness = new Witness(url);
  await witness.open(options.listen, options.reachableAs);
  return { id: secret.id, variable, value: witness.url.href, witness };
}

async function runBuild(command: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const [program, ...parameters] = command;
  if (program === undefined) throw new CouldNotCheck('no build command was given; write it after "--"');
  const child = spawn(program, parameters, { stdio: ['ignore', 'inherit', 'inherit'], env: environment });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', () =>
      reject(new CouldNotCheck(`the build could not be started: there is no program "${program}"`)),
    );
    child.once('exit', resolve);
  });
  if (code !== 0)
    throw new CouldNotCheck(
      `the build with canaries failed (exit ${code ?? 'by a signal'}); its output is above`,
    );
}

function globToExpression(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(
      /\*\*\/|\*\*|\*|\?/g,
      (wild) => ({ '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*' })[wild] ?? '[^/]',
    );
  return new RegExp(`^(?:\\./)?/?${source.replace(/^\//, '')}$`);
}

/**
 * The positive control: gives a build a canary in place of each secret, checks that the build used it, and then
 * searches the image for the canaries. If a canary was never used, a clean verdict is worthless, so the result is
 * "could not check".
 */
export async function runCanary(options: CanaryOptions): Promise<Report> {
  const startedAt = performance.now();
  const canaries: Canary[] = [];
  try {
    for (const secret of options.secrets) canaries.push(await canaryFor(secret, options));
    for (const { id, variable } of canaries) options.log(`canary for "${id}" in $${variable}`);
    const values = Object.fromEntries(canaries.map(({ variable, value }) => [variable, value]));
    await runBuild(options.command, { ...options.environment, ...values });
  } finally {
    await Promise.all(canaries.map(({ witness }) => witness?.close()));
  }
  const incomplete: string[] = [];
  const evidence: string[] = [];
  for (const { id, witness } of canaries) {
    if (witness && witness.logins > 0)
      evidence.push(
        `"${id}" was used: ${witness.logins} ${witness.logins === 1 ? 'login' : 'logins'} with the canary's password`,
      );
    else if (witness) {
      const hint =
        witness.problems[0] ??
        (witness.refusals > 0 ? 'a login with another password was refused' : 'nothing connected');
      incomplete.push(
        `the build never logged in with the canary for "${id}" (${hint}), so its absence proves nothing`,
      );
    } else if (!options.unwitnessed.has(id)) {
      incomplete.push(
        `no use of the canary for "${id}" can be witnessed; show it with --expect-file and say --unwitnessed ${id}`,
      );
    }
  }
  const prepared = prepare(
    canaries.map(({ id, value }) => ({ id, value: Buffer.from(value), origin: 'canary' })),
  );
  let report: Report = {
    ...failedReport('canary', options.image ?? 'the build', ''),
    searched: prepared.searched,
    incomplete: [],
  };
  if (options.image !== undefined) {
    const open = new Map(options.expected.map((glob) => [glob, globToExpression(glob)]));
    report = await checkImage(openImage(options.image), {
      prepared,
      limits: options.limits,
      allowFrameworkKeys: options.allowFrameworkKeys,
      strict: options.strict ?? false,
      onPath(path) {
        for (const [glob, expression] of open) if (expression.test(path)) open.delete(glob);
      },
    });
    for (const glob of open.keys()) {
      incomplete.push(`no file of the image matches ${glob}: the build did not make what it should`);
    }
    for (const glob of options.expected) if (!open.has(glob)) evidence.push(`the image has ${glob}`);
  }
  const all = [...report.incomplete, ...incomplete];
  return {
    ...report,
    command: 'canary',
    incomplete: all,
    notes: [...evidence, ...report.notes],
    verdict: report.findings.length > 0 ? 'leak' : all.length > 0 ? 'could not check' : 'clean',
    seconds: (performance.now() - startedAt) / 1000,
  };
}
