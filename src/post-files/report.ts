import type { Imported } from './import.ts';
import { OMISSIONS, type Warning } from './post-file.ts';

/** What an import did, or would do, in one line. */
export function describeImport(imported: Imported, dryRun = false): string {
  const { created, changed, unpublished, unchanged, images, warnings } = imported;
  const would = dryRun ? 'would be ' : '';
  const parts = [
    `${count(created.length, 'post')} ${would}created`,
    `${changed.length} ${would}changed`,
    ...(unpublished.length > 0 ? [`${unpublished.length} ${would}unpublished`] : []),
    `${unchanged} unchanged`,
    ...(images > 0 ? [`${count(images, 'image')} ${would}stored`] : []),
  ];
  const omitted = describeOmissions(warnings);
  return `${parts.join(', ')}.${omitted === '' ? '' : ` Left as it is: ${omitted}.`}`;
}

/** How much of each kind was left out, such as `2 videos, 1 SVG`; empty if nothing was. */
function describeOmissions(warnings: Warning[]): string {
  return [...Map.groupBy(warnings, ({ omission }) => omission)]
    .map(([omission, found]) => {
      const total = found.reduce((sum, warning) => sum + warning.count, 0);
      return `${total} ${OMISSIONS[omission][total === 1 ? 0 : 1]}`;
    })
    .join(', ');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
