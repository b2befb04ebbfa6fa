import type { ContentChanges } from '#content-log/read.ts';
import { LISTS_TAG, postTag } from '#content-log/tags.ts';
import type { FinishedPage } from './page.ts';
import type { RenderReason } from './renders.ts';

/** Milliseconds for which a reader of an expired page waits for the new one. */
const RENDER_WAIT = 300;

/** Milliseconds for which a reader waits if the old page shows a withdrawn post, or readers saw a newer version of it. */
const LONG_WAIT = 2_500;

/** Milliseconds after a failed render during which the old page is served without a retry. */
const RETRY_PAUSE = 1_000;

/** How the store gets pages, and how much memory they may use. */
export type PageStoreOptions = {
  /** Renders the page at a path now; `undefined` if there is none. If it rejects, the old page is served on. */
  render: (path: string) => Promise<FinishedPage | undefined>;
  /** The image's version of a page, as it was at build time. */
  packed?: (path: string) => FinishedPage | undefined;
  /** Maximum bytes of pages; the least recently used are evicted first. */
  capacity: number;
  /** Called after each render that produced a page. */
  rendered: (path: string, reason: RenderReason) => void;
  /** Called after each render that failed. */
  failed: () => void;
  /** Takes one line for each render that failed while an old page is served. */
  log: (line: string) => void;
};

type Entry = {
  page: FinishedPage | undefined;
  /** The bytes that the store counts for this entry. */
  size: number;
  /** `withdrawn`: the page may show a post that was withdrawn, so readers wait longer for the new one. */
  state: 'fresh' | 'expired' | 'withdrawn';
  render: Render | undefined;
  failedAt: number;
  /** Why renders have failed since the last that succeeded; logged once. */
  problem?: string;
};

type Render = {
  done: Promise<FinishedPage | undefined>;
  startedAt: number;
  /** What changed while this page was being rendered, so that the result may already be outdated. */
  changed: ChangedTags;
  /** The part of those changes that may have withdrawn a post. */
  withdrawn: ChangedTags;
};

type ChangedTags = { everything: boolean; tags: Set<string> };

const nothingChanged = (): ChangedTags => ({ everything: false, tags: new Set() });

/** Finished pages by path. */
export type PageStore = {
  /**
   * The page to serve: at once if it is fresh, otherwise after a bounded wait for its only render. `undefined` if the
   * render found that there is no such page.
   *
   * @throws the error of the render, if there is no old page to serve
   */
  get: (path: string) => FinishedPage | Promise<FinishedPage | undefined>;
  /** Marks the pages that show what changed. */
  expire: (changes: ContentChanges) => void;
  /** Bytes and number of the stored pages, for metrics. */
  usage: () => { bytes: number; pages: number };
};

