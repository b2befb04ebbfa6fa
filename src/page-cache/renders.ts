import { processWide } from '#environment/process-wide.ts';

/** Why a page was rendered by this process. */
export type RenderReason = 'first read' | 'content changed';

/** A page that this process rendered, and when it did so last. */
export type RenderedPage = { path: string; at: Date; reason: RenderReason };

/** Pages that are remembered; those that were rendered longest ago are forgotten. */
const REMEMBERED = 1_000;

// The server records, and the status page, which is in another bundle, shows.
const renders = processWide('page-cache.renders', () => new Map<string, RenderedPage>());

/** Records a render for the status page. */
export function recordRender(path: string, reason: RenderReason): void {
  // A map keeps the order of insertion, so a path that is rendered again has to leave first.
  renders.delete(path);
  renders.set(path, { path, at: new Date(), reason });
  const [oldest] = renders.keys();
  if (renders.size > REMEMBERED && oldest !== undefined) renders.delete(oldest);
}

/** What this process rendered, newest first. */
export function renderedPages(): RenderedPage[] {
  return [...renders.values()].reverse();
}
