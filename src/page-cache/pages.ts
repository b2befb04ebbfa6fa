import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ContentChanges } from '#content-log/read.ts';
import { answerWith } from './answer.ts';
import { finishHtml, UnfinishedPage } from './finish.ts';
import { cacheControl, documentHeaders, SPECULATION_RULES, SPECULATION_RULES_PATH } from './headers.ts';
import { allowInlineScripts } from './hydrated.ts';
import { IMAGES_PATH, type PackedImages, parseImageName } from './images.ts';
import { createOldUrls } from './old-urls.ts';
import type { Pack } from './pack.ts';
import { type FinishedPage, finishedPage } from './page.ts';
import { fillPlaceholders, INCOMPLETE } from './placeholders.ts';
import type { Render } from './render.ts';
import { recordFailedRender, recordRender } from './renders.ts';
import { matchRoute, type Policy } from './routes.ts';
import { createPageStore } from './store.ts';

const NOT_FOUND = '/_not-found';
const UNAVAILABLE = '/unavailable';

/** Seconds after which a client may retry if a page is unavailable. */
const RETRY_AFTER = '30';

/** The request headers that are passed to pages that are rendered for one visitor. */
const VISITOR_HEADERS = ['cookie', 'authorization'] as const;

/** How the pages of a process are made. */
export type PagesOptions = {
  render: Render;
  /** Awaited before a page is rendered for the cache: without polling, this is when changes are read. */
  beforeRender?: () => Promise<unknown>;
  /** The image's pages; `undefined` for the target `deferred`. */
  pack: Pack | undefined;
  /** The image's own images. */
  images?: PackedImages;
  /** Maximum bytes of pages in memory. */
  capacity: number;
  /** The site's origin; `undefined` if SITE_URL is not set. */
  site: string | undefined;
  /** Seconds for which shared caches may store a page. */
  sharedMaxAge: number;
  log: (line: string) => void;
};

/** The pages of this process. */
export type Pages = {
  /**
   * Answers a request for a page, or for an address that does not exist.
   *
   * @returns what it is, or `undefined` for a route handler; a packed image is an asset
   */
  answer: (
    request: IncomingMessage,
    response: ServerResponse,
  ) => 'page' | 'dynamic page' | 'asset' | undefined;
  /** Expires the pages that show what changed in the database. */
  expire: (changes: ContentChanges) => void;
  /** Bytes and number of the pages in memory. */
  usage: () => { bytes: number; pages: number };
};

