import type { PageSource } from '#build-output/record.ts';
import { type LogRead, readContentLog } from '#content-log/read.ts';
import { withConnection } from '#database/ask.ts';
import { QUERY_TIMEOUT } from '#database/connection.ts';
import { databaseIdentity } from '#database/identity.ts';
import type { MailTemplate } from '#newsletter/template.ts';
import { contentRevision } from '#posts/content-revision.ts';
import type { DatabaseAddress } from '#secrets/index.ts';

/** Identifies the database and the content that pages would be generated from now. Throws `DatabaseUnavailable`. */
export async function readPageSource(
  address: DatabaseAddress,
  template: MailTemplate | undefined,
): Promise<PageSource> {
  return {
    database: await databaseIdentity(address),
    revision: await contentRevision(address, template),
  };
}

/** Reads all published slugs, and the position from which a server of this build continues to read the content log. */
export async function readContent(address: DatabaseAddress): Promise<LogRead> {
  return withConnection(address, QUERY_TIMEOUT, (client) => readContentLog(client, address, undefined));
}

/** The value of the build argument CONTENT_REVISION: the same source gives the same image layer. */
export function cacheKey({ database, revision }: PageSource): string {
  return `${database}-${revision}`;
}
