import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { environment } from '#secrets/environment.ts';

/** When a page's content was last read from the database by this process. */
export type Generation = { path: string; at: Date };

/** The pages that the build made: how many, and when. */
export type BuiltPages = { paths: string[]; at: Date };

/** Pages that are remembered; the oldest are forgotten. */
const REMEMBERED = 1_000;

const perProcess = globalThis as typeof globalThis & { sealedGenerations?: Map<string, Date> };

/** Notes that a page's content is generated now, by this process. */
export function noteGeneration(path: string): void {
  perProcess.sealedGenerations ??= new Map();
  const generations = perProcess.sealedGenerations;
  // A map keeps the order in which keys came, so one that comes again has to leave first.
  generations.delete(path);
  generations.set(path, new Date());
  const [oldest] = generations.keys();
  if (generations.size > REMEMBERED && oldest !== undefined) generations.delete(oldest);
}

/** What this process generated, newest first. */
export function generatedHere(): Generation[] {
  return [...(perProcess.sealedGenerations ?? [])].map(([path, at]) => ({ path, at })).reverse();
}

/** The pages that the build made; `undefined` where it made none, as for the target `deferred`. */
export function builtPages(): BuiltPages | undefined {
  const next = join(environment.SEALED_BUILD ?? '.', '.next');
  try {
    const { mtime: at } = statSync(join(next, 'server/app/index.html'));
    const { routes } = JSON.parse(readFileSync(join(next, 'prerender-manifest.json'), 'utf8'));
    // Next.js's own pages, files, and the page that stands in where there is no post.
    const paths = Object.keys(routes).filter((path) => !/^\/(_|status$|unavailable$)|\.|\/-$/.test(path));
    return { paths: paths.sort(), at };
  } catch {
    return undefined;
  }
}
