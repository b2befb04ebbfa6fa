import { Command, CommanderError, Option } from 'commander';
import { runCanary } from './canary/canary.ts';
import {
  limitsOf,
  preparedBy,
  repeated,
  type SharedOptions,
  secretsOf,
  wholeNumber,
  withSecrets,
} from './command-line.ts';
import { defaultLimits } from './contents/budget.ts';
import { checkImage } from './image/check-image.ts';
import { openImage } from './image/source.ts';
import type { CheckOptions } from './options.ts';
import { selfTest } from './plant/self-test.ts';
import type { Report } from './report/findings.ts';
import { FORMATS, failedReport, publish } from './report/publish.ts';
import { inColour, plainly } from './report/text.ts';
import { checkSite, defaultCrawlLimits } from './site/check-site.ts';
import { checkTree } from './tree/check-tree.ts';
import { ExitCode, messageOf } from './verdict.ts';
import { version } from './version.ts';

const variables = process.env;

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

const paint = process.stdout.isTTY && !variables.NO_COLOR ? inColour : plainly;

/** Runs a check and publishes its report, even if the check could not start. */
async function run(
  command: Report['command'],
  target: string,
  options: SharedOptions,
  check: (options: CheckOptions) => Promise<Report>,
): Promise<void> {
  const progress = progressOn(process.stderr);
  try {
    const prepared = preparedBy(options, variables);
    const how = {
      prepared,
      limits: limitsOf(options),
      allowFrameworkKeys: options.allowFrameworkKeys ?? false,
      // Base images hold nothing that can't be opened, so an image that does deserves a look.
      strict: options.strict ?? (command === 'image' || command === 'canary'),
      onProgress: progress.show,
    };
    const report = await check(how).finally(progress.clear);
    if (command !== 'canary' && (options.format === 'text' || options.output !== undefined))
      for (const line of prepared.description) process.stdout.write(`looked for ${line}\n`);
    process.exitCode = publish(report, options, paint);
  } catch (error) {
    const reason = messageOf(error);
    if (options.format !== 'text' || options.output) {
      publish(failedReport(command, target, reason), options, paint);
    }
    process.stderr.write(`sealcheck: ${reason}\n`);
    process.exitCode = ExitCode.couldNotCheck;
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
    .argument(
      '<image>',
      'a reference, a tar (docker save, OCI; compressed or not, - for standard input) or an OCI layout or cache directory',
    ),
)
  .description(
    'search every layer, deleted files too, the config, history, annotations and attestations of an image',
  )
  .option('--dockerfile <file>', 'show in the report which of its steps had a secret mounted')
  .action((image: string, options: SharedOptions & { dockerfile?: string }) =>
    run('image', image, options, (how) =>
      checkImage(openImage(image), {
        ...how,
        ...(options.dockerfile !== undefined && { dockerfile: options.dockerfile }),
      }),
    ),
  );

withSecrets(
  program.command('dir').argument('<path>', 'a directory such as dist, a file, or - for standard input'),
)
  .description('search a directory or a file')
  .action((path: string, options: SharedOptions) => run('dir', path, options, (how) => checkTree(path, how)));

withSecrets(program.command('site').argument('<url>', 'the address of a running site'))
  .option('--max-requests <n>', 'the most responses to read', wholeNumber, defaultCrawlLimits.requests)
  .description('crawl a running site within its origin and search everything that it returns')
  .option('--also-origin <origin>', "another origin that serves the site's files (repeatable)", repeated, [])
  .action((url: string, options: SharedOptions & { maxRequests: number; alsoOrigin: string[] }) =>
    run('site', url, options, (how) =>
      checkSite(url, how, { requests: options.maxRequests, alsoOrigins: options.alsoOrigin }),
    ),
  );

withSecrets(
  program.command('canary').argument('<command...>', 'the build, after "--"; $CANARY_<ID> holds each canary'),
)
  .description(
    'build with a canary in place of each secret, make sure that it was used, and look for it in the image',
  )
  .option('--image <image>', 'the image that the build produces')
  .option('--expect-file <glob>', 'a path that has to be in the image (repeatable)', repeated, [])
  .option(
    '--unwitnessed <id>',
    'a secret that is not a database URL, so its use cannot be observed (repeatable)',
    repeated,
    [],
  )
  .option('--listen <address>', 'where the witness of a database listens', '127.0.0.1')
  .option('--reachable-as <host>', 'the name under which the build reaches the witness', '127.0.0.1')
  .action(
    (
      command: string[],
      options: SharedOptions & {
        image?: string;
        expectFile: string[];
        unwitnessed: string[];
        listen: string;
        reachableAs: string;
      },
    ) =>
      run('canary', options.image ?? 'the build', options, (how) =>
        runCanary({
          ...how,
          secrets: secretsOf(options, variables),
          command,
          ...(options.image !== undefined && { image: options.image }),
          expected: options.expectFile,
          unwitnessed: new Set(options.unwitnessed),
          listen: options.listen,
          reachableAs: options.reachableAs,
          environment: variables,
          log: (line) => process.stderr.write(`sealcheck: ${line}\n`),
        }),
      ),
  );

program
  .command('self-test')
  .argument('<image>', 'a reference, a tar or an OCI layout directory')
  .description(
    'plant every pair of hiding place and encoding on top of an image, in memory, and report any that is missed',
  )
  .addOption(
    new Option('--format <format>', 'the format of the report').choices(['text', 'json']).default('text'),
  )
  .action(async (image: string, options: { format: 'text' | 'json' }) => {
    const result = await selfTest(openImage(image), defaultLimits);
    if (options.format === 'json') process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    else {
      for (const { place, encoding, reason } of result.missed)
        process.stdout.write(`✗ ${reason}: ${place}, ${encoding}\n`);
      for (const reason of result.incomplete) process.stdout.write(`! not read completely: ${reason}\n`);
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

// A reader that stops early, such as "head", is not a failure of the check.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

// Node.js exits with 1 after an uncaught error, and 1 means a leak.
process.on('uncaughtException', (error) => {
  process.stderr.write(`sealcheck: ${messageOf(error)}\n`);
  process.exit(ExitCode.couldNotCheck);
});

/** The value of an option of a command line that could not be parsed. */
function given(option: string): string | undefined {
  const at = process.argv.findIndex((argument) => argument === option || argument.startsWith(`${option}=`));
  return at < 0 ? undefined : process.argv[at]?.slice(option.length + 1) || process.argv[at + 1];
}

// A pipeline finds the report that it expects even if the command line is invalid.
function publishUsageError(reason: string): void {
  const format = FORMATS.find((known) => known === given('--format'));
  const output = given('--output');
  if (format === undefined || format === 'text') return;
  publish(failedReport('image', '', reason), { format, ...(output !== undefined && { output }) }, paint);
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = ExitCode.clean;
  else {
    // Commander has already printed its own errors.
    if (!(error instanceof CommanderError)) process.stderr.write(`sealcheck: ${messageOf(error)}\n`);
    else publishUsageError(error.message);
    process.exitCode = ExitCode.couldNotCheck;
  }
}
