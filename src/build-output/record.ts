import { readFileSync } from 'node:fs';
import { inBuild } from './build-folder.ts';

/** What pages are generated from: the identity of the database, and the revision of its published content. */
export type PageSource = { database: string; revision: string };

/** The position in the content log that the build had read before it generated its pages; see `src/content-log/`. */
export type BuildPosition = { database: string; snapshot: string; at: string };

/** The paths of the pages that the build generated, what they were generated from, and when. */
export type BuiltPages = PageSource & { paths: string[]; at: Date };

/** The file with the record of what a build generated its pages from, and when. */
export const BUILD_RECORD = '.next/build-record.json';

/** The folder with the images of the build's posts. */
export const IMAGES_FOLDER = '.next/images';

/** The file with the build's finished pages. */
export const PAGES_FILE = '.next/pages.zst';

/**
 * The content of {@link BUILD_RECORD} for pages that were generated just now, as JSON.
 *
 * @param paths the paths of all of them, in Next.js's manifest
 */
export function buildRecord(source: PageSource, position: BuildPosition, paths: string[]): string {
  // Excludes Next.js's own pages, files, and the placeholder page of an empty blog.
  const pages = paths.filter((path) => !/^\/(_|status$|unavailable$)|\.|\/-$/.test(path)).sort();
  return JSON.stringify({ ...source, position, generatedAt: new Date(), paths: pages });
}

/** The content log position that the build recorded; `undefined` if it generated no pages. */
export function buildPosition(): BuildPosition | undefined {
  try {
    return JSON.parse(readFileSync(inBuild(BUILD_RECORD), 'utf8')).position;
  } catch {
    return undefined;
  }
}

/** Describes the pages that this server starts with, in one line for the log. */
export function describeBuild(): string {
  const built = builtPages();
  if (!built) return 'Sealed has no prerendered pages. Each is rendered on its first request.';
  const { database, revision, at, paths } = built;
  return `Sealed has ${paths.length} prerendered pages from database ${database}, revision ${revision}, ${at.toISOString()}.`;
}

/** The pages that the build generated; `undefined` if it generated none, as for the target `deferred`. */
export function builtPages(): BuiltPages | undefined {
  try {
    const { generatedAt, ...built } = JSON.parse(readFileSync(inBuild(BUILD_RECORD), 'utf8'));
    return { ...built, at: new Date(generatedAt) };
  } catch {
    return undefined;
  }
}