/** Creates a cache of finished pages that renders expired ones again. */
export function createPageStore({
  render,
  rendered,
  failed,
  packed,
  capacity,
  log,
}: PageStoreOptions): PageStore {
  // In order of last use: the first key is evicted first.
  const entries = new Map<string, Entry>();
  let bytes = 0;
  /** Everything that changed since the image was built, and the part of it that may have withdrawn a post. */
  const changedSinceBuild = nothingChanged();
  const withdrawnSinceBuild = nothingChanged();
  /** Pages of which readers saw a newer version than the image's: they wait longer before they get the old one. */
  const superseded = new Set<string>();

  const remove = (path: string, entry: Entry) => {
    entries.delete(path);
    bytes -= entry.size;
  };

  const touch = (path: string, entry: Entry) => {
    entries.delete(path);
    entries.set(path, entry);
  };

  /** A page grows with each coding that is created, so its size is updated on each use. */
  const account = (entry: Entry) => {
    const size = entry.page?.size() ?? 0;
    bytes += size - entry.size;
    entry.size = size;
    for (const [path, oldest] of entries) {
      if (bytes <= capacity) break;
      if (oldest !== entry && !oldest.render) remove(path, oldest);
    }
  };

  const start = (path: string, entry: Entry): Render => {
    const running: Render = {
      done: render(path),
      startedAt: performance.now(),
      changed: nothingChanged(),
      withdrawn: nothingChanged(),
    };
    entry.render = running;
    running.done.then(
      (page) => {
        entry.render = undefined;
        if (!page) return remove(path, entry);
        rendered(path, entry.page ? 'content changed' : 'first read');
        if (entry.page) superseded.add(path);
        entry.page = page;
        entry.state = shows(page, running.changed) ? 'expired' : 'fresh';
        if (shows(page, running.withdrawn)) entry.state = 'withdrawn';
        entry.failedAt = -Infinity;
        entry.problem = undefined;
        account(entry);
      },
      (error: unknown) => {
        entry.render = undefined;
        entry.failedAt = performance.now();
        failed();
        if (!entry.page) return remove(path, entry);
        const problem = reason(error);
        if (problem !== entry.problem)
          log(`pages: ${path} could not be rendered, so its last version stays in service. ${problem}`);
        entry.problem = problem;
      },
    );
    return running;
  };

  const served = async (path: string, entry: Entry): Promise<FinishedPage | undefined> => {
    const running = entry.render ?? start(path, entry);
    const old = entry.page;
    const arrivedAt = performance.now();
    const isFirst = arrivedAt - running.startedAt < RENDER_WAIT && entry.state === 'expired';
    const wait = isFirst ? RENDER_WAIT : LONG_WAIT;
    const page = await (old
      ? inTime(
          running.done.catch(() => old),
          wait,
          old,
        )
      : running.done);
    // The page shows a post that was withdrawn after the render began, so it is rendered again.
    if (!page || page === old || entry.state !== 'withdrawn' || entries.get(path) !== entry) return page;
    const again = (entry.render ?? start(path, entry)).done.catch(() => page);
    return inTime(again, LONG_WAIT - (performance.now() - arrivedAt), page);
  };

  /** Starts with the image's page, if there is one: it may be outdated, but it is available at once. */
  const open = (path: string): Entry => {
    const page = packed?.(path);
    const entry: Entry = { page, size: 0, state: 'expired', render: undefined, failedAt: -Infinity };
    if (page && !shows(page, changedSinceBuild)) entry.state = 'fresh';
    if (page && (shows(page, withdrawnSinceBuild) || superseded.has(path))) entry.state = 'withdrawn';
    return entry;
  };

  const get: PageStore['get'] = (path) => {
    const entry = entries.get(path) ?? open(path);
    touch(path, entry);
    if (entry.page && (entry.state === 'fresh' || performance.now() - entry.failedAt < RETRY_PAUSE)) {
      account(entry);
      return entry.page;
    }
    return served(path, entry);
  };

  return {
    get,
    expire: ({ everything, lists, posts }) => {
      const changed = { everything, tags: new Set([...posts.keys()].map(postTag)) };
      if (lists) changed.tags.add(LISTS_TAG);
      // If everything may have changed, a post may have been withdrawn.
      const withdrawn = everything || [...posts.values()].some((visible) => !visible);
      merge(changedSinceBuild, changed);
      if (withdrawn) merge(withdrawnSinceBuild, changed);
      for (const entry of entries.values()) {
        if (entry.render) {
          merge(entry.render.changed, changed);
          if (withdrawn) merge(entry.render.withdrawn, changed);
        }
        if (!entry.page || !shows(entry.page, changed)) continue;
        if (entry.state !== 'withdrawn') entry.state = withdrawn ? 'withdrawn' : 'expired';
        entry.failedAt = -Infinity;
      }
    },
    usage: () => ({ bytes, pages: entries.size }),
  };
}

function shows(page: FinishedPage, { everything, tags }: ChangedTags): boolean {
  return everything || page.tags.some((tag) => tags.has(tag));
}

function merge(into: ChangedTags, { everything, tags }: ChangedTags): void {
  into.everything ||= everything;
  for (const tag of tags) into.tags.add(tag);
}

/** Resolves to the promise's value, or to `otherwise` after some milliseconds. */
function inTime<Value>(promise: Promise<Value>, milliseconds: number, otherwise: Value): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Value>((resolve) => {
    timer = setTimeout(resolve, milliseconds, otherwise);
    timer.unref();
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : 'No reason was given.';
}