/** Serves pages: finished ones from memory, others rendered for the request. The public entry point of this module. */
export function createPages({
  render,
  beforeRender,
  pack,
  images,
  capacity,
  site,
  sharedMaxAge,
  log,
}: PagesOptions): Pages {
  /** The slugs that readers may see; `undefined` until the image or the content log has provided them. */
  let slugs = pack && new Set(pack.slugs);
  const oldUrls = createOldUrls(pack?.oldUrls);
  /** The hashes of images that changed in the database since the image was built. */
  const changedImages = new Set<string>();
  /** Paths with a known slug that have no page, such as `/older/` of a post that starts no list; replaced on each change. */
  let absent = new Set<string>();

  const finished = (path: string, rendered: string, packed = pack?.html(path)): FinishedPage => {
    const { route, slug = '' } = matchRoute(path) ?? {};
    if (route?.kind !== 'finished' && route?.kind !== 'hydrated')
      throw new Error(`${path} is not a page that is kept.`);
    const { html, sources } =
      route.kind === 'hydrated' ? allowInlineScripts(rendered) : { html: rendered, sources: [] };
    const provenance = rendered === packed ? 'prerendered' : 'updated';
    const status = path === NOT_FOUND ? 404 : path === UNAVAILABLE ? 503 : 200;
    const caching: Record<string, string> =
      status === 503
        ? { 'Cache-Control': 'no-store', 'Retry-After': RETRY_AFTER }
        : { 'Cache-Control': cacheControl(sharedMaxAge) };
    return finishedPage(
      { status, html: fillPlaceholders(html, { origin: site, provenance }), tags: route.tags(slug) },
      { ...caching, ...documentHeaders(route.policy, sources) },
    );
  };

  const store = createPageStore({
    capacity,
    log,
    rendered: recordRender,
    failed: recordFailedRender,
    packed: (path) => {
      const html = pack?.html(path);
      return html === undefined ? undefined : finished(path, html, html);
    },
    render: async (path) => {
      await beforeRender?.();
      const absentNow = absent;
      const { status, html } = await render(path);
      if (status === 404 && path !== NOT_FOUND) {
        // Bounded by the known slugs.
        if (slugs) absentNow.add(path);
        return undefined;
      }
      if (status >= 300 && path !== NOT_FOUND) throw new Error(`Next.js answered with status ${status}.`);
      // Without packed pages, an incomplete page is better than none: the first read of the content log expires it.
      if (pack && html.includes(`${INCOMPLETE}=""`)) throw new Error('The database did not answer.');
      return finished(path, needsFinishing(path) ? finishHtml(html) : html);
    },
  });

  const send = (path: string, request: IncomingMessage, response: ServerResponse): void => {
    const page = store.get(path);
    if (page instanceof Promise) {
      page.then(
        (rendered) =>
          rendered ? answerWith(rendered, request, response) : send(NOT_FOUND, request, response),
        (error: unknown) => {
          // Others are told by who failed: an outage of the database has one line for all pages.
          if (error instanceof UnfinishedPage) log(`pages: ${path} can't be served. ${error.message}`);
          sendUnavailable(request, response);
        },
      );
    } else answerWith(page, request, response);
  };

  const sendUnavailable = (request: IncomingMessage, response: ServerResponse): void => {
    Promise.resolve()
      .then(() => store.get(UNAVAILABLE))
      .then(
        (page) => (page ? answerWith(page, request, response) : sendPlainUnavailable(response)),
        () => sendPlainUnavailable(response),
      );
  };

  /** Sends a page that is rendered for this visitor, and is never cached. */
  const sendDynamic = async (policy: Policy, request: IncomingMessage, response: ServerResponse) => {
    const headers = Object.fromEntries(
      VISITOR_HEADERS.flatMap((name) => (request.headers[name] ? [[name, request.headers[name]]] : [])),
    );
    const { status, html } = await render(request.url ?? '/', headers);
    if (status !== 200) throw new Error(`Next.js answered with status ${status}.`);
    const body = Buffer.from(fillPlaceholders(finishHtml(html), { origin: site, provenance: 'dynamic' }));
    response.writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': body.length,
      'Cache-Control': 'private, no-store',
      ...documentHeaders(policy),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };

  /** Sends a packed image. Without a post that readers may see, or if it changed, the database has to say whether there is one. */
  const sendImage = (path: string, request: IncomingMessage, response: ServerResponse): boolean => {
    const name = path.slice(IMAGES_PATH.length);
    const { hash } = parseImageName(name) ?? {};
    if (!images || hash === undefined || changedImages.has(hash)) return false;
    const shown = pack?.images?.get(name)?.some((slug) => slugs?.has(slug)) ?? false;
    return shown && images.answer(name, request, response);
  };

  /** Redirects an old URL to its post, with its query. Returns false if it is none. */
  const sendOldUrl = (path: string, query: string, response: ServerResponse): boolean => {
    const slug = oldUrls.find(path);
    if (slug === undefined) return false;
    redirect(`/posts/${slug}${query}`, response, { 'Cache-Control': cacheControl(sharedMaxAge) });
    return true;
  };

  const answer: Pages['answer'] = (request, response) => {
    const address = request.url ?? '/';
    const path = address.split('?', 1)[0] ?? '/';
    const matched = matchRoute(path);
    if (!matched) {
      const shorter = path.slice(0, -1);
      if (path === SPECULATION_RULES_PATH) sendSpeculationRules(request, response);
      else if (path.endsWith('/') && matchRoute(shorter))
        redirect(shorter + address.slice(path.length), response);
      else if (!sendOldUrl(path, address.slice(path.length), response)) send(NOT_FOUND, request, response);
      return 'page';
    }
    const { route, slug } = matched;
    if (route.kind === 'handler')
      return path.startsWith(IMAGES_PATH) && sendImage(path, request, response) ? 'asset' : undefined;
    // A request of the router in a hydrated page; every other page is a single document.
    if (route.kind === 'hydrated' && request.headers.rsc !== undefined) return undefined;
    if (route.kind === 'dynamic') {
      sendDynamic(route.policy, request, response).catch((error: unknown) => {
        log(`pages: ${path} could not be rendered. ${error instanceof Error ? error.message : ''}`);
        sendUnavailable(request, response);
      });
      return 'dynamic page';
    }
    const exists = slug === undefined || slugs === undefined || slugs.has(slug);
    const known = exists && !absent.has(path);
    if (exists || !sendOldUrl(path, address.slice(path.length), response))
      send(known ? path : NOT_FOUND, request, response);
    return 'page';
  };

  return {
    answer,
    expire: (changes) => {
      absent = new Set();
      if (changes.everything) slugs = new Set();
      oldUrls.update(changes);
      for (const hash of changes.images ?? []) changedImages.add(hash);
      for (const [slug, visible] of changes.posts) {
        if (visible) slugs?.add(slug);
        else slugs?.delete(slug);
      }
      store.expire(changes);
    },
    usage: store.usage,
  };
}

/** Whether to remove scripts. A hydrated page keeps them, and Next.js adds none to a mail. */
export function needsFinishing(path: string): boolean {
  const route = matchRoute(path)?.route;
  return route?.kind === 'finished' && route.policy !== 'mail';
}

/** 308 keeps the method, in case of a submitted form. */
function redirect(address: string, response: ServerResponse, headers: Record<string, string> = {}): void {
  response.writeHead(308, { Location: address, ...headers }).end();
}

function sendPlainUnavailable(response: ServerResponse): void {
  response
    .writeHead(503, { 'Content-Type': 'text/plain; charset=utf-8', 'Retry-After': RETRY_AFTER })
    .end('This page is temporarily unavailable. Try again in a minute.\n');
}

function sendSpeculationRules(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, {
    'Content-Type': 'application/speculationrules+json',
    'Content-Length': Buffer.byteLength(SPECULATION_RULES),
    'Cache-Control': 'public, max-age=86400',
  });
  response.end(request.method === 'HEAD' ? undefined : SPECULATION_RULES);
}
