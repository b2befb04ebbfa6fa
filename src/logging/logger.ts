import pino, { type Logger } from 'pino';
import { environment } from '#secrets/environment.ts';
import { mask } from '#secrets/masking.ts';
import { unquoted } from '#secrets/reader.ts';

/** Fields that hold a secret by their name, whatever their value is; anywhere in what is logged, three levels deep. */
const SECRET_FIELDS = [
  'password',
  'passphrase',
  'secret',
  'token',
  'apiKey',
  'api_key',
  'connectionString',
  'authorization',
  'cookie',
  '["set-cookie"]',
  '["x-api-key"]',
  '["x-prerender-revalidate"]',
];

/** pino's number for the level `warn`; see https://getpino.io/#/docs/api?id=loggerlevels-object. */
const WARN = 40;

/** How the log looks: `lines` for people, `json` for whatever collects logs. */
type Format = 'lines' | 'json';

/**
 * Makes the process's one logger. What it writes is masked twice: fields by their name, and every secret that the
 * process has read by its value. Warnings and errors go to the standard error, the rest to the standard output.
 *
 * @param format is `LOG_FORMAT` where it is not given
 */
export function createLogger(format: Format = formatSetting()): Logger {
  const write = (line: string) => {
    const { level, msg, err }: { level: number; msg?: string; err?: { stack?: string } } = JSON.parse(line);
    const stream = level >= WARN ? process.stderr : process.stdout;
    stream.write(format === 'json' ? line : `${[msg, err?.stack].filter(Boolean).join('\n')}\n`);
  };
  return pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRET_FIELDS.flatMap(atThreeLevels), censor: '[redacted]' },
      hooks: { streamWrite: mask },
    },
    { write },
  );
}

function atThreeLevels(field: string): string[] {
  const below = field.startsWith('[') ? field : `.${field}`;
  return [field, `*${below}`, `*.*${below}`];
}

function formatSetting(): Format {
  return unquoted(environment.LOG_FORMAT ?? '') === 'json' ? 'json' : 'lines';
}
