import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { readDockerEnvFile } from '#local/docker-env-file.ts';
import { docker, tryDocker } from './engine.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const IMAGE = 'node:26-trixie-slim';

/** Reads each name in its arguments as the application would, inside the container. */
const READ_ALL = `
  import { findSecret } from '/project/src/secrets/sources.ts';
  const read = (name) => {
    try { return findSecret(name)?.value ?? 'missing'; } catch (error) { return 'refused: ' + error.message; }
  };
  console.log(JSON.stringify(Object.fromEntries(process.argv.slice(1).map((name) => [name, read(name)]))));
`;

const PEM = '-----BEGIN TEST KEY-----\nYWJj\nZGVm\n-----END TEST KEY-----';
const spelled = PEM.replaceAll('\n', '\\n');
const COMMENT = expect.stringMatching(/^refused: .* comment after the value/);
const SPACE = expect.stringMatching(/^refused: .* begins or ends with a space/);

/** A line, the variable that it sets, and the value that is read. */
const LINES: [line: string, name: string, read: unknown][] = [
  ['\uFEFFFIRST=value', 'FIRST', 'value'],
  ['PLAIN=value', 'PLAIN', 'value'],
  ['DOUBLE="value"', 'DOUBLE', 'value'],
  ["SINGLE='value'", 'SINGLE', 'value'],
  ['QUOTED_SPACES="  value "', 'QUOTED_SPACES', '  value '],
  ['LONE_QUOTE="value', 'LONE_QUOTE', '"value'],
  ['INNER_QUOTE=va"lue', 'INNER_QUOTE', 'va"lue'],
  ['EQUALS=a=b==', 'EQUALS', 'a=b=='],
  ['HASH=a#b', 'HASH', 'a#b'],
  ['COMMENT=value # comment', 'COMMENT', COMMENT],
  ['QUOTED_COMMENT="value" # comment', 'QUOTED_COMMENT', COMMENT],
  ['QUOTED_HASH="a # b"', 'QUOTED_HASH', 'a # b'],
  ['# COMMENTED=value', 'COMMENTED', 'missing'],
  ['SPACE_BEFORE= value', 'SPACE_BEFORE', SPACE],
  ['SPACE_BEHIND=value ', 'SPACE_BEHIND', SPACE],
  ['INNER_SPACE=two words', 'INNER_SPACE', 'two words'],
  ['  INDENTED=value', 'INDENTED', 'value'],
  ['CRLF=value\r', 'CRLF', 'value'],
  ['QUOTED_CRLF="value"\r', 'QUOTED_CRLF', 'value'],
  ['EMPTY=', 'EMPTY', 'missing'],
  ['EMPTY_QUOTES=""', 'EMPTY_QUOTES', 'missing'],
  ['ONLY_SPACES=   ', 'ONLY_SPACES', 'missing'],
  ['TWICE=first', 'TWICE', 'second'],
  ['TWICE=second', 'TWICE', 'second'],
  [`PEM=${spelled}`, 'PEM', PEM],
  [`QUOTED_PEM="${spelled}\\n"`, 'QUOTED_PEM', PEM],
  ['DOLLAR=a$HOME$(id)', 'DOLLAR', 'a$HOME$(id)'],
  ['BACKTICK=`id`', 'BACKTICK', '`id`'],
  ['BACKSLASH=a\\', 'BACKSLASH', 'a\\'],
  ['UNICODE=pässwörd', 'UNICODE', 'pässwörd'],
  ['PERCENT=p%40ss', 'PERCENT', 'p%40ss'],
  ['NOT_SET_ANYWHERE', 'NOT_SET_ANYWHERE', 'missing'],
];

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-env-file-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

function envFile(content: string | Buffer): string {
  const path = join(folder, '.env');
  writeFileSync(path, content);
  return path;
}

describe.skipIf(!inject('built'))('docker run --env-file', () => {
  const content = LINES.map(([line]) => line).join('\n');

  it('passes on awkward lines, and each is read as docs/secrets.md says', () => {
    const names = LINES.map(([, name]) => name);
    const volumes = ['src', 'package.json'].flatMap((name) => [
      '--volume',
      `${join(PROJECT, name)}:/project/${name}:ro`,
    ]);
    const run = ['run', '--rm', '--env-file', envFile(content), ...volumes, IMAGE];
    const read = JSON.parse(docker(...run, 'node', '--input-type=module', '--eval', READ_ALL, ...names));
    expect(read).toEqual(Object.fromEntries(LINES.map(([, name, value]) => [name, value])));
  });

  it('matches what readDockerEnvFile reads from the same file', () => {
    const names = new Set(LINES.map(([, name]) => name));
    const run = ['run', '--rm', '--env-file', envFile(content), IMAGE];
    const print = 'console.log(JSON.stringify(process.env))';
    const given: Record<string, string> = JSON.parse(docker(...run, 'node', '--eval', print));
    const expected = Object.fromEntries(Object.entries(given).filter(([name]) => names.has(name)));
    expect(readDockerEnvFile(content, {}).variables).toEqual(expected);
  });

  it.each([
    ['export', 'export TOKEN=value'],
    ['a space in the name', 'TOKEN =value'],
    ['no name', '=value'],
    ['a PEM over several lines', 'KEY=-----BEGIN KEY-----\nYWJj\n-----END KEY-----'],
    ['bytes that are not UTF-8', Buffer.from([0x41, 0x3d, 0xff, 0x0a])],
  ])('rejects the file for %s, and readDockerEnvFile names the line', async (_, lines) => {
    const bytes = Buffer.concat([Buffer.from('FIRST=1\n'), Buffer.from(lines)]);
    const { code } = await tryDocker(['run', '--rm', '--env-file', envFile(bytes), IMAGE, 'true']);
    expect(code).toBe(125);
    const problems = readDockerEnvFile(bytes.toString('utf8'), {}).problems;
    expect(problems[0]?.line).toBe(2 + lines.toString().trimEnd().split('\n').length - 1);
  });
});
