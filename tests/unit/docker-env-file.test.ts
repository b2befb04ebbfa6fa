import { describe, expect, it } from 'vitest';
import { readDockerEnvFile } from '#local/docker-env-file.ts';

describe('readDockerEnvFile', () => {
  it.each([
    ['export TOKEN=hidden', /begins with "export"/],
    ['TOKEN =hidden', /space in its name/],
    ['-----BEGIN KEY-----', /space in its name/],
    ['=hidden', /no name/],
    ['TOKEN=hidden\uFFFD', /not UTF-8/],
    ['FIRST=hidden', /sets FIRST again\. It wins over line 2/],
  ])('rejects %j with its line number', (line, problem) => {
    const { problems } = readDockerEnvFile(`# a comment\nFIRST=1\n\n${line}\n`, {});
    expect(problems).toEqual([{ line: 4, problem: expect.stringMatching(problem) }]);
    expect(problems[0]?.problem).not.toContain('hidden');
  });

  it('takes a name without a value from the environment, and omits it if it is not set there', () => {
    expect(readDockerEnvFile('TOKEN\nOTHER\n', { TOKEN: 'here' }).variables).toEqual({ TOKEN: 'here' });
  });

  it('uses the last of two lines, as Docker does', () => {
    const { variables, lines } = readDockerEnvFile('TOKEN=1\nTOKEN=2\n', {});
    expect([variables.TOKEN, lines.get('TOKEN')]).toEqual(['2', 2]);
  });
});
