import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROUTES } from '#page-cache/routes.ts';

/** Client components of Next.js that are in every page, and that no page needs. Its links and forms are not among them. */
const FRAMEWORK = /^\[project\]\/node_modules\/next\/dist\/(?:esm\/)?(?:client\/components|lib)\//;

/** A page's manifest of client components, under a name such as `/posts/[slug]/page`. */
const MANIFEST = /globalThis\.__RSC_MANIFEST\["(?<page>[^"]+)"\] = (?<manifest>\{.*\});?\s*$/s;

/**
 * Fails if a page that is served without scripts has a client component: it would work in `npm run dev`, but not in
 * production.
 *
 * @param next the build's `.next`
 * @throws Error that names the component and the route
 */
export function requireNoClientComponents(next: string): void {
  const app = join(next, 'server/app');
  for (const file of readdirSync(app, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('page_client-reference-manifest.js')) continue;
    const { page, manifest } = MANIFEST.exec(readFileSync(join(app, file), 'utf8'))?.groups ?? {};
    if (!page || !manifest)
      throw new Error(
        `.next/server/app/${file} does not have the format of Next.js 16. Adapt src/building/client-components.ts.`,
      );
    const route = page.replace(/\/page$/, '') || '/';
    const kind = ROUTES[route]?.kind;
    if (kind === 'hydrated' || kind === 'handler') continue;
    const modules = Object.keys(JSON.parse(manifest).clientModules);
    const component = modules.find((module) => !FRAMEWORK.test(module));
    if (component) {
      throw new Error(
        `The route ${route} uses the client component ${component.replace('[project]/', '')}, but its pages are served without scripts. ` +
          'Make it a server component, or call the route "hydrated" in src/page-cache/routes.ts.',
      );
    }
  }
}
