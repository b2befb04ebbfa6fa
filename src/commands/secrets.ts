import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadDotEnv } from '#building/dot-env.ts';
import { environment } from '#environment/variables.ts';
import { readDockerEnvFile } from '#local/docker-env-file.ts';
import { blocking, type Phase, type SecretState, type Sources, secretStates } from '#secrets/index.ts';
import { openStore } from '#secrets/stores/open.ts';
import { failWith } from './failure.ts';

const HELP = `Usage: npm run secrets -- [options]

Shows every secret that is declared in src/secrets/declaration.ts, where this environment has it, and what is wrong
with it. No value is shown. Two environments show the same fingerprint if value and AUTH_SECRET are the same. Without
an AUTH_SECRET the key is random, and fingerprints can be compared only within one run.

Options:
      --phase <phase>      what the environment is for: run (the default), or build
      --docker-env <path>  check what docker run --env-file would pass, and name lines that Docker rejects;
                           this machine's own variables and files are left out
      --json               print JSON: { "phase", "usable", "secrets", "lines" }
  -h, --help               this text

Exit codes: 0 the environment is usable, 1 it is not, 2 the phase is unknown.
`;

const COLUMNS = ['NAME', 'PHASE', 'NEED', 'FOUND', 'FINGERPRINT'];

async function main(): Promise<void> {
  // Not `env-file`: Node.js itself consumes an option of that name, in any position.
  const options = {
    phase: { type: 'string', default: 'run' },
    'docker-env': { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  const { values } = parseArgs({ options });
  if (values.help) return console.info(HELP);
  if (values.phase !== 'run' && values.phase !== 'build') {
    console.error(`secrets: "${values.phase}" is not a phase. Use run or build.`);
    process.exitCode = 2;
    return;
  }
  const phase = values.phase === 'build' ? 'generate' : 'run';
  const { sources, lines } = values['docker-env'] ? fromEnvFile(values['docker-env']) : await fromHere(phase);
  const states = secretStates(phase, sources);
  const usable = blocking(states).length === 0 && lines.length === 0;
  if (values.json) {
    console.info(JSON.stringify({ phase: values.phase, usable, secrets: states, lines }, undefined, 2));
  } else {
    console.info(table(states));
    for (const { problem } of states) if (problem) console.info(`problem: ${problem}`);
    for (const { line, problem } of lines)
      console.info(`problem: line ${line} of ${values['docker-env']} ${problem}`);
    console.info(
      usable
        ? `This environment is usable for: ${values.phase}.`
        : `This environment is not usable for: ${values.phase}.`,
    );
  }
  if (!usable) process.exitCode = 1;
}

async function fromHere(phase: Phase): Promise<{ sources: Partial<Sources>; lines: [] }> {
  loadDotEnv();
  await openStore({ phase, retryFor: 5_000 });
  return { sources: {}, lines: [] };
}

function fromEnvFile(path: string) {
  const { variables, problems } = readDockerEnvFile(readFileSync(path, 'utf8'), environment);
  return { sources: { variables, directory: undefined, store: undefined }, lines: problems };
}

function table(states: SecretState[]): string {
  const rows = states.map((state) => [
    state.name,
    state.phases,
    state.need,
    state.source ?? (state.problem ? 'see below' : 'nowhere'),
    state.fingerprint ?? '',
  ]);
  const widths = COLUMNS.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const format = (row: string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [COLUMNS, ...rows].map(format).join('\n');
}

await main().catch(failWith('secrets'));
