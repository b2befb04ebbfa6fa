import { chmodSync, mkdtempSync, readlinkSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { runNode } from './command.ts';
import { plantTokens } from './planted-tokens.ts';
import { copyProject } from './project-copy.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where `npm start` serves a copy of the project, such as `http://127.0.0.1:3000`. */
    siteUrl: string;
    /** The copy's folder. */
    siteFolder: string;
    /** A token that is in many files of the copy. */
    plantedToken: string;
  }
}

type Site = { url: string; folder: string; token: string; stop: () => Promise<void> };

// Two suites request it, in separate modules but in one process.
const shared = globalThis as typeof globalThis & { site?: Promise<Site> };

/** The blog as a newcomer gets it: a clone in a folder of mode 0700 whose path has spaces, and `npm start`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.site ??= startSite();
  const site = await shared.site;
  project.provide('siteUrl', site.url);
  project.provide('siteFolder', site.folder);
  project.provide('plantedToken', site.token);
  return site.stop;
}

async function startSite(): Promise<Site> {
  const parent = mkdtempSync(join(tmpdir(), 'sealed-site-'));
  chmodSync(parent, 0o700);
  const folder = join(parent, 'a path with spaces');
  copyProject(folder);
  const token = plantTokens(folder);
  // Larger than JavaScript's longest string, as a database dump may be.
  writeFileSync(join(folder, 'backup.dump'), '');
  truncateSync(join(folder, 'backup.dump'), 600 * 2 ** 20);
  const start = runNode(folder, ['src/commands/start.ts']);
  const [, url = ''] = await start.printed(/ready at (http:\S+)/);
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    await start.stop('SIGINT');
    const elsewhere = linkTarget(join(folder, '.data/server'));
    if (elsewhere) rmSync(elsewhere, { recursive: true, force: true });
    rmSync(parent, { recursive: true, force: true });
  };
  return {
    url,
    folder,
    token,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
