import type { Variables } from '#environment/variables.ts';

/** A line that `docker run` rejects, or that does not do what it seems to. */
export type LineProblem = { line: number; problem: string };

/** An env file as `docker run --env-file` interprets it. */
export type EnvFile = {
  variables: Variables;
  /** The number of the line that sets each variable; the first line is 1. */
  lines: Map<string, number>;
  problems: LineProblem[];
};

/**
 * Parses a file as `docker run --env-file` does: a line is `NAME=value`, everything after the first `=` belongs to
 * the value, a name alone takes its value from the environment, and `#` starts a comment only at the start of a line.
 * See https://docs.docker.com/reference/cli/docker/container/run/#env.
 *
 * @param environment the variables for names without a value
 */
export function readDockerEnvFile(text: string, environment: Variables): EnvFile {
  const file: EnvFile = { variables: {}, lines: new Map(), problems: [] };
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const line = raw.replace(/\r$/, '').trimStart();
    if (line !== '' && !line.startsWith('#')) readLine(file, line, index + 1, environment);
  }
  return file;
}

function readLine(file: EnvFile, text: string, line: number, environment: Variables): void {
  const [, name = '', equals, value = ''] = /^([^=]*)(=?)(.*)$/s.exec(text) ?? [];
  const refuse = (problem: string) => file.problems.push({ line, problem });
  if (text.includes('\uFFFD')) return void refuse('is not UTF-8. Docker refuses the file; save it as UTF-8.');
  if (name === '') return void refuse('has no name before the "=". Docker refuses the file.');
  if (/^export\s/.test(name))
    return void refuse('begins with "export". Docker refuses the file; remove the word.');
  if (/\s/.test(name))
    return void refuse('has a space in its name. Docker refuses the file; remove the space.');
  const earlier = file.lines.get(name);
  if (earlier !== undefined) refuse(`sets ${name} again. It wins over line ${earlier}; keep one of them.`);
  const set = equals ? value : environment[name];
  if (set === undefined) return;
  file.variables[name] = set;
  file.lines.set(name, line);
}
