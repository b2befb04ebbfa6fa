#!/usr/bin/env node
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { runCanary } from './canary/canary.ts';
import { type Prepared, prepare } from './check.ts';
import { defaultLimits, type Limits } from './contents/budget.ts';
import { checkImage } from './image/check.ts';
import { openImage } from './image/source.ts';
import { selfTest } from './plant/self-test.ts';
import type { Report } from './report/findings.ts';
import { htmlReport } from './report/html.ts';
import { sarifReport } from './report/sarif.ts';
import { inColour, plainly, textReport } from './report/text.ts';
import { readAllowFile } from './secrets/allowed.ts';
import { readContext } from './secrets/context.ts';
import { type DeclaredSecret, readEnvFile, readSecretOption } from './secrets/declare.ts';
import { checkSite, defaultCrawlLimits } from './site/check.ts';
import { checkTree } from './tree/check.ts';
import { CouldNotCheck, ExitCode, messageOf } from './verdict.ts';
import { version } from './version.ts';

const variables = process.env;

interface SharedOptions {
  secret: string[];
  envFile: string[];
  context: string[];
  notSecret: string[];
  allowFile: string[];
  format: 'text' | 'json' | 'sarif' | 'html';
  output?: string;
  maxDepth: number;
  maxUnpacked: number;
  allowFrameworkKeys?: boolean;
}

const repeated = (value: string, before: string[]): string[] => [...before, value];

function wholeNumber(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('it takes a whole number above 0.');
  return number;
}

function withSecrets(command: Command): Command {
  return command
    .option(
      '--secret <id=name,src=file|env=NAME>',
      "a secret to look for, in Docker's syntax (repeatable)",
      repeated,
      [],
    )
    .option('--env-file <file>', 'look for the value of each line of an env file (repeatable)', repeated, [])
    .option('--context <folder>', 'look for every credential in a build context (repeatable)', repeated, [])
    .option(
      '--not-secret <name>',
      'a secret, or a part of one, that is not searched for: NAME, key, a.path or id:a.path (repeatable)',
      repeated,
      [],
    )
    .option(
      '--allow-file <file>',
      'the same, a line each, with a last day and a reason (repeatable)',
      repeated,
      [],
    )
    .addOption(
      new Option('--format <format>', 'what the report is')
        .choices(['text', 'json', 'sarif', 'html'])
        .default('text'),
    )
    .option('--output <file>', 'write the report to a file and a summary to the terminal')
    .option(
      '--max-depth <n>',
      'how deep archives within archives are opened',
      wholeNumber,
      defaultLimits.depth,
    )
    .option(
      '--max-unpacked <MiB>',
      'what one file may unpack to',
      wholeNumber,
      defaultLimits.unpackedFile / 2 ** 20,
    )
    .option('--allow-framework-keys', "list a framework's own live keys without calling them a leak");
}

function secretsOf(options: SharedOptions): DeclaredSecret[] {
  const declared = [
    ...options.secret.map((option) => readSecretOption(option, variables)),
    ...options.envFile.flatMap(readEnvFile),
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
        ? 'no credential was found in the build context, so nothing could be checked; give --secret id=…,src=…'
        : 'no secret was given, so nothing could be checked; give --secret id=…,src=…, --env-file or --context',
    );
  }
  return secrets;
}

/** Compiles the search that the options ask for. */
function preparedBy(options: SharedOptions): Prepared {
  const allowed = options.allowFile.map((path) => readAllowFile(path, new Date()));
  const exempt = new Set([...options.notSecret, ...allowed.flatMap(({ names }) => names)]);
  const prepared = prepare(secretsOf(options), exempt);
  return { ...prepared, warnings: [...prepared.warnings, ...allowed.flatMap(({ warnings }) => warnings)] };
}

const limitsOf = (options: SharedOptions): Limits => ({
  ...defaultLimits,
  depth: options.maxDepth,
  unpackedFile: options.maxUnpacked * 2 ** 20,
});

function progressOn(stream: NodeJS.WriteStream): { show(bytes: number): void; clear(): void } {
  if (!stream.isTTY || variables.CI) return { show: () => undefined, clear: () => undefined };
  let last = 0;
  return {
    show(bytes) {
      const now = performance.now();
      if (now - last < 100) return;
      last = now;
      stream.write(`\r\u001b[Ksealcheck: ${(bytes / 1e6).toFixed(0)} MB searched`);
    },
    clear: () => void stream.write('\r\u001b[K'),
  };
}

function publish(report: Report, options: Pick<SharedOptions, 'format' | 'output'>): void {
  const render = {
    text: () => textReport(report, plainly),
    json: () => `${JSON.stringify(report, null, 2)}\n`,
    sarif: () => sarifReport(report),
    html: () => htmlReport(report),
  };
  const paint = process.stdout.isTTY && !variables.NO_COLOR ? inColour : plainly;
  if (options.output) {
    mkdirSync(dirname(options.output), { recursive: true });
    writeFileSync(options.output, render[options.format]());
    process.stdout.write(textReport(report, paint));
  } else
    process.stdout.write(options.format === 'text' ? textReport(report, paint) : render[options.format]());
}

const exitCodeOf = (report: Report): ExitCode =>
  report.verdict === 'leak'
    ? ExitCode.leak
    : report.verdict === 'clean'
      ? ExitCode.clean
      : ExitCode.couldNotCheck;

