import { readFileSync } from 'node:fs';
import { inBuild } from './build-folder.ts';

/** A page that this process generated, and when. `again` tells that the image or this process had it before. */
export type Generation = { path: string; at: Date; again: boolean };

/** The pages that the build generated, and when. */
export type BuiltPages = { paths: string[]; at: Date };

/** Where a build notes when it generated its pages. */
export const BUILD_RECORD = '.next/build-record.json';

/** Pages that are remembered; those that were generated longest ago are forgotten. */
const REMEMBERED = 1_000;

const perProcess = globalThis as typeof globalThis & {
  sealedGenerations?: Map<string, Omit<Generation, 'path'>>;
};

/** What {@link BUILD_RECORD} holds for pages that are generated now. */
export function buildRecord(): string {
  return JSON.stringify({ generatedAt: new Date() });
}

/**
 * Notes that a page was answered, where that had it generated: at once, or behind the answer.
 *
 * @param cached the answer's `x-nextjs-cache`, which a page has that is kept once it is generated
 */
export function noteAnswer(path: string, cached: unknown): void {
  if (typeof cached !== 'string' || cached === 'HIT' || path.includes('.')) return;
  perProcess.sealedGenerations ??= new Map();
  const generations = perProcess.sealedGenerations;
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
  return [...(perProcess.sealedGenerations ?? [])]
    .map(([path, { at, again }]) => ({ path, at, again: again || inImage.has(path) }))
    .reverse();
}

/** The pages that the build generated; `undefined` where it generated none, as for the target `deferred`. */
export function builtPages(): BuiltPages | undefined {
  try {
    const { generatedAt } = JSON.parse(readFileSync(inBuild(BUILD_RECORD), 'utf8'));
    const { routes } = JSON.parse(readFileSync(inBuild('.next/prerender-manifest.json'), 'utf8'));
    // Next.js's own pages, files, and the page that stands in where there is no post.
    const paths = Object.keys(routes).filter((path) => !/^\/(_|status$|unavailable$)|\.|\/-$/.test(path));
    return { paths: paths.sort(), at: new Date(generatedAt) };
  } catch {
    return undefined;
  }
}
