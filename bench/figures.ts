import { readFileSync, writeFileSync } from 'node:fs';
import type { Row } from './measure.ts';

const FIGURES = 'docs/figures.md';

/** Replaces a table in docs/figures.md: what is between `<!-- bench:name -->` and `<!-- /bench -->`. */
export function writeTable(name: string, rows: Row[]): void {
  const text = readFileSync(FIGURES, 'utf8');
  const block = new RegExp(`(<!-- bench:${name} -->\n)[^]*?(<!-- /bench -->)`);
  if (!block.test(text)) throw new Error(`${FIGURES} has no block <!-- bench:${name} --> for this table.`);
  writeFileSync(
    FIGURES,
    text.replace(block, (_, start: string, end: string) => start + table(rows) + end),
  );
}

/** Columns that no row uses are left out. */
function table(rows: Row[]): string {
  const columns = (['figure', 'measured', 'target', 'how'] as const).filter((column) =>
    rows.some((row) => row[column]),
  );
  const lines = [
    columns.map((column) => column[0]?.toUpperCase() + column.slice(1)),
    columns.map((column) => (column === 'measured' || column === 'target' ? '---:' : '---')),
    ...rows.map((row) => columns.map((column) => row[column] ?? '')),
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}