type Check = (options: {
  prepared: Prepared;
  limits: Limits;
  allowFrameworkKeys: boolean;
  onProgress: (bytes: number) => void;
}) => Promise<Report>;

async function run(options: SharedOptions, check: Check): Promise<void> {
  const prepared = preparedBy(options);
  const progress = progressOn(process.stderr);
  try {
    const report = await check({
      prepared,
      limits: limitsOf(options),
      allowFrameworkKeys: options.allowFrameworkKeys ?? false,
      onProgress: progress.show,
    });
    progress.clear();
    if (options.format === 'text' || options.output !== undefined)
      for (const line of prepared.description) process.stdout.write(`looked for ${line}\n`);
    publish(report, options);
    process.exitCode = exitCodeOf(report);
  } finally {
    progress.clear();
  }
}

const program = new Command('sealcheck')
  .description('Proves that what you ship holds none of the secrets that built it.')
  .version(version)
  .addHelpText('after', '\nExit status: 0 clean, 1 leak, 2 could not check. No value is ever shown.')
  .exitOverride();

withSecrets(
  program
    .command('image')
    .argument('<image>', 'a reference, a tar (docker save, OCI) or an OCI layout or cache directory'),
)
  .description(
    'search every layer, deleted files too, the config, history, annotations and attestations of an image',
  )
  .option('--dockerfile <file>', 'show in the report which of its steps had a secret mounted')
  .action((image: string, options: SharedOptions & { dockerfile?: string }) =>
    run(options, (how) =>
      checkImage(openImage(image), {
        ...how,
        ...(options.dockerfile !== undefined && { dockerfile: options.dockerfile }),
      }),
    ),
  );

withSecrets(program.command('dir').argument('<path>', 'a tree of files, such as .next or dist'))
  .description('search a directory')
  .action((path: string, options: SharedOptions) => run(options, (how) => checkTree(path, how)));

withSecrets(program.command('site').argument('<url>', 'the address of a running site'))
  .option('--max-requests <n>', 'how many answers are read at most', wholeNumber, defaultCrawlLimits.requests)
  .description('crawl a running site within its origin and search all that it answers')
  .action((url: string, options: SharedOptions & { maxRequests: number }) =>
    run(options, (how) => checkSite(url, how, { ...defaultCrawlLimits, requests: options.maxRequests })),
  );

withSecrets(
  program.command('canary').argument('<command...>', 'the build, after "--"; $CANARY_<ID> holds each canary'),
)
  .description(
    'build with a canary in place of each secret, make sure that it was used, and look for it in the image',
  )
  .option('--image <image>', 'the image that the build makes')
  .option('--expect-file <glob>', 'a path that has to be in the image (repeatable)', repeated, [])
  .option(
    '--unwitnessed <id>',
    'a secret that is no database URL, so nothing can see its use (repeatable)',
    repeated,
    [],
  )
  .option('--listen <address>', 'where the witness of a database listens', '127.0.0.1')
  .option('--reachable-as <host>', 'the name under which the build reaches the witness', '127.0.0.1')
  .action(
    async (
      command: string[],
      options: SharedOptions & {
        image?: string;
        expectFile: string[];
        unwitnessed: string[];
        listen: string;
        reachableAs: string;
      },
    ) => {
      const { report } = await runCanary({
        secrets: secretsOf(options),
        command,
        ...(options.image !== undefined && { image: options.image }),
        expected: options.expectFile,
        unwitnessed: new Set(options.unwitnessed),
        listen: options.listen,
        reachableAs: options.reachableAs,
        environment: variables,
        limits: limitsOf(options),
        allowFrameworkKeys: options.allowFrameworkKeys ?? false,
        log: (line) => process.stderr.write(`sealcheck: ${line}\n`),
      });
      publish(report, options);
      process.exitCode = exitCodeOf(report);
    },
  );

program
  .command('self-test')
  .argument('<image>', 'a reference, a tar or an OCI layout directory')
  .description(
    'plant every pair of hiding place and encoding on top of an image, in memory, and report any that is missed',
  )
  .addOption(new Option('--format <format>', 'what the report is').choices(['text', 'json']).default('text'))
  .action(async (image: string, options: { format: 'text' | 'json' }) => {
    const result = await selfTest(openImage(image), defaultLimits);
    if (options.format === 'json') process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    else {
      for (const { place, encoding, reason } of result.missed)
        process.stdout.write(`✗ ${reason}: ${place}, ${encoding}\n`);
      for (const reason of result.incomplete) process.stdout.write(`! not read whole: ${reason}\n`);
      const score = ((100 * result.found) / result.planted).toFixed(1);
      process.stdout.write(
        `${result.found} of ${result.planted} planted leaks found in the right place (${score} %), ${result.seconds.toFixed(1)} s\n`,
      );
    }
    process.exitCode =
      result.missed.length > 0
        ? ExitCode.leak
        : result.incomplete.length > 0
          ? ExitCode.couldNotCheck
          : ExitCode.clean;
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError)
    process.exitCode = error.exitCode === 0 ? ExitCode.clean : ExitCode.couldNotCheck;
  else {
    process.stderr.write(`sealcheck: ${messageOf(error)}\n`);
    process.exitCode = ExitCode.couldNotCheck;
  }
}
