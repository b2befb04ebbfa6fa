import pino, { type Logger } from 'pino';
import { environment } from '#environment/variables.ts';
import { mask } from '#secrets/masking.ts';
import { unquoted } from '#secrets/reader.ts';
import { redact } from './redact.ts';

/** pino's number for the level `warn`; see https://getpino.io/#/docs/api?id=loggerlevels-object. */
const WARN = 40;

/** How the log looks: `lines` for people, `json` for a log collector. */
type Format = 'lines' | 'json';

type Entry = { level: number; msg?: string; err?: { stack?: string } };

/**
 * Makes the process's one logger. It hides secrets twice: fields by their name, and every secret that the process has
 * read by its value. Warnings and errors go to the standard error, the rest to the standard output.
 *
 * @param format is `LOG_FORMAT` if it is not given
 */
export function createLogger(format: Format = formatSetting()): Logger {
  const write = (line: string) => {
    const entry: Entry = JSON.parse(line);
    const stream = entry.level >= WARN ? process.stderr : process.stdout;
    // Only after parsing: a secret such as 5432 also occurs outside quotes, where its name would break the JSON.
    const masked = maskWithin(entry) as Entry;
    const text =
      format === 'json' ? JSON.stringify(masked) : [masked.msg, masked.err?.stack].filter(Boolean).join('\n');
    stream.write(`${text}\n`);
  };
  return pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { log: (fields) => redact(fields) as Record<string, unknown> },
    },
    { write },
  );
}

/** Masks a value of JSON: texts, names, and what is no text but looks like a secret. */
function maskWithin(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskWithin);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [mask(name), maskWithin(field)]));
  const text = String(value);
  const masked = mask(text);
  return masked === text ? value : masked;
}

function formatSetting(): Format {
  return unquoted(environment.LOG_FORMAT ?? '') === 'json' ? 'json' : 'lines';
}
