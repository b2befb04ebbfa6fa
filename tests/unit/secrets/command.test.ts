import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const COMMANDS = fileURLToPath(new URL('../../../src/commands/', import.meta.url));

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-command-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function run(command: string, args: string[], variables: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(COMMANDS, command), ...args], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...variables },
    encoding: 'utf8',
  });
  return { code: status, output: stdout + stderr };
}

function envFile(content: string): string {
  const path = join(folder, '.env');
  writeFileSync(path, content);
  return path;
}

describe('npm run secrets', () => {
  it('shows each secret, and exits with 0 if the environment is usable', () => {
    const { code, output } = run('secrets.ts', [
      '--docker-env',
      envFile('DATABASE_URL=postgresql://blog:sentinel1@db/blog\n'),
    ]);
    expect(code, output).toBe(0);
    expect(output).toMatch(/^DATABASE_URL +build, run +optional +the variable DATABASE_URL +[0-9a-f]{10}$/m);
    expect(output).toMatch(/^EMAIL_API_KEY +build +unused +nowhere$/m);
    expect(output).not.toContain('sentinel1');
  });

  it('exits with 1 and lists every problem, including lines that Docker rejects', () => {
    const lines = [
      '# settings',
      'DATABASE_URL=postgresql://blog:sent@inel2@db/blog',
      'export AUTH_SECRET=sentinel2',
    ];
    const { code, output } = run('secrets.ts', ['--docker-env', envFile(lines.join('\n'))]);
    expect(code).toBe(1);
    expect(output).toMatch(/^problem: DATABASE_URL \(the variable DATABASE_URL\) has a @ in its password/m);
    expect(output).toMatch(/^problem: line 3 of \S+ begins with "export"/m);
    expect(output).not.toMatch(/sentinel2|inel2/);
  });

  it('prints the same as JSON', () => {
    const { code, output } = run('secrets.ts', ['--json', '--phase', 'build', '--docker-env', envFile('')]);
    expect(code).toBe(1);
    expect(JSON.parse(output)).toMatchObject({
      phase: 'build',
      usable: false,
      secrets: expect.arrayContaining([expect.objectContaining({ name: 'DATABASE_URL', need: 'required' })]),
    });
  });

  it('has a help text, and exits with 2 for an unknown phase', () => {
    expect(run('secrets.ts', ['--help'])).toMatchObject({
      code: 0,
      output: expect.stringContaining('Exit codes'),
    });
    expect(run('secrets.ts', ['--phase', 'never'])).toMatchObject({ code: 2 });
  });

  it('says which file it cannot read', () => {
    const { code, output } = run('secrets.ts', ['--docker-env', join(folder, 'none')]);
    expect(code).toBe(1);
    expect(output.trim().split('\n')).toHaveLength(1);
  });
});

describe('a command that fails', () => {
  const malformed = {
    'an unencoded password': 'postgresql://blog:sent@inel3@db.invalid/blog',
    'another scheme': 'mysql://blog:sentinel3@db.invalid/blog',
    'a host that is not there': 'postgresql://blog:sentinel3@db.invalid/blog',
    'a certificate file that is not there':
      'postgresql://blog:sentinel3@127.0.0.1:1/blog?sslmode=verify-full&sslrootcert=/none',
  };

  const commands = ['sealed.ts migrate', 'sealed.ts seed', 'docker-build.ts'];

  it.each(
    Object.entries(malformed).flatMap(([what, url]) =>
      commands.map((command) => [command, what, url] as const),
    ),
  )('%s prints one line and nothing of the secret at %s', (command, _, DATABASE_URL) => {
    const [file = '', ...args] = command.split(' ');
    const { code, output } = run(file, args, { DATABASE_URL });
    expect(code, output).toBe(1);
    expect(output.trim().split('\n'), output).toHaveLength(1);
    expect(output).not.toMatch(/sent|inel3|blog:/);
  });
});
