import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PAGES_FILE } from '#build-output/record.ts';
import type { ContentChanges } from '#content-log/read.ts';
import { finishHtml, UnfinishedPage } from '#page-cache/finish.ts';
import { writePack } from '#page-cache/pack.ts';
import { needsFinishing } from '#page-cache/pages.ts';
import { matchRoute, ROUTES } from '#page-cache/routes.ts';
import { PROJECT, STANDALONE } from './project.ts';

/** Where Next.js writes prerendered pages, relative to `.next`. */
const PAGES = 'server/app';

/** Next.js's list of prerendered pages. */
const MANIFEST = '.next/prerender-manifest.json';

/** The files of a prerendered page: its document, and the data for Next.js's router. */
const PAGE_FILE = /\.(html|rsc|meta|body|segments)$/;

/**
 * Converts the pages that Next.js prerendered into finished pages, packs them into one file of the standalone build, and
 * removes the originals from it.
 *
 * @param changes all published posts, including those that are not prerendered
 * @param packImages packs the images of the prerendered posts with these slugs; see {@link Pack}
 * @throws Error that names a page that needs a script to be complete
 */
export async function packPages(
  { posts, oldUrls }: ContentChanges,
  packImages: (slugs: string[]) => Promise<Map<string, string[]>>,
): Promise<void> {
  const folder = join(PROJECT, '.next', PAGES);
  const pages = new Map<string, string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!/\.(html|body)$/.test(file)) continue;
    const path = addressOf(file);
    const matched = matchRoute(path);
    if (matched?.route.kind !== 'finished' && matched?.route.kind !== 'hydrated') continue;
    if (matched.slug !== undefined && !posts.has(matched.slug)) continue;
    const html = readFileSync(join(folder, file), 'utf8');
    pages.set(path, needsFinishing(path) ? finish(path, html) : html);
  }
  const packed = [...posts.keys()].filter((slug) => pages.has(`/posts/${slug}`));
  const images = await packImages(packed);
  writePack(join(STANDALONE, PAGES_FILE), { pages, slugs: [...posts.keys()], oldUrls, images });
  removePages(STANDALONE);
  forgetPages();
}

/** The paths of all pages that Next.js prerendered. */
export function prerenderedPaths(): string[] {
  return Object.keys(readManifest(PROJECT).routes);
}

/**
 * Removes the pages of dynamic routes from the manifest that is shipped: it would have more bytes for each page than the
 * page itself. Next.js renders them like pages that did not exist when the image was built.
 */
function forgetPages(): void {
  const { routes, ...rest } = readManifest(STANDALONE);
  const kept = Object.entries(routes).filter(
    ([path, { srcRoute }]) => srcRoute === null || srcRoute === path,
  );
  const manifest = { ...rest, routes: Object.fromEntries(kept) };
  writeFileSync(join(STANDALONE, MANIFEST), JSON.stringify(manifest));
}

function readManifest(root: string): { routes: Record<string, { srcRoute: string | null }> } {
  return JSON.parse(readFileSync(join(root, MANIFEST), 'utf8'));
}

/** Removes prerendered pages: those of an earlier build may show posts that have been withdrawn since. */
export function removePages(root: string): void {
  const app = join(root, '.next', PAGES);
  for (const path of readdirSync(app, { recursive: true, encoding: 'utf8' }))
    if (PAGE_FILE.test(path) && !path.startsWith('icon.svg'))
      rmSync(join(app, path), { recursive: true, force: true });
}

/** Throws an Error if `ROUTES` and the routes of the build differ. */
export function requireKnownRoutes(): void {
  const manifest = join(PROJECT, '.next/app-path-routes-manifest.json');
  const built: string[] = Object.values(JSON.parse(readFileSync(manifest, 'utf8')));
  const missing = built.filter((route) => !Object.hasOwn(ROUTES, route));
  const left = Object.keys(ROUTES).filter((route) => !built.includes(route));
  if (missing.length > 0)
    throw new Error(
      `The route ${missing[0]} is missing in src/page-cache/routes.ts. Add it, and say how it is served.`,
    );
  if (left.length > 0)
    throw new Error(`The route ${left[0]} in src/page-cache/routes.ts does not exist. Remove it.`);
}

function addressOf(file: string): string {
  const path = `/${file.replace(/\.\w+$/, '').replaceAll('\\', '/')}`;
  return path === '/index' ? '/' : path;
}

function finish(path: string, html: string): string {
  try {
    return finishHtml(html);
  } catch (error) {
    if (!(error instanceof UnfinishedPage)) throw error;
    throw new Error(`The page ${path} is not finished. ${error.message}`);
  }
}
