import type { Report } from '../report/findings.ts';
import { Redactor } from '../search/redact.ts';
import { Search } from '../search/search.ts';
import type { DeclaredSecret } from './declare.ts';
import { isPublishedName } from './judgement.ts';
import { type Part, takeApart } from './parts.ts';

/** The secrets of one check, compiled into a search, with what was rejected. */
export interface Prepared {
  search: Search;
  redactor: Redactor;
  searched: Report['searched'];
  /** What is searched for, one line per secret: the names and lengths of its parts. */
  description: string[];
  warnings: string[];
  notes: string[];
  /** Secrets of which no part could be searched for: the check can't end clean. */
  unsearchable: string[];
}

const describe = (id: string, parts: readonly Part[]): string =>
  `${id}: ${parts.map(({ name, bytes }) => `${name} (${bytes.length} bytes)`).join(', ')}`;

const NO_SECRETS = 'they are no secrets by their names and looks';

function passedOverBy(origins: ReadonlyMap<string, string[]>, why: string): string[] {
  return [...origins].map(
    ([origin, names]) => `${origin}: not searched for, as ${why}: ${[...new Set(names)].join(', ')}`,
  );
}

/** Compiles declared secrets into one search, without what `exempt` names. */
export function prepare(
  secrets: readonly DeclaredSecret[],
  exempt: ReadonlySet<string> = new Set(),
): Prepared {
  const parts: Part[] = [];
  const searched: Report['searched'] = [];
  const description: string[] = [];
  const warnings: string[] = [];
  const unsearchable: string[] = [];
  const noSecrets = new Map<string, string[]>();
  const found = new Map<string, string[]>();
  const published = new Map<string, string[]>();
  for (const secret of secrets) {
    if (exempt.has(secret.id)) continue;
    const taken = takeApart(secret, exempt);
    parts.push(...taken.parts);
    for (const { part, reason } of taken.refused) {
      warnings.push(
        `secret "${secret.id}": its ${part} was not searched for, as it is ${reason} and would match by chance`,
      );
    }
    if (taken.isUnrecognised) {
      warnings.push(
        `secret "${secret.id}": its format is not known, so each of its lines is searched for as a whole; if a line holds more than the value, give the value alone`,
      );
    }
    for (const name of taken.passedOver) {
      const names = isPublishedName(name) ? published : secret.isFound ? found : noSecrets;
      names.set(secret.origin, [...(names.get(secret.origin) ?? []), name]);
    }
    if (taken.parts.length > 0) {
      searched.push({ secret: secret.id, parts: taken.parts.map((part) => part.name) });
      description.push(describe(secret.id, taken.parts));
    } else if (!secret.isFound && (!secret.isConfiguration || taken.refused.length > 0))
      unsearchable.push(`secret "${secret.id}" could not be searched for at all; use a longer, random value`);
  }
  if (parts.length === 0 && unsearchable.length === 0)
    unsearchable.push('there was no secret to search for in what was given; name one with --secret');
  const search = new Search(parts);
  return {
    search,
    redactor: new Redactor(search),
    searched,
    description,
    warnings: [...warnings, ...passedOverBy(noSecrets, NO_SECRETS)],
    notes: [
      ...passedOverBy(published, 'they are public by their prefix'),
      ...passedOverBy(found, NO_SECRETS),
    ],
    unsearchable,
  };
}
