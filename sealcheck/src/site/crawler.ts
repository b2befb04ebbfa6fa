import { randomBytes } from 'node:crypto';
import type { ContentScanner, Listener } from '../contents/scan.ts';
import { CouldNotCheck, messageOf } from '../verdict.ts';
import type { CrawlLimits } from './check-site.ts';
import { dataRoutes, type Link, linksIn, mightChange } from './links.ts';

type Visit = {
  url: URL;
  headers: Record<string, string>;
  /** Distinguishes visits to one address with different headers. */
  label: string;
};

const RSC = { headers: { RSC: '1' }, label: 'RSC payload' };

/** Responses that stand for a page that was temporarily unavailable. */
const BUSY: ReadonlySet<number> = new Set([429, 502, 503, 504]);

const READABLE = /text|json|script|xml|x-component/;
const FILE_TYPE = /\.(?:js|mjs|cjs|css|json|map|webmanifest|wasm|svg|png|jpe?g|gif|webp|avif|ico|woff2?)$/i;

function originOf(given: string): string {
  if (!URL.canParse(given) || !/^https?:/.test(given))
    throw new CouldNotCheck('--also-origin takes an origin such as https://cdn.example.com.');
  return new URL(given).origin;
}

/** Follows a site's links breadth first and passes each response to a scanner. */
export class Crawler {
  /** Why the site could not be read completely. */
  readonly incomplete: string[] = [];
  readonly #start: URL;
  readonly #limits: CrawlLimits;
  readonly #alsoOrigins: ReadonlySet<string>;
  readonly #scanner: ContentScanner;
  readonly #listener: Listener;
  readonly #queue: Visit[] = [];
  readonly #seen = new Set<string>();
  // Addresses that the site itself names, unlike those that are only guessed.
  readonly #named = new Set<string>();
  readonly #leftOut = new Set<string>();
  readonly #forms = new Set<string>();
  #answers = 0;
  #buildId: string | undefined;

  constructor(start: URL, limits: CrawlLimits, scanner: ContentScanner, listener: Listener) {
    this.#start = start;
    this.#limits = limits;
    this.#alsoOrigins = new Set(limits.alsoOrigins.map(originOf));
    this.#scanner = scanner;
    this.#listener = listener;
    this.#named.add(start.href);
  }

  /** @throws if the first page does not respond. */
  async crawl(): Promise<void> {
    const missing = `/sealcheck-${randomBytes(6).toString('hex')}`;
    this.#enqueue(this.#start);
    for (const path of ['/robots.txt', '/sitemap.xml', '/manifest.webmanifest', missing, '/.env'])
      this.#enqueue(new URL(path, this.#start));
    this.#enqueue(new URL(missing, this.#start), RSC);
    const malformed = (path: string, label: string) =>
      this.#enqueue(new URL(path, this.#start), { headers: {}, label });
    malformed(`${this.#start.pathname}?%E0%A4%A`, 'malformed query');
    malformed('/%E0%A4%A', 'malformed path');
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      if (this.#answers >= this.#limits.requests) {
        this.incomplete.push(
          `${this.#start.origin} has more than ${this.#limits.requests} addresses; raise --max-requests`,
        );
        return;
      }
      try {
        await this.#visit(next);
      } catch (error) {
        if (this.#answers === 0) throw error;
        this.incomplete.push(`${next.url.pathname} could not be read (${messageOf(error)})`);
      }
      this.#answers += 1;
    }
  }

