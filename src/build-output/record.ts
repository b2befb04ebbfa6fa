import { readFileSync } from 'node:fs';
import { inBuild } from './build-folder.ts';

/** What pages are made from: the identity of the database, and the revision of what is published in it. */
export type PageSource = { database: string; revision: string };

/** Up to where the build had read the content log before it generated its pages; see `src/content-log/`. */
export type BuildPosition = { database: string; snapshot: string; at: string };

/** The pages that the build generated, from what, and when. */
export type BuiltPages = PageSource & { paths: string[]; at: Date };

/** The file in which a build records what it generated its pages from, and when. */
export const BUILD_RECORD = '.next/build-record.json';

/** The file in which a build packs its finished pages. */
export const PAGES_FILE = '.next/pages.pack';

/** The content of {@link BUILD_RECORD} for pages that are generated now. */
export function buildRecord(source: PageSource, position: BuildPosition): string {
  return JSON.stringify({ ...source, position, generatedAt: new Date() });
}

/** The position that the build recorded; `undefined` if it generated no pages. */
export function buildPosition(): BuildPosition | undefined {
  try {
    return JSON.parse(readFileSync(inBuild(BUILD_RECORD), 'utf8')).position;
  } catch {
    return undefined;
  }
}

/** One line for the log: which pages this server starts with. */
export function describeBuild(): string {
  const built = builtPages();
  if (!built) return 'Sealed has no prerendered pages: each is rendered on its first request.';
  const { database, revision, at, paths } = built;
  return `Sealed has ${paths.length} prerendered pages from database ${database}, revision ${revision}, ${at.toISOString()}.`;
}

/** The pages that the build generated; `undefined` if it generated none, as for the target `deferred`. */
export function builtPages(): BuiltPages | undefined {
  try {
    const { database, revision, generatedAt } = JSON.parse(readFileSync(inBuild(BUILD_RECORD), 'utf8'));
    const { routes } = JSON.parse(readFileSync(inBuild('.next/prerender-manifest.json'), 'utf8'));
    // Without Next.js's own pages, files, and the placeholder that an empty blog needs.
    const paths = Object.keys(routes).filter((path) => !/^\/(_|status$|unavailable$)|\.|\/-$/.test(path));
    return { database, revision, paths: paths.sort(), at: new Date(generatedAt) };
  } catch {
    return undefined;
  }
}
