import { processWide } from '#environment/process-wide.ts';

/** Why a page was rendered by this process. */
export type RenderReason = 'first read' | 'content changed';

/** A page that this process rendered, and when it last did. */
export type RenderedPage = { path: string; at: Date; reason: RenderReason };

/** Maximum pages to remember; those that were rendered longest ago are dropped. */
const REMEMBERED = 1_000;

// Process-wide, because the server records it, and the status page, which is in another bundle, shows it.
const renders = processWide('page-cache.renders', () => new Map<string, RenderedPage>());

const counts = processWide('page-cache.render-counts', () => ({
  'first read': 0,
  'content changed': 0,
  failed: 0,
}));

/** How many renders this process made, by their reason, and how many failed. */
export function renderCounts(): Readonly<Record<RenderReason | 'failed', number>> {
  return counts;
}

/** Counts a render that failed, so that the old page stayed in service or the reader got a 503. */
export function recordFailedRender(): void {
  counts.failed += 1;
}

/** Records a render for the status page and the metrics. */
export function recordRender(path: string, reason: RenderReason): void {
  counts[reason] += 1;
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
