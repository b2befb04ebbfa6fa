import { readFileSync } from 'node:fs';
import { processWide } from '#environment/process-wide.ts';
import { inBuild } from './build-folder.ts';

/** A page that this process generated, and when. `again` tells that the image or this process had it before. */
export type Generation = { path: string; at: Date; again: boolean };

/** What pages are made from: the identity of the database, and the revision of what is published in it. */
export type PageSource = { database: string; revision: string };

/** The pages that the build generated, from what, and when. */
export type BuiltPages = PageSource & { paths: string[]; at: Date };

/** The file in which a build records what it generated its pages from, and when. */
export const BUILD_RECORD = '.next/build-record.json';

/** Pages that are remembered; those that were generated longest ago are forgotten. */
const REMEMBERED = 1_000;

const generations = processWide(
  'build-output.generations',
  () => new Map<string, Omit<Generation, 'path'>>(),
);

/** The content of {@link BUILD_RECORD} for pages that are generated now. */
export function buildRecord(source: PageSource): string {
  return JSON.stringify({ ...source, generatedAt: new Date() });
}

/** One line for the log: which pages this server starts with. */
export function describeBuild(): string {
  const built = builtPages();
  if (!built) return 'Sealed has no prerendered pages: each is rendered on its first request.';
  const { database, revision, at, paths } = built;
  return `Sealed has ${paths.length} prerendered pages from database ${database}, revision ${revision}, ${at.toISOString()}.`;
}

/**
 * Notes that a page was answered, where that had it generated: at once, or behind the answer.
 *
 * @param cached the answer's `x-nextjs-cache`, which a page has that is kept once it is generated
 */
export function noteAnswer(path: string, cached: unknown): void {
  if (typeof cached !== 'string' || cached === 'HIT' || path.includes('.')) return;
  const again = generations.has(path);
  // A map keeps the order in which keys came, so one that comes again has to leave first.
  generations.delete(path);
  generations.set(path, { at: new Date(), again });
  const [oldest] = generations.keys();
  if (generations.size > REMEMBERED && oldest !== undefined) generations.delete(oldest);
}

/** What this process generated and the build did not, newest first. */
export function generatedHere(built: BuiltPages | undefined): Generation[] {
  const inImage = new Set(built?.paths);
  return [...generations]
    .map(([path, { at, again }]) => ({ path, at, again: again || inImage.has(path) }))
    .reverse();
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
