import pino, { type Logger } from 'pino';
import { type SettingValue, setting } from '#environment/settings.ts';
import { mask } from '#secrets/index.ts';
import { redact } from './redact.ts';
import { requestId } from './request-id.ts';

/** pino's number for the level `warn`; see https://getpino.io/#/docs/api?id=loggerlevels-object. */
const WARN = 40;

type Entry = { level: number; msg?: string; requestId?: string; err?: { stack?: string } };

/**
 * Creates the process's logger. It hides secrets twice: fields by their name, and by their value all secrets that the
 * process has read. Warnings and errors go to stderr, everything else to stdout.
 *
 * @param format `lines` for people, `json` for a log collector
 */
export function createLogger(format: SettingValue<'LOG_FORMAT'> = setting('LOG_FORMAT')): Logger {
  const write = (line: string) => {
    const entry: Entry = JSON.parse(line);
    const stream = entry.level >= WARN ? process.stderr : process.stdout;
    // After parsing, because a secret such as 5432 can also be a JSON number, which a name would make invalid.
    const masked = maskWithin(entry) as Entry;
    stream.write(`${format === 'json' ? JSON.stringify(masked) : asLines(masked)}\n`);
  };
  return pino(
    {
      base: null,
      mixin: () => {
        const request = requestId();
        return request ? { requestId: request } : {};
      },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { log: (fields) => redact(fields) as Record<string, unknown> },
    },
    { write },
  );
}

/** The message, the id of the request that caused it, and the stack of an error. */
function asLines({ msg, requestId: request, err }: Entry): string {
  const [first = '', ...rest] = [msg, err?.stack].filter(Boolean).join('\n').split('\n');
  return [request ? `${first} [${request}]` : first, ...rest].join('\n');
}

/** Masks a JSON value: strings, keys, and numbers or booleans that look like a secret. */
function maskWithin(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskWithin);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [mask(name), maskWithin(field)]));
  const text = String(value);
  const masked = mask(text);
  return masked === text ? value : masked;
}
