import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));
const PARTS = [
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
  'sealcheck/vitest.config.ts',
  'src',
  'tests',
  'docs',
  'Dockerfile',
  '.env.example',
  '.github',
];

const WORKFLOW = '.github/workflows/ci.yml';

const ROW = `  TEMPLATE_KEY: {
    phases: { build: 'required', run: 'optional' },
    schema: atLeast(8, 'Copy it again.'),
    purpose: 'a secret that a test adds',
    without: 'nothing happens',
  },
`;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-new-secret-'));
  for (const part of PARTS) cpSync(join(PROJECT, part), join(folder, part), { recursive: true });
  symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
});

afterAll(() => rmSync(folder, { recursive: true }));

function change(path: string, how: (text: string) => string): void {
  const before = readFileSync(join(folder, path), 'utf8');
  const after = how(before);
  expect(after, `${path} is not changed`).not.toBe(before);
  writeFileSync(join(folder, path), after);
}

function runTest(): { passed: boolean; output: string } {
  const vitest = join(PROJECT, 'node_modules/vitest/vitest.mjs');
  const args = ['run', '--project', 'unit', 'tests/unit/secrets/declared-everywhere.test.ts'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  return { passed: status === 0, output: stdout + stderr };
}

it('takes one row, and then whatever the failing test says to add', () => {
  expect(runTest()).toMatchObject({ passed: true });
  change('src/secrets/declaration.ts', (text) => text.replace(/^} as const satisfies/m, `${ROW}$&`));

  const { passed, output } = runTest();
  expect(passed).toBe(false);
  const toAdd = new Map(
    [...output.matchAll(/^(\S+): add "(.*)" (?:to|and) .*$/gm)].map(([, path = '', text = '']) => [
      path,
      text,
    ]),
  );
  expect([...toAdd.keys()].sort(), output).toEqual([
    '.env.example',
    WORKFLOW,
    'Dockerfile',
    'docs/secrets.md',
  ]);

  change('Dockerfile', (text) =>
    text.replace(/(?=node src\/commands\/build-generate)/, `${toAdd.get('Dockerfile')} `),
  );
  change('.env.example', (text) => `${text}\n# What a test adds.\n${toAdd.get('.env.example')}\n`);
  change('docs/secrets.md', (text) =>
    text.replace(/^\| `EMAIL_API_KEY`.*\n/m, `$&${toAdd.get('docs/secrets.md')}\n`),
  );
  change(WORKFLOW, (text) =>
    text.replace(/^( +)EMAIL_API_KEY:.*\n/gm, (line, indent) => `${line}${indent}${toAdd.get(WORKFLOW)}\n`),
  );
  expect(runTest()).toMatchObject({ passed: true });
});
