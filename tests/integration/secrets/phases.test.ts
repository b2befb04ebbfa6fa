import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Command, runNode } from '../../setup/command.ts';
import { createDatabase } from '../../setup/database.ts';
import { addToRouteTable } from '../../setup/framework-keys.ts';
import { type HttpService, startService } from '../../setup/http-service.ts';
import { copyProject } from '../../setup/project-copy.ts';

const ROUTES = fileURLToPath(new URL('routes/', import.meta.url));

/** Values that occur nowhere else in this run. */
const STRIPE_SECRET_KEY = `sk_test_${randomBytes(16).toString('hex')}`;
const EMAIL_API_KEY = randomBytes(16).toString('hex');

let folder: string;
let provider: HttpService;
let databaseUrl: string;
let password: string;

beforeAll(async () => {
  provider = await startService(() => [200, { Subject: 'News', HtmlBody: '<p>News</p>' }]);
  const database = await createDatabase({ migrated: true });
  databaseUrl = database.url;
  password = database.address.password;
  folder = join(mkdtempSync(join(tmpdir(), 'sealed-phases-')), 'project');
  copyProject(folder);
  cpSync(ROUTES, join(folder, 'src/app'), { recursive: true });
  // Some have client components, so Next.js answers them itself.
  addToRouteTable(folder, ['/asked', '/leaking', '/paying', '/quiet', '/scope'], 'handler');
  const compile = runNode(folder, ['src/commands/build-compile.ts']);
  expect(await compile.ended, compile.output()).toBe(0);
}, 240_000);

afterAll(async () => {
  await provider.close();
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

async function generate(TRIED: string): Promise<{ code: number | string; output: string }> {
  const variables = {
    DATABASE_URL: databaseUrl,
    STRIPE_SECRET_KEY,
    EMAIL_API_KEY,
    EMAIL_API_URL: provider.url,
    TRIED,
  };
  const command = runNode(folder, ['src/commands/build-generate.ts'], variables);
  const code = await command.ended;
  return { code, output: command.output() };
}

function expectNoSecretIn(text: string): void {
  for (const secret of [STRIPE_SECRET_KEY, EMAIL_API_KEY, password]) expect(text).not.toContain(secret);
}

describe('build:generate', () => {
  it.each([
    ['reads a run-time secret', 'paying', /the page \/paying read it/],
    ['reads one and catches the error', 'quiet', /the page \/quiet read it/],
    ['reads one in a module', 'scope', /it was read/],
  ])('fails if a page %s, and names both', async (_, tried, read) => {
    const { code, output } = await generate(tried);
    expect(code, output).toBe(1);
    const last = output.trim().split('\n').at(-1);
    expect(last).toMatch(
      /^build:generate: STRIPE_SECRET_KEY is a run-time secret, but .* while pages were prerendered\./,
    );
    expect(last).toMatch(read);
    expect(output).toContain(`/${tried}`);
    expectNoSecretIn(output);
  });

  it.each([
    ['a secret', 'leaking', 'EMAIL_API_KEY'],
    ['the password of a URL', 'leaking-part', 'DATABASE_URL'],
  ])('fails if a page passes %s to a client component, and names both', async (_, tried, name) => {
    const { code, output } = await generate(tried);
    expect(code, output).toBe(1);
    expect(output).toContain(`${name} is a secret, and was about to be sent to a browser.`);
    expect(output).toMatch(/prerendering page "\/leaking"/);
    expectNoSecretIn(output);
  });
});

describe('the serving process', () => {
  let server: Command;
  let site: string;

  beforeAll(async () => {
    const { code, output } = await generate('nothing');
    expect(code, output).toBe(0);
    server = runNode(folder, ['.next/standalone/sealed.js'], {
      DATABASE_URL: databaseUrl,
      STRIPE_SECRET_KEY,
      EMAIL_API_KEY,
      HOSTNAME: '127.0.0.1',
      PORT: '0',
    });
    const [, port] = await server.printed(/ready at http:\/\/127\.0\.0\.1:(\d+)/);
    site = `http://127.0.0.1:${port}`;
  }, 120_000);

  afterAll(() => server?.stop());

  const ask = async (what: string) =>
    (await fetch(`${site}/asked?what=${encodeURIComponent(what)}`).then((answer) => answer.text())) ?? '';

  it('reads a run-time secret when a page is requested', async () => {
    expect(await ask('length')).toMatch(new RegExp(`${STRIPE_SECRET_KEY.length}.* characters`));
  });

  it('refuses to read a build-time secret, and its log names secret and page', async () => {
    await ask('build secret');
    await server.printed(
      /EMAIL_API_KEY is a build-time secret, but the page \/asked read it while the blog was served/,
    );
  });

  it('sends no secret to a browser, and logs which one it was', async () => {
    expectNoSecretIn(await ask('leak'));
    await server.printed(/STRIPE_SECRET_KEY is a secret, and was about to be sent to a browser/);
  });

  it.each([
    ['an error', 'error', /Stripe refused \[STRIPE_SECRET_KEY\]/],
    ['the console', 'console', /the key is \{ key: '\[STRIPE_SECRET_KEY\]' \}/],
  ])('masks a secret in %s', async (_, what, printed) => {
    expectNoSecretIn(await ask(what));
    await server.printed(printed);
    expectNoSecretIn(server.output());
  });
});

describe('build:compile', () => {
  it('fails if a client component imports the reader', async () => {
    writeFileSync(
      join(folder, 'src/app/leaking/shown.tsx'),
      `'use client';\nimport { readSecret } from '#secrets/index.ts';\nexport const Shown = () => String(readSecret);\n`,
    );
    const compile = runNode(folder, ['src/commands/build-compile.ts']);
    expect(await compile.ended).toBe(1);
    expect(compile.output()).toMatch(/'server-only' cannot be imported from a Client Component/);
    expect(compile.output()).toContain('src/app/leaking/shown.tsx');
  }, 120_000);
});
