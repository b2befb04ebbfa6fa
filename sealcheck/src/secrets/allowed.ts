import { readFileSync } from 'node:fs';
import { CouldNotCheck } from '../verdict.ts';
import { shownPath } from './declare.ts';

/** What an allow file exempts today, and warnings about lines that have expired. */
export type Allowed = { names: string[]; warnings: string[] };

/**
 * Reads an allow file. Each line has a name as for `--not-secret`, the last day on which it is valid, and the reason:
 * `STRIPE_KEY 2027-01-31 the publishable key, which browsers get`. Blank lines and lines that begin with "#" are
 * ignored.
 *
 * @throws CouldNotCheck if the file cannot be read, or if a line lacks its date or its reason.
 */
export function readAllowFile(path: string, today: Date): Allowed {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CouldNotCheck(
      `the allow file ${shownPath(path)} could not be read (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`,
    );
  }
  const allowed: Allowed = { names: [], warnings: [] };
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, name, day, reason] = /^\s*(\S+)\s+(\d{4}-\d{2}-\d{2})\s+(\S.*)$/.exec(line) ?? [];
    const end = Date.parse(`${day}T23:59:59.999Z`);
    if (name === undefined || reason === undefined || Number.isNaN(end)) {
      throw new CouldNotCheck(
        `${path}, line ${index + 1}: write a name, the last day as YYYY-MM-DD, and the reason, as in "STRIPE_KEY 2027-01-31 a publishable key"`,
      );
    }
    if (end >= today.getTime()) allowed.names.push(name);
    else
      allowed.warnings.push(
        `${path}, line ${index + 1}: the exemption of ${name} ended on ${day}, so it is searched for again`,
      );
  }
  return allowed;
}
