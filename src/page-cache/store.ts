import type { ContentChanges } from '#content-log/read.ts';
import { LISTS_TAG, postTag } from '#content-log/tags.ts';
import type { FinishedPage } from './page.ts';
import type { RenderReason } from './renders.ts';

/** Milliseconds for which a reader of an expired page waits for the new one. */
const RENDER_WAIT = 300;

/** Milliseconds for which a reader waits if the old page names a post that was withdrawn, or was served once already. */
const LONG_WAIT = 2_500;

/** Milliseconds after a failed render in which the old page is served without another try. */
const RETRY_PAUSE = 1_000;

/** How the store gets a page, and what it may take. */
export type PageStoreOptions = {
  /** Renders the page at a path now; `undefined` if there is none. Rejects if that fails, which leaves an old page in service. */
  render: (path: string) => Promise<FinishedPage | undefined>;
  /** The image's version of a page, as it was when the image was built. */
  packed?: (path: string) => FinishedPage | undefined;
  /** Bytes of pages to keep at most; the least recently used leave first. */
  capacity: number;
  /** Called after each render that gave a page. */
  rendered: (path: string, reason: RenderReason) => void;
  /** Takes one line for each render that failed while an old page is served. */
  log: (line: string) => void;
};

type Entry = {
  page: FinishedPage | undefined;
  /** Bytes that the store counts for it. */
  size: number;
  /** `withdrawn`: it may name a post that nobody may see any more, so that its readers wait longer for the new one. */
  state: 'fresh' | 'expired' | 'withdrawn';
  render: Render | undefined;
  failedAt: number;
};

type Render = {
  done: Promise<FinishedPage | undefined>;
  startedAt: number;
  /** What changed while it was being rendered: the page that comes of it may be old already. */
  changed: ChangedTags;
  /** What of it may name a post that was withdrawn. */
  withdrawn: ChangedTags;
};

type ChangedTags = { everything: boolean; tags: Set<string> };

const nothingChanged = (): ChangedTags => ({ everything: false, tags: new Set() });

/** Finished pages by path. */
export type PageStore = {
  /**
   * The page to answer with: at once if it is fresh, otherwise after a bounded wait for its one render. `undefined` if
   * the render found that there is none.
   *
   * @throws what the render threw, if there is no page to serve instead
   */
  get: (path: string) => FinishedPage | Promise<FinishedPage | undefined>;
  /** Marks the pages that show what changed. */
  expire: (changes: ContentChanges) => void;
  /** Bytes and number of the pages that are kept, for metrics. */
  usage: () => { bytes: number; pages: number };
};

/** Keeps finished pages and knows when each stops being finished. */
export function createPageStore({ render, rendered, packed, capacity, log }: PageStoreOptions): PageStore {
  // In the order of last use: the first key is the first to leave.
  const entries = new Map<string, Entry>();
  let bytes = 0;
  /** All that changed since the image was built, and what of it may name a withdrawn post. */
  const changedSinceBuild = nothingChanged();
  const withdrawnSinceBuild = nothingChanged();
  /** Pages of the image that readers saw a newer version of: they wait longer before they see the old one again. */
  const superseded = new Set<string>();

  const remove = (path: string, entry: Entry) => {
    entries.delete(path);
    bytes -= entry.size;
  };

  const touch = (path: string, entry: Entry) => {
    entries.delete(path);
    entries.set(path, entry);
  };

  /** A page grows with each coding that is made of it, so its size is looked at again with each use. */
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
        account(entry);
      },
      (error: unknown) => {
        entry.render = undefined;
        entry.failedAt = performance.now();
        if (!entry.page) return remove(path, entry);
        log(`pages: ${path} could not be rendered, so its last version stays in service. ${reason(error)}`);
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
    // The render began before a post was withdrawn that its page names, so another one follows.
    if (!page || page === old || entry.state !== 'withdrawn' || entries.get(path) !== entry) return page;
    const again = (entry.render ?? start(path, entry)).done.catch(() => page);
    return inTime(again, LONG_WAIT - (performance.now() - arrivedAt), page);
  };

  /** A page that is not kept is the image's own, if there is one: it may be old, but it is there. */
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
      // Of a change to everything, nobody can tell whether it withdrew a post.
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

/** @returns what the promise gives, or after some milliseconds another value */
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
