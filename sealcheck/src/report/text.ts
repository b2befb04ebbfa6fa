import type { Finding, Report } from './findings.ts';

/** Wraps a text in a terminal's colour, or leaves it as it is. */
export type Paint = (colour: 'red' | 'green' | 'yellow' | 'dim' | 'bold', text: string) => string;

const codes = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 };
export const inColour: Paint = (colour, text) => `\u001b[${codes[colour]}m${text}\u001b[0m`;
export const plainly: Paint = (_colour, text) => text;

// A name inside an image can hold anything: what would steer a terminal is shown as a mark.
const harmless = (text: string): string => text.replace(/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, '·');

/** Where a finding lies, on one line: the layer and path, the archives on the way, the offset. */
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

function block(finding: Finding, paint: Paint, mark: string): string[] {
  const what =
    finding.category === 'secret'
      ? `${paint('bold', finding.secret)} (${finding.part}), ${finding.encoding}`
      : `${paint('bold', finding.secret)} is live: ${finding.part}`;
  const times = finding.occurrences > 1 ? `, ${finding.occurrences} times` : '';
  const offset = finding.category === 'secret' ? `  at byte ${finding.offset}${times}` : '';
  const lines = [`${mark} ${what}`, `    ${placeOf(finding)}${offset}`];
  if (finding.layer)
    lines.push(
      `    made by ${harmless(finding.layer.instruction).slice(0, 160)}`,
      paint('dim', `    ${finding.layer.digest}`),
    );
  if (visibilityOf(finding)) lines.push(`    ${visibilityOf(finding)}`);
  lines.push(`    mend: ${harmless(finding.remedy)}`);
  return lines;
}

/** The report for a person at a terminal or in a log. */
export function textReport(report: Report, paint: Paint): string {
  const lines: string[] = [];
  for (const finding of report.findings) lines.push(...block(finding, paint, paint('red', '✗')), '');
  if (report.allowed.length > 0) {
    lines.push(
      paint(
        'yellow',
        `! ${report.allowed.length} live framework keys were allowed by --allow-framework-keys:`,
      ),
    );
    for (const finding of report.allowed) lines.push(`    ${finding.secret}  ${placeOf(finding)}`);
    lines.push('');
  }
  for (const warning of report.warnings) lines.push(paint('yellow', `! ${harmless(warning)}`));
  for (const reason of report.incomplete) lines.push(paint('red', `! not read whole: ${harmless(reason)}`));
  for (const note of report.notes.slice(0, 10)) lines.push(paint('dim', `· ${harmless(note)}`));
  if (report.notes.length > 10)
    lines.push(paint('dim', `· … and ${report.notes.length - 10} more notes (--format json lists them)`));
  const count = report.searched.reduce((sum, { parts }) => sum + parts.length, 0);
  const searched = `${report.searched.length} ${report.searched.length === 1 ? 'secret' : 'secrets'} (${count} parts) in ${(report.bytes / 1e6).toFixed(1)} MB, ${report.seconds.toFixed(1)} s`;
  const verdict =
    report.verdict === 'clean'
      ? paint('green', `✓ clean: ${harmless(report.target)} holds none of them`)
      : report.verdict === 'leak'
        ? paint(
            'red',
            `✗ leak: ${report.findings.length} ${report.findings.length === 1 ? 'finding' : 'findings'} in ${harmless(report.target)}`,
          )
        : paint(
            'red',
            `! could not check ${harmless(report.target)} whole: nothing was found in what could be read`,
          );
  lines.push(`${verdict}  ${paint('dim', searched)}`);
  return `${lines.join('\n')}\n`;
}
