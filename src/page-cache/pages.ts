import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ContentChanges } from '#content-log/read.ts';
import { answerWith } from './answer.ts';
import { finishHtml } from './finish.ts';
import type { Pack } from './pack.ts';
import { type FinishedPage, finishedPage } from './page.ts';
import type { Rendered } from './render.ts';
import { matchRoute, type Route } from './routes.ts';
import { createPageStore } from './store.ts';

const NOT_FOUND = '/_not-found';
const UNAVAILABLE = '/unavailable';

/** Seconds after which a client may ask again for a page that is unavailable. */
const RETRY_AFTER = '30';

/** What finished pages are made of. */
export type PagesOptions = {
  /** Renders the document at a path; see `createRenderer`. */
  render: (path: string) => Promise<Rendered>;
  /** The image's pages; `undefined` for the target `deferred`. */
  pack: Pack | undefined;
  /** Bytes of pages to keep in memory at most. */
  capacity: number;
  /** Headers of every finished page: its policy, and how long shared caches may keep it. */
  headers: Record<string, string>;
  log: (line: string) => void;
};

/** The finished pages of this process: the one public entry point of the module. */
export type Pages = {
  /** Answers a request for a finished page, or for an address that leads nowhere. @returns whether it does */
  answer: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Takes what changed in the database. */
  expire: (changes: ContentChanges) => void;
  usage: () => { bytes: number; pages: number };
};

type FinishedRoute = Extract<Route, { kind: 'finished' }>;

export function createPages({ render, pack, capacity, headers, log }: PagesOptions): Pages {
  /** Slugs that a reader may see; `undefined` as long as neither the image nor the content log has told. */
  let slugs = pack && new Set(pack.slugs);

  const store = createPageStore({
    capacity,
    log,
    packed: (path) => {
      const html = pack?.html(path);
      return html === undefined ? undefined : documentOf(path, 200, html);
    },
    render: async (path) => {
      const { status, html } = await render(path);
      if (status !== 200 && status !== 404) throw new Error(`Next.js answered ${status}.`);
      return documentOf(path, status, finishHtml(html));
    },
  });

  const documentOf = (path: string, status: 200 | 404, html: string): FinishedPage => {
    const matched = matchRoute(path);
    const tags = matched?.route.kind === 'finished' ? matched.route.tags(matched.slug ?? '') : [];
    return finishedPage({ status: path === NOT_FOUND ? 404 : status, html, tags }, headers);
  };

  const send = (path: string, request: IncomingMessage, response: ServerResponse): void => {
    const page = store.get(path);
    if (!(page instanceof Promise)) return answerWith(page, request, response);
    page.then(
      (rendered) => answerWith(rendered, request, response),
      () => unavailable(request, response),
    );
  };

  const unavailable = (request: IncomingMessage, response: ServerResponse): void => {
    const answer = (page: FinishedPage | undefined) => {
      response.setHeader('Retry-After', RETRY_AFTER);
      response.setHeader('Cache-Control', 'no-store');
      if (page) answerWith({ ...page, status: 503 }, request, response);
      else
        response
          .writeHead(503, { 'Content-Type': 'text/plain; charset=utf-8' })
          .end('This page is unavailable.\n');
    };
    Promise.resolve(store.get(UNAVAILABLE)).then(answer, () => answer(undefined));
  };

  const answer = (request: IncomingMessage, response: ServerResponse): boolean => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const matched = matchRoute(path);
    if (!matched) {
      if (path.startsWith('/_next/')) return false;
      send(NOT_FOUND, request, response);
      return true;
    }
    if (!isFinished(matched.route)) return false;
    const isKnown = matched.slug === undefined || slugs === undefined || slugs.has(matched.slug);
    send(isKnown ? path : NOT_FOUND, request, response);
    return true;
  };

  return {
    answer,
    expire: (changes) => {
      if (changes.everything) slugs = new Set();
      if (slugs) for (const [slug, visible] of changes.posts) visible ? slugs.add(slug) : slugs.delete(slug);
      store.expire(changes);
    },
    usage: store.usage,
  };
}

function isFinished(route: Route): route is FinishedRoute {
  return route.kind === 'finished';
}
