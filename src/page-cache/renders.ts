import { processWide } from '#environment/process-wide.ts';

/** Why a page was rendered by this process. */
export type RenderReason = 'first read' | 'content changed';

/** A page that this process rendered, and when it last did. */
export type RenderedPage = { path: string; at: Date; reason: RenderReason };

/** Maximum pages to remember; those that were rendered longest ago are dropped. */
const REMEMBERED = 1_000;

// Process-wide, because the server records it, and the status page, which is in another bundle, shows it.
const renders = processWide('page-cache.renders', () => new Map<string, RenderedPage>());

/** Records a render for the status page. */
export function recordRender(path: string, reason: RenderReason): void {
  // A map is in insertion order, so a path that is rendered again has to be deleted first.
  renders.delete(path);
  renders.set(path, { path, at: new Date(), reason });
  const [oldest] = renders.keys();
  if (renders.size > REMEMBERED && oldest !== undefined) renders.delete(oldest);
}

/** The pages that this process rendered, newest first. */
export function renderedPages(): RenderedPage[] {
  return [...renders.values()].reverse();
}
