import { counter } from '#local/progress.ts';
import { importPosts } from '#post-files/import.ts';
import { describeFinding } from '#post-files/parse.ts';
import { describeImport } from '#post-files/report.ts';
import type { DatabaseAddress } from '#secrets/index.ts';

/** Imports a folder, and prints what changed. Throws the errors of {@link importPosts}. */
export async function importFolder(
  address: DatabaseAddress,
  folder: string,
  { 'dry-run': dryRun = false, prune, strict }: { 'dry-run'?: boolean; prune?: boolean; strict?: boolean },
): Promise<void> {
  const onProgress = counter('reading');
  const imported = await importPosts(address, folder, { dryRun, prune, strict, onProgress });
  for (const warning of imported.warnings) console.warn(`import: warning: ${describeFinding(warning)}`);
  if (dryRun) {
    for (const slug of imported.created) console.info(`import: would create ${slug}`);
    for (const slug of imported.changed) console.info(`import: would change ${slug}`);
    for (const slug of imported.unpublished) console.info(`import: would unpublish ${slug}`);
  }
  console.info(`import: ${describeImport(imported, dryRun)}`);
}
