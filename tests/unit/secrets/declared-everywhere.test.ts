import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { declarationOf, SECRET_NAMES, type SecretName } from '#secrets/declaration.ts';

const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));
const WORKFLOW = '.github/workflows/ci.yml';

const read = (path: string) => readFileSync(join(PROJECT, path), 'utf8');
const idOf = (name: SecretName) => name.toLowerCase();
const declaredFor = (phase: 'build' | 'run') =>
  SECRET_NAMES.filter((name) => declarationOf(name).phases[phase] !== undefined);

/** What is missing or too much, one instruction for each; the text in quotation marks is what to add. */
function expectNoGaps(gaps: string[]): void {
  expect(gaps, `\n${gaps.join('\n')}\n`).toEqual([]);
}

/** What is not declared, of the names that a text has by this pattern. */
function undeclared(text: string, pattern: RegExp, declared: string[]): string[] {
  return [...text.matchAll(pattern)].flatMap(([, name = '']) => (declared.includes(name) ? [] : [name]));
}

/** A secret's row of the table in docs/secrets.md. */
function rowOf(name: SecretName): string {
  const { phases, purpose, without } = declarationOf(name);
  const described = Object.entries(phases).map(([phase, what]) => `${phase} (${what})`);
  return `| \`${name}\` | ${described.join(', ')} | ${purpose} | ${without} |`;
}

/** Empty where the repository has no such secret: Docker would mount an empty file. */
function workflowLine(name: SecretName): string {
  return `\${{ secrets.${name} && '${idOf(name)}=${name}' }}`;
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

  it('has each run-time secret in .env.example, and none of the build alone', () => {
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

  it('has each build secret handed to the build by the workflow, where there is one', () => {
    const workflow = existsSync(join(PROJECT, WORKFLOW)) ? read(WORKFLOW) : undefined;
    const named = (name: SecretName) => new RegExp(`\\b${idOf(name)}=${name}\\b`).test(workflow ?? '');
    const missing = workflow === undefined ? [] : declaredFor('build').filter((name) => !named(name));
    expectNoGaps(
      missing.map(
        (name) =>
          `${WORKFLOW}: add "${workflowLine(name)}" to the secret-envs of the step that builds the image, and ${name} to its env.`,
      ),
    );
  });

  it('says why for each value that is embedded', () => {
    const silent = SECRET_NAMES.filter(
      (name) => (declarationOf(name).phases.embedded ?? 'said').trim() === '',
    );
    expectNoGaps(silent.map((name) => `src/secrets/declaration.ts: say why ${name} may be embedded.`));
  });
});
