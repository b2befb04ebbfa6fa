import { type Command, InvalidArgumentError, Option } from 'commander';
import { defaultLimits, type Limits } from './contents/budget.ts';
import { FORMATS, type Format } from './report/publish.ts';
import { readAllowFile } from './secrets/allowed.ts';
import { readContext } from './secrets/context.ts';
import { type DeclaredSecret, readEnvFile, readSecretOption, type Variables } from './secrets/declare.ts';
import { type Prepared, prepare } from './secrets/prepare.ts';
import { CouldNotCheck } from './verdict.ts';

/** The options of every check, as the command line has them. */
export type SharedOptions = {
  secret: string[];
  dotenv: string[];
  envFile: string[];
  context: string[];
  notSecret: string[];
  allowFile: string[];
  format: Format;
  output?: string;
  strict?: boolean;
  maxDepth: number;
  maxUnpacked: number;
  allowFrameworkKeys?: boolean;
};

/** Collects the values of an option that may be repeated. */
export const repeated = (value: string, before: string[]): string[] => [...before, value];

/** @throws InvalidArgumentError if the value is no whole number above 0. */
export function wholeNumber(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('it takes a whole number above 0.');
  return number;
}

/** Adds the options that every check has. */
export function withSecrets(command: Command): Command {
  return command
    .option(
      '--secret <id=name,src=file|env=NAME>',
      "a secret to look for, in Docker's syntax (repeatable)",
      repeated,
      [],
    )
    .option('--dotenv <file>', 'look for the value of each line of an env file (repeatable)', repeated, [])
    .option(
      '--env-file <file>',
      'the same; Node.js reads an option of this name too, so --dotenv is safer (repeatable)',
      repeated,
      [],
    )
    .option('--context <folder>', 'look for every credential in a build context (repeatable)', repeated, [])
    .option(
      '--not-secret <name>',
      'a secret, or a part of one, that is not searched for: NAME, key, a.path or id:a.path (repeatable)',
      repeated,
      [],
    )
    .option(
      '--allow-file <file>',
      'the same, one per line, with a last day and a reason (repeatable)',
      repeated,
      [],
    )
    .addOption(new Option('--format <format>', 'the format of the report').choices(FORMATS).default('text'))
    .option('--output <file>', 'write the report to a file and a summary to the terminal')
    .option(
      '--max-depth <n>',
      'how deep archives within archives are opened',
      wholeNumber,
      defaultLimits.depth,
    )
    .option(
      '--max-unpacked <MiB>',
      'how much one file may unpack to',
      wholeNumber,
      defaultLimits.unpackedFile / 2 ** 20,
    )
    .option(
      '--strict',
      'exit 2 if a file could not be opened, such as an encrypted archive (the default for image)',
    )
    .option('--no-strict', 'say so in the verdict and exit 0')
    .option('--allow-framework-keys', "list a framework's own live keys without calling them a leak");
}

/**
 * Reads the secrets that the options name.
 *
 * @throws CouldNotCheck if there are none, or one can't be read.
 */
export function secretsOf(options: SharedOptions, variables: Variables): DeclaredSecret[] {
  const declared = [
    ...options.secret.map((option) => readSecretOption(option, variables)),
    ...[...options.dotenv, ...options.envFile].flatMap(readEnvFile),
  ];
  const isDeclared = new Set(declared.map(({ value }) => value.toString('latin1').trim()));
  const found = options.context.flatMap(readContext);
  const secrets = [
    ...declared,
    ...found.filter(({ value }) => !isDeclared.has(value.toString('latin1').trim())),
  ];
  if (secrets.length === 0) {
    throw new CouldNotCheck(
      options.context.length > 0
        ? 'no credential was found in the build context, so nothing could be checked; pass --secret id=…,src=…'
        : 'no secret was given, so nothing could be checked; pass --secret id=…,src=…, --dotenv or --context',
    );
  }
  return secrets;
}

/** Compiles the search for the options. */
export function preparedBy(options: SharedOptions, variables: Variables): Prepared {
  const allowed = options.allowFile.map((path) => readAllowFile(path, new Date()));
  const exempt = new Set([...options.notSecret, ...allowed.flatMap(({ names }) => names)]);
  const prepared = prepare(secretsOf(options, variables), exempt);
  return { ...prepared, warnings: [...prepared.warnings, ...allowed.flatMap(({ warnings }) => warnings)] };
}

/** How far the options let archives be unpacked. */
export const limitsOf = (options: SharedOptions): Limits => ({
  ...defaultLimits,
  depth: options.maxDepth,
  unpackedFile: options.maxUnpacked * 2 ** 20,
});
