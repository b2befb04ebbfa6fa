/** A date, and optionally a time and a zone, with the parts of ISO 8601 in their order; `/` may separate the date. */
const ISO =
  /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?[ \t]*(Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?$/;

/**
 * Reads a date as Hugo, Astro, Jekyll and Next.js starters write it: `2026-01-02`, `2026-01-02 10:30:00 +0200`,
 * `2026-01-02T10:30:00Z`, `Jan 2 2026`. Without a zone it is UTC, so that it is the same on every machine.
 *
 * @returns `undefined` if it is none
 */
export function parseDate(text: string): Date | undefined {
  const iso = ISO.exec(text.trim());
  const date = iso ? fromParts(iso.slice(1)) : fromWords(text.trim());
  const year = date?.getUTCFullYear() ?? 0;
  return date && year >= 1 && year <= 9999 ? date : undefined;
}

/** The day that a name starts with, such as `2026-01-02-a-post`; `undefined` if there is none. */
export function dateOfName(name: string): Date | undefined {
  const [, day] = /^(\d{4}-\d{2}-\d{2})(?![0-9])/.exec(name) ?? [];
  return day === undefined ? undefined : parseDate(day);
}

/** The day in a path such as `/2026/01/02/a-post/`, or the first of the month in `/2026/01/a-post/`. */
export function dateOfPath(path: string): Date | undefined {
  const [, year, month, day = '01'] = /(?<!\d)(\d{4})[/-](\d{2})(?:[/-](\d{2}))?(?!\d)/.exec(path) ?? [];
  return year === undefined ? undefined : parseDate(`${year}-${month}-${day}`);
}

function fromParts([year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z']: (
  | string
  | undefined
)[]): Date | undefined {
  const fields = [year, month, day, hour, minute, second].map(Number);
  const [y = 0, m = 0, d = 0, h = 0, min = 0, s = 0] = fields;
  const date = new Date(0);
  date.setUTCFullYear(y, m - 1, d);
  date.setUTCHours(h, min, s, Number(fraction.padEnd(3, '0').slice(0, 3)));
  const valid = date.getUTCMonth() === m - 1 && date.getUTCDate() === d && h < 24 && min < 60 && s < 60;
  if (!valid) return undefined;
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone) ?? [];
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
  return new Date(date.getTime() - offset * 60_000);
}

/** Without a zone, `Date.parse` would take the machine's own. */
function fromWords(words: string): Date | undefined {
  if (!/[a-z]{2}/i.test(words) || !/\d{4}/.test(words)) return undefined;
  const text = words.replace(/(?<=\d)(?:st|nd|rd|th)\b/, '');
  const hasZone = /(?:\b(?:Z|UTC|GMT|[ECMP][SD]T)|\d{1,2}:\d{2}(?::\d{2})?\s*[+-]\d{2}:?\d{2})\)?$/.test(
    text,
  );
  const time = Date.parse(hasZone ? text : `${text} UTC`);
  return Number.isNaN(time) ? undefined : new Date(time);
}
