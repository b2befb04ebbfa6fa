import type { PageSource } from '#build-output/record.ts';
import { databaseIdentity } from '#database/identity.ts';
import type { MailTemplate } from '#newsletter/template.ts';
import { contentRevision } from '#posts/content-revision.ts';
import type { DatabaseAddress } from '#secrets/index.ts';

/** Asks which database and which content the pages are made from now. Throws `DatabaseUnavailable`. */
export async function readPageSource(
  address: DatabaseAddress,
  template: MailTemplate | undefined,
): Promise<PageSource> {
  return {
    database: await databaseIdentity(address),
    revision: await contentRevision(address, template),
  };
}

/** The value of the build argument CONTENT_REVISION: the same source, the same layer. */
export function cacheKey({ database, revision }: PageSource): string {
  return `${database}-${revision}`;
}
