import pg from 'pg';
import { withConnection } from '#database/ask.ts';
import { QUERY_TIMEOUT } from '#database/connection.ts';
import { liveDatabaseAddress } from '#secrets/index.ts';
import { currentContentLog } from './follow.ts';

/** PostgreSQL's code for a missing privilege. */
const NOT_ALLOWED = '42501';

/** Thrown if the database user may read the content log, but may not write to it. */
export class ContentLogReadOnly extends Error {
  override name = 'ContentLogReadOnly';

  constructor() {
    super('The database user may not write to the content log. Grant it INSERT on "ContentChange".');
  }
}

/**
 * Appends a change that no trigger recorded, for every replica that follows the log. This process has read it on return.
 *
 * @param tags `post:<slug>`, `lists`, or `all`
 * @throws ContentLogReadOnly if the database user may not write
 * @throws DatabaseUnavailable if the database can't be used
 */
export async function appendToContentLog(tags: string[]): Promise<void> {
  const address = liveDatabaseAddress();
  const append = `${pg.escapeIdentifier(address.schema)}.content_log_append`;
  try {
    await withConnection(address, QUERY_TIMEOUT, (client) => client.query(`SELECT ${append}($1)`, [tags]));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === NOT_ALLOWED)
      throw new ContentLogReadOnly();
    throw error;
  }
  await currentContentLog()?.readOn();
}
