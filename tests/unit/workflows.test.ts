import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isScalar, parseDocument, type Scalar, visit } from 'yaml';

const FOLDER = '.github/workflows';

/** Jobs with write permissions, and which. */
const MAY_WRITE: Record<string, string[]> = { image: ['security-events'] };

type Step = { uses?: string; run?: string; env?: object; with?: Record<string, unknown> };
type Job = { permissions?: unknown; secrets?: unknown; uses?: string; steps?: Step[] };

/** Violations of the workflow rules in docs/contributing.md, one sentence each. */
function breaches(text: string): string[] {
  const document = parseDocument(text);
  const workflow = document.toJS() as {
    on: object;
    permissions?: unknown;
    env?: object;
    jobs: Record<string, Job>;
  };
  const found: string[] = document.errors.map(({ message }) => message);

  visit(document, {
    Pair(_, { key, value }) {
      if (isScalar(key) && key.value === 'uses') found.push(...pinBreaches(value as Scalar<string>));
    },
  });
  if (/pull_request_target|workflow_run/.test(JSON.stringify(workflow.on)))
    found.push('A trigger gives the code of a pull request this repository’s secrets.');
  if (JSON.stringify(workflow.permissions) !== '{}') found.push('The workflow’s permissions are not {}.');
  if (namesSecret(workflow.env)) found.push('The workflow’s env names a secret.');

  for (const [name, { steps = [], ...job }] of Object.entries(workflow.jobs)) {
    found.push(...permissionBreaches(name, job.permissions));
    if (namesSecret(job) || job.secrets) found.push(`Job ${name} names a secret outside its steps.`);
    for (const { run = '', env, ...step } of steps) {
      if (/\$\{\{/.test(run)) found.push(`Job ${name} puts an expression into a script.`);
      if (namesSecret(step) || (step.uses && namesSecret(env)))
        found.push(`Job ${name} gives a secret to ${step.uses ?? 'something other than a variable'}.`);
      if (step.uses?.startsWith('actions/checkout@') && step.with?.['persist-credentials'] !== false)
        found.push(`Job ${name} leaves its token in .git/config.`);
    }
  }
  return found;
}

function pinBreaches({ value, comment }: Scalar<string>): string[] {
  if (value.startsWith('./')) return [];
  if (!/^[\w.-]+(\/[\w.-]+)+@[0-9a-f]{40}$/.test(value)) return [`${value} is not pinned by a commit.`];
  return /^ v\d+\.\d+\.\d+$/.test(comment ?? '') ? [] : [`${value} has no version in a comment.`];
}

function permissionBreaches(job: string, permissions: unknown): string[] {
  if (typeof permissions !== 'object' || permissions === null)
    return [`Job ${job} does not list its permissions.`];
  return Object.entries(permissions)
    .filter(([scope, level]) => level !== 'read' && level !== 'none' && !MAY_WRITE[job]?.includes(scope))
    .map(([scope, level]) => `Job ${job} has ${scope}: ${level}.`);
}

/** Whether an expression reads a secret. A comparison with the empty string only tells whether there is one. */
function namesSecret(part: unknown): boolean {
  const text = (JSON.stringify(part) ?? '').replaceAll(/\bsecrets\.\w+ != ''/g, '');
  return /\$\{\{((?!\}\}).)*\bsecrets\b/i.test(text);
}

const expression = (content: string) => `\${{ ${content} }}`;

const texts = readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')] as const);

describe('the workflows', () => {
  it.each(texts)('%s follows the rules', (_, text) => {
    expect(breaches(text)).toEqual([]);
  });

  const text = readFileSync(join(FOLDER, 'ci.yml'), 'utf8');
  const upload = /github\/codeql-action\/upload-sarif@\w+ # v[\d.]+/;

  it.each<[string, string | RegExp, string]>([
    ['an action by its tag', /actions\/checkout@\w+ # v[\d.]+/, 'actions/checkout@v6'],
    ['an action by its branch', upload, 'github/codeql-action/upload-sarif@main'],
    ['an action by a shortened commit', /(actions\/checkout@\w{7})\w+/, '$1'],
    ['an action in an image', upload, 'docker://alpine:3'],
    ['a pin without its version', /(actions\/checkout@\w+) # v[\d.]+/, '$1'],
    ['a pin with half of its version', /(actions\/checkout@\w+) # v[\d.]+/, '$1 # v6'],
    ['permissions at the top', 'permissions: {}', 'permissions: { contents: read }'],
    ['no permissions at the top', 'permissions: {}\n', ''],
    [
      'all permissions for a job',
      'permissions:\n      contents: read\n    strategy',
      'permissions: write-all\n    strategy',
    ],
    ['no permissions for a job', 'permissions:\n      contents: read\n    strategy', 'strategy'],
    ['a job that may write what it need not', 'security-events: write', 'packages: write'],
    [
      'a secret for an action',
      '{ sarif_file: sealcheck.sarif }',
      `{ sarif_file: '${expression('secrets.DATABASE_URL')}' }`,
    ],
    [
      'a secret in an action’s env',
      'with: { sarif_file: sealcheck.sarif }',
      `env: { URL: '${expression('secrets.DATABASE_URL')}' }`,
    ],
    [
      'every secret for an action',
      '{ sarif_file: sealcheck.sarif }',
      `{ sarif_file: '${expression('toJSON(secrets)')}' }`,
    ],
    ['a secret in the env of a job', "secrets.DATABASE_URL != ''", 'secrets.DATABASE_URL'],
    [
      'a secret in the env of the workflow',
      'permissions: {}',
      `permissions: {}\nenv: { A: '${expression('secrets.A')}' }`,
    ],
    [
      'a secret in a script',
      'run: npm run docker:build',
      `run: echo "${expression('secrets.DATABASE_URL')}"`,
    ],
    [
      'a title of a pull request in a script',
      'run: npm ci',
      `run: echo "${expression('github.event.pull_request.title')}"`,
    ],
    ['a token in the clone', 'with: { persist-credentials: false }', 'with: { fetch-depth: 0 }'],
    ['secrets for a fork’s code', '  pull_request:', '  pull_request_target:'],
  ])('would violate them with %s', (_, from, to) => {
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    expect(breaches(changed)).not.toEqual([]);
  });
});
