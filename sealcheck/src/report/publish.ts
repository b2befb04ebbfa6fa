import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ExitCode } from '../verdict.ts';
import { version } from '../version.ts';
import type { Report } from './findings.ts';
import { htmlReport } from './html.ts';
import { sarifReport } from './sarif.ts';
import { type Paint, plainly, textReport } from './text.ts';

export const FORMATS = ['text', 'json', 'sarif', 'html'] as const;
export type Format = (typeof FORMATS)[number];

const RENDER: Readonly<Record<Format, (report: Report) => string>> = {
  text: (report) => textReport(report, plainly),
  json: (report) => `${JSON.stringify(report, null, 2)}\n`,
  sarif: sarifReport,
  html: htmlReport,
};

/** The report of a check that could not start, so that a pipeline finds the file that it expects. */
export function failedReport(command: Report['command'], target: string, reason: string): Report {
  return {
    tool: 'sealcheck',
    version,
    command,
    target,
    verdict: 'could not check',
    searched: [],
    findings: [],
    allowed: [],
    incomplete: [reason],
    unopened: [],
    warnings: [],
    notes: [],
    layers: [],
    steps: [],
    bytes: 0,
    seconds: 0,
  };
}

// Node.js's recursive mkdir never returns in a file system that rejects folders, such as /proc.
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

/**
 * Writes a report to standard output, or to a file with a text for the terminal as well.
 *
 * @returns the exit code: if a file can't be written, a clean check becomes 2, and a leak stays a leak.
 */
export function publish(
  report: Report,
  { format, output }: { format: Format; output?: string },
  paint: Paint,
): ExitCode {
  const text = format === 'text' || output !== undefined ? textReport(report, paint) : RENDER[format](report);
  process.stdout.write(text);
  const exit = { clean: ExitCode.clean, leak: ExitCode.leak, 'could not check': ExitCode.couldNotCheck };
  if (output === undefined) return exit[report.verdict];
  try {
    makeFolder(dirname(output));
    writeFileSync(output, RENDER[format](report));
    return exit[report.verdict];
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    process.stderr.write(
      `sealcheck: The report could not be written to ${output} (${code}). Choose another --output.\n`,
    );
    return report.verdict === 'leak' ? ExitCode.leak : ExitCode.couldNotCheck;
  }
}
