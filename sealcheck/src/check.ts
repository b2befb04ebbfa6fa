import type { Collector, Sighting } from './contents/collect.ts';
import type { Where } from './contents/scan.ts';
import type { Finding, LayerPicture, MountingStep, Report } from './report/findings.ts';
import { remedyFor } from './report/remedies.ts';
import { Redactor } from './search/redact.ts';
import { Search } from './search/search.ts';
import type { DeclaredSecret } from './secrets/declare.ts';
import { isPublishedName } from './secrets/judgement.ts';
import { type Part, takeApart } from './secrets/parts.ts';
import { version } from './version.ts';

/** The secrets of one check, compiled into a search, with what was refused. */
export interface Prepared {
  search: Search;
  redactor: Redactor;
  searched: Report['searched'];
  /** What is searched for, a line for each secret: the names and lengths of its parts. */
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

/** What a kind of target adds to a sighting: its place, layer, visibility. */
export type Located = Pick<Finding, 'place' | 'path'> &
  Partial<Pick<Finding, 'layer' | 'visibility' | 'deletedBy'>>;

/** Everything that a command gathered, for the report to be made of. */
export interface Gathered {
  command: Report['command'];
  target: string;
  prepared: Prepared;
  collector: Collector;
  locate(sighting: Sighting): Located[];
  /** A readable name for a place in messages. */
  nameOf(where: Where): string;
  incomplete: string[];
  notes: string[];
  layers: LayerPicture[];
  steps: MountingStep[];
  allowFrameworkKeys: boolean;
  startedAt: number;
}

function findingOf(sighting: Sighting, located: Located, redact: (text: string) => string): Finding {
  const { hit, rule, where } = sighting;
  const { layer, deletedBy } = located;
  const bare: Omit<Finding, 'remedy'> = {
    category: rule ? 'framework-key' : 'secret',
    secret: rule ? `${rule.framework} ${rule.key}` : (hit?.secret ?? ''),
    part: rule ? `lets whoever has it ${rule.worth}` : (hit?.part ?? ''),
    encoding: hit?.encoding ?? 'plain',
    place: located.place,
    ...(layer && { layer: { ...layer, instruction: redact(layer.instruction) } }),
    path: redact(located.path),
    nested: where.nested.map(redact),
    offset: hit?.offset ?? 0,
    ...(located.visibility && { visibility: located.visibility }),
    ...(deletedBy && { deletedBy: { ...deletedBy, instruction: redact(deletedBy.instruction) } }),
    occurrences: sighting.occurrences,
  };
  return { ...bare, remedy: redact(rule?.remedy ?? remedyFor(bare)) };
}

/** Makes the report: places named, texts redacted, the verdict drawn. An incomplete check is never called clean. */
export function reportOf(gathered: Gathered): Report {
  const { prepared, collector } = gathered;
  const redact = (text: string) => prepared.redactor.redact(text);
  const everyFinding = collector.sightings.flatMap((sighting) =>
    gathered.locate(sighting).map((located) => findingOf(sighting, located, redact)),
  );
  // One field of two copies of a document is one finding.
  const all = [...new Map(everyFinding.map((finding) => [JSON.stringify(finding), finding])).values()];
  const isAllowed = (finding: Finding) => gathered.allowFrameworkKeys && finding.category === 'framework-key';
  const findings = all.filter((finding) => !isAllowed(finding));
  const incomplete = [
    ...prepared.unsearchable,
    ...gathered.incomplete,
    ...collector.incompleteReasons.map(({ where, reason }) => `${gathered.nameOf(where)} ${reason}`.trim()),
  ].map(redact);
  return {
    tool: 'sealcheck',
    version,
    command: gathered.command,
    target: redact(gathered.target),
    verdict: findings.length > 0 ? 'leak' : incomplete.length > 0 ? 'could not check' : 'clean',
    searched: prepared.searched,
    findings,
    allowed: all.filter(isAllowed),
    incomplete,
    warnings: prepared.warnings.map(redact),
    notes: [
      ...prepared.notes,
      ...gathered.notes,
      ...collector.notes.map(({ where, reason }) => `${gathered.nameOf(where)} ${reason}`),
    ].map(redact),
    layers: gathered.layers.map((layer) => ({ ...layer, instruction: redact(layer.instruction) })),
    steps: gathered.steps.map((step) => ({ ...step, name: redact(step.name) })),
    bytes: collector.bytes,
    seconds: (performance.now() - gathered.startedAt) / 1000,
  };
}
