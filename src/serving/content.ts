import { setTimeout as elapsed } from 'node:timers/promises';
import { buildPosition } from '#build-output/record.ts';
import { type ContentLog, followContentLog } from '#content-log/follow.ts';
import type { ContentChanges } from '#content-log/read.ts';
import { setting } from '#environment/settings.ts';
import { liveDatabaseAddress } from '#secrets/index.ts';

/** Milliseconds for which the start of the server waits for the changes since the image was built. */
const FIRST_READ = 1_000;

/**
 * Follows the content log from the image's position, so that the pages of an outdated image are updated before the
 * first one is served.
 *
 * @returns `undefined` without DATABASE_URL: the image's pages are then served unchanged
 */
export async function followContent(
  onChanges: (changes: ContentChanges) => void,
): Promise<ContentLog | undefined> {
  try {
    liveDatabaseAddress();
  } catch {
    return undefined;
  }
  const content = followContentLog({
    since: buildPosition(),
    pollSeconds: setting('CONTENT_LOG_POLL_SECONDS'),
    onChanges,
    log: console.warn,
  });
  const read = await Promise.race([content.readOn(), elapsed(FIRST_READ, undefined, { ref: false })]);
  if (read === undefined)
    console.warn(
      'The content log was not read within a second, so pages are served as they were prerendered.',
    );
  return content;
}
