import type { Report } from '../report/findings.ts';
import { Redactor } from '../search/redact.ts';
import { Search } from '../search/search.ts';
import type { DeclaredSecret } from './declare.ts';
import { type Part, takeApart } from './parts.ts';

/** The secrets of one check, compiled into a search, with what was refused. */
export interface Prepared {
  search: Search;
  redactor: Redactor;
  searched: Report['searched'];
  warnings: string[];
  /** Secrets of which no part could be searched for: the check can't end clean. */
  unsearchable: string[];
}

/** Compiles declared secrets into one search. */
export function prepare(secrets: readonly DeclaredSecret[]): Prepared {
  const parts: Part[] = [];
  const searched: Report['searched'] = [];
  const warnings: string[] = [];
  const unsearchable: string[] = [];
  for (const secret of secrets) {
    const taken = takeApart(secret);
    parts.push(...taken.parts);
    for (const { part, reason } of taken.refused) {
      warnings.push(
        `secret "${secret.id}": its ${part} was not searched for, as it is ${reason} and would match by chance`,
      );
    }
    if (taken.parts.length > 0)
      searched.push({ secret: secret.id, parts: taken.parts.map((part) => part.name) });
    else
      unsearchable.push(`secret "${secret.id}" could not be searched for at all; use a longer, random value`);
  }
  const search = new Search(parts);
  return { search, redactor: new Redactor(search), searched, warnings, unsearchable };
}
