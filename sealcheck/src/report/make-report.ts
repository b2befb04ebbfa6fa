import type { Collector, Sighting } from '../contents/collect.ts';
import type { Where } from '../contents/scan.ts';
import type { CheckOptions } from '../options.ts';
import { version } from '../version.ts';
import type { Finding, LayerPicture, MountingStep, Report } from './findings.ts';
import { remedyFor } from './remedies.ts';

/** What a kind of target adds to a finding: its location, layer, visibility. */
export type Located = Pick<Finding, 'place' | 'path'> &
  Partial<Pick<Finding, 'layer' | 'visibility' | 'deletedBy'>>;

/** Everything that a command collected for the report. */
export type Gathered = {
  command: Report['command'];
  target: string;
  collector: Collector;
  /** The collector's findings, if they were refined. */
  sightings?: readonly Sighting[];
  locate(sighting: Sighting): Located[];
  /** A readable name for a location, for messages. */
  nameOf(where: Where): string;
  incomplete?: string[];
  notes?: string[];
  layers?: LayerPicture[];
  steps?: MountingStep[];
  options: Pick<CheckOptions, 'prepared' | 'allowFrameworkKeys' | 'strict'>;
  startedAt: number;
};

function findingOf(
  sighting: Sighting,
  located: Located,
  command: Report['command'],
  redact: (text: string) => string,
): Finding {
  const { hit, rule, where } = sighting;
  const { layer, deletedBy } = located;
  const bare: Omit<Finding, 'remedy'> = {
    category: rule ? 'framework-key' : 'secret',
    secret: rule ? `${rule.framework} ${rule.key}` : (hit?.secret ?? ''),
    part: rule ? `lets anyone who has it ${rule.worth}` : (hit?.part ?? ''),
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
  return { ...bare, remedy: redact(rule?.remedy ?? remedyFor(bare, command)) };
}

/**
 * Makes the report: names locations, redacts texts and decides the verdict. An incomplete check is never reported
 * clean.
 */
export function reportOf(gathered: Gathered): Report {
  const { collector, layers = [], steps = [] } = gathered;
  const { prepared, allowFrameworkKeys, strict } = gathered.options;
  const redact = (text: string) => prepared.redactor.redact(text);
  const everyFinding = (gathered.sightings ?? collector.sightings).flatMap((sighting) =>
    gathered.locate(sighting).map((located) => findingOf(sighting, located, gathered.command, redact)),
  );
  // One field in two copies of a document is one finding.
  const all = [...new Map(everyFinding.map((finding) => [JSON.stringify(finding), finding])).values()];
  const isAllowed = (finding: Finding) => allowFrameworkKeys && finding.category === 'framework-key';
  const findings = all.filter((finding) => !isAllowed(finding));
  const named = ({ where, reason }: { where: Where; reason: string }) =>
    `${gathered.nameOf(where)} ${reason}`.trim();
  const unopened = collector.unopenedFiles.map(named).map(redact);
  const incomplete = [
    ...prepared.unsearchable,
    ...(gathered.incomplete ?? []),
    ...collector.incompleteReasons.map(named),
    ...(strict ? unopened : []),
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
    unopened,
    warnings: prepared.warnings.map(redact),
    notes: [...prepared.notes, ...(gathered.notes ?? []), ...collector.notes.map(named)].map(redact),
    layers: layers.map((layer) => ({ ...layer, instruction: redact(layer.instruction) })),
    steps: steps.map((step) => ({ ...step, name: redact(step.name) })),
    bytes: collector.bytes,
    seconds: (performance.now() - gathered.startedAt) / 1000,
  };
}
