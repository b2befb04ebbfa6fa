import { createRequire } from 'node:module';
import { join } from 'node:path';

/** What Next.js keeps for each page that it renders; see its `work-async-storage.external.d.ts`. */
type WorkStorage = { workAsyncStorage?: { getStore(): { route?: string } | undefined } };

/**
 * The route that Next.js renders at this moment in this process, such as `/posts/[slug]`; `undefined` where it
 * renders none. Only for the wording of an error: the module is Next.js's own and may move.
 */
export function routeBeingRendered(): string | undefined {
  try {
    const load = createRequire(join(process.cwd(), 'package.json'));
    const storage: WorkStorage = load('next/dist/server/app-render/work-async-storage.external.js');
    return storage.workAsyncStorage?.getStore()?.route;
  } catch {
    return undefined;
  }
}
