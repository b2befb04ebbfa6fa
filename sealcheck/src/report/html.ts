import type { Report } from './findings.ts';
export function htmlReport(report: Report): string {
  return `<!doctype html><title>${report.verdict}</title>`;
}
