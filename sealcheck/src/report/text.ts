import type { Finding, Report } from './findings.ts';

/** Wraps a text in a terminal's colour, or leaves it unchanged. */
export type Paint = (colour: 'red' | 'green' | 'yellow' | 'dim' | 'bold', text: string) => string;

const codes = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 };
export const inColour: Paint = (colour, text) => `\u001b[${codes[colour]}m${text}\u001b[0m`;
export const plainly: Paint = (_colour, text) => text;

// A name inside an image can contain anything: terminal control characters are replaced.
const harmless = (text: string): string => text.replace(/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, '·');

/** The location of a finding, on one line: the layer and path, the archives in between, the offset. */
export function placeOf(finding: Finding): string {
  const place = finding.layer ? `layer ${finding.layer.index + 1}` : finding.place;
  return harmless([`${place}: ${finding.path}`, ...finding.nested].join(' › '));
}

function visibilityOf(finding: Finding): string {
  if (finding.visibility === 'visible') return 'visible in the container';
  if (finding.visibility === 'deleted') {
    return `deleted by layer ${(finding.deletedBy?.index ?? 0) + 1}, and still in the image`;
  }
  return '';
}

function secretBlock(finding: Finding, paint: Paint): string[] {
  const times = finding.occurrences > 1 ? `, ${finding.occurrences} times` : '';
  const lines = [
    `${paint('red', '✗')} ${paint('bold', finding.secret)} (${finding.part}), ${finding.encoding}`,
    `    ${placeOf(finding)}  at byte ${finding.offset}${times}`,
  ];
  if (finding.layer)
    lines.push(
      `    made by ${harmless(finding.layer.instruction).slice(0, 160)}`,
      paint('dim', `    ${finding.layer.digest}`),
    );
  if (visibilityOf(finding)) lines.push(`    ${visibilityOf(finding)}`);
  lines.push(`    fix: ${harmless(finding.remedy)}`, '');
  return lines;
}

// One block per key: a framework writes it to several files, and it is not one of the user's secrets.
function frameworkKeyBlock(findings: readonly Finding[], paint: Paint): string[] {
  const [first] = findings;
  if (!first) return [];
  return [
    `${paint('red', '✗')} ${paint('bold', first.secret)} is live: it ${first.part}. The framework made this key itself; it is not one of your secrets.`,
    ...findings.map((finding) => `    ${placeOf(finding)}`),
    `    fix: ${harmless(first.remedy)}`,
    '',
  ];
}

const MOST_LINES = 10;

function list(items: readonly string[], most: string, line: (item: string) => string): string[] {
  const shown = items.slice(0, MOST_LINES).map((item) => line(harmless(item)));
  return items.length > MOST_LINES
    ? [...shown, line(`… and ${items.length - MOST_LINES} more ${most}`)]
    : shown;
}

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** The result in one phrase, without the target. */
export function verdictOf(report: Report): string {
  const keys = report.findings.filter(({ category }) => category === 'framework-key').length;
  const secrets = report.findings.length - keys;
  const live = counted(keys, 'live framework key');
  if (report.verdict === 'leak') {
    if (secrets === 0) return `none of your secrets, but ${live}`;
    return counted(secrets, 'finding') + (keys > 0 ? ` and ${live}` : '');
  }
  if (report.verdict === 'could not check') {
    if (report.searched.length === 0) return 'nothing was searched';
    return 'nothing was found in what could be read, but not everything could be read';
  }
  const { length } = report.unopened;
  return length === 0
    ? 'clean'
    : `clean, but ${counted(length, 'file')} ${length === 1 ? 'was' : 'were'} not opened`;
}

function verdictLine(report: Report, paint: Paint): string {
  const target = harmless(report.target);
  const verdict = verdictOf(report);
  switch (report.verdict) {
    case 'clean':
      return paint(
        report.unopened.length > 0 ? 'yellow' : 'green',
        `✓ ${verdict}: ${target} holds none of them`,
      );
    case 'leak':
      return paint('red', `✗ leak: ${verdict} in ${target}`);
    case 'could not check':
      return paint('red', `! could not check ${target}: ${verdict}`);
  }
}

/** The report for a person at a terminal or in a log. */
export function textReport(report: Report, paint: Paint): string {
  const lines: string[] = [];
  const secrets = report.findings.filter(({ category }) => category === 'secret');
  const keys = report.findings.filter(({ category }) => category === 'framework-key');
  for (const finding of secrets) lines.push(...secretBlock(finding, paint));
  for (const name of new Set(keys.map(({ secret }) => secret)))
    lines.push(
      ...frameworkKeyBlock(
        keys.filter(({ secret }) => secret === name),
        paint,
      ),
    );
  if (report.allowed.length > 0) {
    lines.push(
      paint(
        'yellow',
        `! ${counted(report.allowed.length, 'live framework key')} allowed by --allow-framework-keys:`,
      ),
      ...report.allowed.map((finding) => `    ${finding.secret}  ${placeOf(finding)}`),
      '',
    );
  }
  const incomplete = report.incomplete.filter((reason) => !report.unopened.includes(reason));
  lines.push(
    ...report.warnings.map((warning) => paint('yellow', `! ${harmless(warning)}`)),
    ...incomplete.map((reason) => paint('red', `! not read completely: ${harmless(reason)}`)),
    ...list(report.unopened, 'that were not opened', (item) => paint('yellow', `! not opened: ${item}`)),
    ...list(report.notes, 'notes (--format json lists them)', (note) => paint('dim', `· ${note}`)),
  );
  const parts = report.searched.reduce((sum, { parts: { length } }) => sum + length, 0);
  const searched = `${counted(report.searched.length, 'secret')} (${counted(parts, 'part')}) in ${(report.bytes / 1e6).toFixed(1)} MB, ${report.seconds.toFixed(1)} s`;
  lines.push(`${verdictLine(report, paint)}  ${paint('dim', searched)}`);
  return `${lines.join('\n')}\n`;
}