  /** What was read and what was left out on purpose. */
  notes(): string[] {
    const forms =
      this.#forms.size === 1
        ? '1 form that sends something was not sent'
        : `${this.#forms.size} forms that send something were not sent`;
    return [`${this.#answers} answers were read`, ...(this.#forms.size > 0 ? [forms] : [])];
  }

  #enqueue(url: URL, how: Omit<Visit, 'url'> = { headers: {}, label: '' }): void {
    const key = `${how.label} ${url.href}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#queue.push({ url, ...how });
  }

  #follow({ href, kind }: Link, base: URL): void {
    if (!URL.canParse(href, base.href)) return;
    const url = new URL(href, base);
    url.hash = '';
    if (!/^https?:$/.test(url.protocol)) return;
    const isAsset = kind === 'asset' || FILE_TYPE.test(url.pathname);
    const isHere = url.origin === this.#start.origin;
    if (!isHere && !(isAsset && this.#alsoOrigins.has(url.origin))) {
      if (kind === 'asset')
        this.#leaveOut(url.origin + url.pathname, `was not read; give --also-origin ${url.origin}`);
    } else if (!isAsset && mightChange(url))
      this.#leaveOut(url.pathname + url.search, 'was not opened, as that might change something');
    else {
      if (kind !== 'guess') this.#named.add(url.href);
      this.#enqueue(url);
    }
  }

  #leaveOut(address: string, reason: string): void {
    if (this.#leftOut.has(address)) return;
    this.#leftOut.add(address);
    this.#listener.unopened({ source: '', path: address, nested: [] }, reason);
  }

  async #visit({ url, headers, label }: Visit): Promise<void> {
    const place = url.origin === this.#start.origin ? '' : url.origin;
    const path = `${place}${url.pathname}${url.search}`;
    const where = { source: '', path, nested: label ? [`(${label})`] : [] };
    const response = await fetch(url, {
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(this.#limits.timeout),
    });
    const head = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    this.#scanner.scanText({ ...where, nested: [...where.nested, '(headers)'] }, head);
    this.#followHeaders(response, url, label);
    if (BUSY.has(response.status) && this.#named.has(url.href))
      this.incomplete.push(`${path} answered ${response.status}, so the page itself was not read`);
    const type = response.headers.get('content-type') ?? '';
    const kept: Buffer[] = [];
    async function* body(): AsyncGenerator<Buffer, void, undefined> {
      if (!response.body) return;
      for await (const chunk of response.body) {
        const bytes = Buffer.from(chunk);
        if (READABLE.test(type) || type === '') kept.push(bytes);
        yield bytes;
      }
    }
    await this.#scanner.scanFile(where, body(), undefined);
    this.#followBody(Buffer.concat(kept).toString(), type, url, label === '' && response.status < 400);
  }

  #followHeaders(response: Response, url: URL, label: string): void {
    const location = response.headers.get('location');
    if (location && URL.canParse(location, url.href)) {
      this.#follow({ href: location, kind: 'page' }, url);
      if (url.href === this.#start.href && !label && new URL(location, url).origin !== url.origin)
        this.incomplete.push(
          `${url.pathname} leads to another origin, which was not read; give that address instead`,
        );
    }
    for (const [, href = ''] of (response.headers.get('link') ?? '').matchAll(/<([^>]+)>/g))
      this.#follow({ href, kind: 'asset' }, url);
    const map = response.headers.get('sourcemap') ?? response.headers.get('x-sourcemap');
    if (map) this.#follow({ href: map, kind: 'asset' }, url);
  }

  #followBody(text: string, type: string, url: URL, isPage: boolean): void {
    const { base, links, forms } = linksIn(text, type, url);
    const from = base !== undefined && URL.canParse(base, url.href) ? new URL(base, url) : url;
    for (const action of forms) this.#forms.add(`${url.pathname} ${action}`);
    for (const link of links) this.#follow(link, from);
    if (/javascript|css/.test(type)) this.#enqueue(new URL(`${url.pathname}.map`, url));
    if (!/html/.test(type) || !isPage || url.origin !== this.#start.origin) return;
    this.#enqueue(url, RSC);
    const { routes, buildId } = dataRoutes(text, url, this.#buildId);
    this.#buildId = buildId;
    for (const route of routes) this.#enqueue(new URL(route, url));
  }
}
