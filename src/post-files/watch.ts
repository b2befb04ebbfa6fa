import { watch } from 'node:fs';
import type { DatabaseAddress } from '#secrets/index.ts';
import { type FolderMemory, requireFolder } from './folder.ts';
import { importPosts } from './import.ts';
import { describeFinding } from './parse.ts';
import { describeImport } from './report.ts';

/** Milliseconds without a further change before an import: editors write a file in several steps. */
const QUIET = 60;

/** How a folder is watched. */
export type WatchOptions = {
  stop: AbortSignal;
  /** Takes one line for each import that changed something or failed. */
  log: (line: string) => void;
};

/**
 * Imports a folder now, and again whenever something in it changes. An error is logged, and the next change is another
 * attempt.
 *
 * @throws Error if there is no such folder
 */
export async function watchFolder(
  address: DatabaseAddress,
  folder: string,
  { stop, log }: WatchOptions,
): Promise<void> {
  requireFolder(folder);
  let running: Promise<void> | undefined;
  let again = false;
  const memory: FolderMemory = { scans: new Map(), images: new Map() };
  const importNow = async () => {
    try {
      const imported = await importPosts(address, folder, { memory });
      const { created, changed } = imported;
      for (const warning of imported.warnings) log(`watch: warning: ${describeFinding(warning)}`);
      if (created.length + changed.length > 0) log(`watch: ${describeImport(imported)}`);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      for (const line of message.split('\n')) log(`watch: ${line}`);
    }
  };
  /** A change during an import leads to one more. */
  const importSoon = () => {
    again = true;
    running ??= (async () => {
      while (again) {
        again = false;
        await importNow();
      }
      running = undefined;
    })();
  };
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(folder, { recursive: true, signal: stop }, () => {
    clearTimeout(timer);
    timer = setTimeout(importSoon, QUIET);
  });
  watcher.on('error', () => log(`watch: ${folder} can't be watched any more. Start again.`));
  stop.addEventListener('abort', () => clearTimeout(timer));
  importSoon();
  await running;
}
