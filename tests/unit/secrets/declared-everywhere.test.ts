import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { declarationOf, SECRET_NAMES, type SecretName } from '#secrets/declaration.ts';

const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));
const WORKFLOW = '.github/workflows/ci.yml';

const read = (path: string) => readFileSync(join(PROJECT, path), 'utf8');
const idOf = (name: SecretName) => name.toLowerCase();
const declaredFor = (phase: 'build' | 'run') =>
  SECRET_NAMES.filter((name) => declarationOf(name).phases[phase] !== undefined);

/** What is missing or extra, one instruction for each; the text in quotation marks is what to add. */
function expectNoGaps(gaps: string[]): void {
  expect(gaps, `\n${gaps.join('\n')}\n`).toEqual([]);
}

/** Names in a text that match this pattern and are not declared. */
function undeclared(text: string, pattern: RegExp, declared: string[]): string[] {
  return [...text.matchAll(pattern)].flatMap(([, name = '']) => (declared.includes(name) ? [] : [name]));
}

/** A secret's row of the table in docs/secrets.md. */
function rowOf(name: SecretName): string {
  const { phases, purpose, without } = declarationOf(name);
  const described = Object.entries(phases).map(([phase, what]) => `${phase} (${what})`);
  return `| \`${name}\` | ${described.join(', ')} | ${purpose} | ${without} |`;
}

/** The environments of the workflow's steps that use build secrets. */
function workflowSteps(): Record<string, string>[] {
  type Job = { steps: { run?: string; env?: Record<string, string> }[] };
  const { jobs }: { jobs: Record<string, Job> } = parse(read(WORKFLOW));
  return Object.values(jobs)
    .flatMap(({ steps }) => steps)
    .filter(({ run = '' }) => /docker:(build|verify)/.test(run))
    .map(({ env = {} }) => env);
}

describe('the declaration of secrets', () => {
  it('has each build secret mounted in the Dockerfile, and no other', () => {
    const [, generate = ''] = read('Dockerfile').split(/^FROM .* AS generate$/m);
    const [step = ''] = /^RUN (?:.*\\\n)*.*build-generate\.ts.*$/m.exec(generate) ?? [];
    const ids = declaredFor('build').map(idOf);
    const missing = ids.filter((id) => !new RegExp(`--mount=type=secret,id=${id}(?![\\w-])`).test(step));
    expectNoGaps([
      ...missing.map(
        (id) => `Dockerfile: add "--mount=type=secret,id=${id}" to the RUN of build-generate.ts.`,
      ),
      // npm reads npmrc for itself; the project never does.
      ...undeclared(read('Dockerfile'), /--mount=type=secret,id=([\w-]+)/g, [...ids, 'npmrc']).map(
        (id) =>
          `Dockerfile: remove the mount of ${id}, or declare it for "build" in src/secrets/declaration.ts.`,
      ),
    ]);
  });

  it('has each run-time secret in .env.example, and none that only the build needs', () => {
    const names = [...read('.env.example').matchAll(/^(?:# )?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name);
    const missing = declaredFor('run').filter((name) => !names.includes(name));
    const extra = SECRET_NAMES.filter((name) => !declaredFor('run').includes(name) && names.includes(name));
    expectNoGaps([
      ...missing.map(
        (name) => `.env.example: add "# ${name}=" and above it a line that says what it is for.`,
      ),
      ...extra.map((name) => `.env.example: remove ${name}; a running container never reads it.`),
    ]);
  });

  it('has each secret in the table of docs/secrets.md as it is declared', () => {
    const [, table = ''] = read('docs/secrets.md').split(/^## /m);
    const rows = table.split('\n');
    const missing = SECRET_NAMES.map(rowOf).filter((row) => !rows.includes(row));
    expectNoGaps([
      ...missing.map((row) => `docs/secrets.md: add "${row}" to the table of secrets.`),
      ...undeclared(table, /^\| `([A-Z][A-Z0-9_]*)` \|/gm, SECRET_NAMES).map(
        (name) => `docs/secrets.md: remove the row of ${name}; it is not declared.`,
      ),
    ]);
  });

  it('has each build secret passed to the build and to its proof by the workflow, if there is one', () => {
    if (!existsSync(join(PROJECT, WORKFLOW))) return;
    const steps = workflowSteps();
    expect(steps).toHaveLength(2);
    const given = (name: SecretName) => steps.every((env) => env[name]?.includes(`secrets.${name}`));
    expectNoGaps(
      declaredFor('build')
        .filter((name) => !given(name))
        .map(
          (name) =>
            `${WORKFLOW}: add "${name}: \${{ secrets.${name} }}" to the env of the steps that build and verify the image.`,
        ),
    );
  });

  it('gives a reason for each value that is embedded', () => {
    const silent = SECRET_NAMES.filter(
      (name) => (declarationOf(name).phases.embedded ?? 'said').trim() === '',
    );
    expectNoGaps(silent.map((name) => `src/secrets/declaration.ts: say why ${name} may be embedded.`));
  });
});
