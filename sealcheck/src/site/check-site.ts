import { randomBytes } from 'node:crypto';
import { Collector } from '../contents/collect.ts';
import { ContentScanner } from '../contents/scan.ts';
import { frameworkRules } from '../frameworks/rules.ts';
import type { CheckOptions } from '../image/check-image.ts';
import type { Report } from '../report/findings.ts';
import { reportOf } from '../report/make-report.ts';
import { CouldNotCheck, messageOf } from '../verdict.ts';

/** How far a site is followed. */
export interface CrawlLimits {
  /** Responses that are read at most; a site with more cannot be called clean. */
  requests: number;
  /** Milliseconds for one response. */
  timeout: number;
}

export const defaultCrawlLimits: CrawlLimits = { requests: 2000, timeout: 15_000 };

interface Visit {
  url: URL;
  headers: Record<string, string>;
  /** Distinguishes visits to one address with different headers. */
  label: string;
}

const attributes = /(?:href|src|action|poster|data-src)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))/gi;
// Of a meta element only what is an address: most of them hold words.
const metaLinks = /content\s*=\s*["'](\/[^"']*|https?:[^"']+)["']/gi;
const sourceSets = /(?:srcset|imagesrcset)\s*=\s*"([^"]*)"/gi;
const inScripts = /["'`](\/[\w./~%@+-]+?\.(?:js|css|json|map|txt|rsc|html|xml|webmanifest))["'`]/g;
const chunks = /["'`\\](static\/(?:chunks|css|media)\/[\w./~%@+()[\]-]+?\.(?:js|css))/g;
const mapComment = /[#@]\s*sourceMappingURL=([^\s'"*]+)/g;
const locations = /<(?:loc|link)>\s*([^<\s]+)\s*</g;
const inPayloads = /\\*"href\\*":\\*"(\/[^"\\]*)/g;
const cssUrls = /url\(\s*["']?([^"')]+)["']?\s*\)/g;

const unescaped = (text: string): string =>
  text.replaceAll('&amp;', '&').replaceAll('&#x2F;', '/').replaceAll('&quot;', '"');

function linksIn(text: string, type: string): string[] {
  const found: string[] = [];
  const collect = (expression: RegExp) => {
    for (const match of text.matchAll(expression)) {
      const link = match[1] ?? match[2] ?? match[3];
      if (link) found.push(unescaped(link));
    }
  };
  if (/html|xml/.test(type)) {
    collect(attributes);
    collect(metaLinks);
    // A sitemap and a feed name the public address of the site, which need not be the one that is checked.
    for (const [, place = ''] of text.matchAll(locations))
      found.push(unescaped(place).replace(/^https?:\/\/[^/]+(?=\/|$)/, '') || '/');
    for (const match of text.matchAll(sourceSets)) {
      found.push(...(match[1] ?? '').split(',').map((part) => unescaped(part.trim().split(/\s+/)[0] ?? '')));
    }
  }
  if (/html|script|json|x-component|plain/.test(type)) {
    collect(inScripts);
    collect(inPayloads);
    for (const match of text.matchAll(chunks)) found.push(`/_next/${match[1]}`);
  }
  if (/css|html/.test(type)) collect(cssUrls);
  collect(mapComment);
  return found;
}

/** Answers that stand for a page which could not be had just then. */
const busy: ReadonlySet<number> = new Set([429, 502, 503, 504]);

function isElsewhere(location: string | null, base: URL): boolean {
  return (
    location !== null && URL.canParse(location, base.href) && new URL(location, base).origin !== base.origin
  );
}

/**
 * Crawls a running site within its origin and searches every answer: pages, RSC payloads, scripts, source maps, data
 * routes, error pages, headers and cookies. Other origins are not visited.
 *
 * @throws CouldNotCheck when the address is malformed or the first page gives no answer.
 */
export async function checkSite(
  address: string,
  options: CheckOptions,
  limits: CrawlLimits = defaultCrawlLimits,
): Promise<Report> {
  const startedAt = performance.now();
  let start: URL;
  try {
    start = new URL(address);
  } catch {
    throw new CouldNotCheck('the address is no URL; give one such as http://127.0.0.1:3000');
  }
  if (!/^https?:$/.test(start.protocol))
    throw new CouldNotCheck('the address has to start with http:// or https://');
  const collector = new Collector(options.onProgress);
  const scanner = new ContentScanner(options.prepared.search, frameworkRules, options.limits, collector);
  const incomplete: string[] = [];
  const seen = new Set<string>();
  // What the site itself names, unlike what is tried on the chance that it is there.
  const linked = new Set<string>([start.href]);
  const queue: Visit[] = [];
  let buildId: string | undefined;

  // Gives the address as it is asked for, or '' for what is no address.
  const enqueue = (link: string, base: URL, headers: Record<string, string> = {}, label = ''): string => {
    if (!URL.canParse(link, base.href)) return '';
    const url = new URL(link, base);
    url.hash = '';
    const key = `${label} ${url.href}`;
    if (url.origin === start.origin && !seen.has(key)) {
      seen.add(key);
      queue.push({ url, headers, label });
    }
    return url.href;
  };

  const visit = async ({ url, headers, label }: Visit): Promise<void> => {
    const path = `${url.pathname}${url.search}`;
    const where = { source: '', path, nested: label ? [`(${label})`] : [] };
    const response = await fetch(url, {
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(limits.timeout),
    });
    const head = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    scanner.scanText({ ...where, nested: [...where.nested, '(headers)'] }, head);
    const location = response.headers.get('location');
    if (location) enqueue(location, url);
    if (busy.has(response.status) && linked.has(url.href))
      incomplete.push(`${path} answered ${response.status}, so the page itself was not read`);
    else if (url.href === start.href && !label && isElsewhere(location, url))
      incomplete.push(`${path} leads to another origin, which was not read; give that address instead`);
    for (const part of (response.headers.get('link') ?? '').matchAll(/<([^>]+)>/g))
      enqueue(part[1] ?? '', url);
    const type = response.headers.get('content-type') ?? '';
    const readable = /text|json|script|xml|x-component/.test(type) || type === '';
    const kept: Buffer[] = [];
    async function* body(): AsyncGenerator<Buffer, void, undefined> {
      if (!response.body) return;
      for await (const chunk of response.body) {
        const bytes = Buffer.from(chunk);
        if (readable) kept.push(bytes);
        yield bytes;
      }
    }
    await scanner.scanFile(where, body(), undefined);
    const text = Buffer.concat(kept).toString();
    for (const link of linksIn(text, type)) linked.add(enqueue(link, url));
    if (/javascript|css/.test(type) && !label) enqueue(`${url.pathname}.map`, url);
    if (/html/.test(type) && !label && response.status < 400) {
      buildId ??=
        /\/_next\/static\/([\w-]+)\/_(?:buildManifest|ssgManifest)\.js/.exec(text)?.[1] ??
        /"buildId":"([\w-]+)"/.exec(text)?.[1];
      enqueue(path, url, { RSC: '1' }, 'RSC payload');
      if (buildId)
        enqueue(
          `/_next/data/${buildId}${url.pathname === '/' ? '/index' : url.pathname}.json${url.search}`,
          url,
        );
    }
  };

  const missing = `/sealcheck-${randomBytes(6).toString('hex')}`;
  enqueue(start.href, start);
  enqueue('/robots.txt', start);
  enqueue('/sitemap.xml', start);
  enqueue('/manifest.webmanifest', start);
  enqueue(missing, start);
  enqueue(missing, start, { RSC: '1' }, 'RSC payload');
  enqueue(`${start.pathname}?%E0%A4%A`, start, {}, 'malformed query');
  enqueue('/%E0%A4%A', start, {}, 'malformed path');
  enqueue('/.env', start);

  const first = queue.shift();
  try {
    if (first) await visit(first);
  } catch (error) {
    const cause =
      error instanceof Error && error.cause instanceof Error
        ? (error.cause as NodeJS.ErrnoException).code
        : undefined;
    throw new CouldNotCheck(
      `${start.origin} gave no answer (${cause ?? messageOf(error)}); is the site running there?`,
    );
  }
  let visited = 1;
  for (let next = queue.shift(); next; next = queue.shift()) {
    if (visited >= limits.requests) {
      incomplete.push(`${start.origin} has more than ${limits.requests} addresses; raise --max-requests`);
      break;
    }
    visited += 1;
    try {
      await visit(next);
    } catch (error) {
      incomplete.push(`${next.url.pathname} could not be read (${messageOf(error)})`);
    }
  }
  return reportOf({
    command: 'site',
    target: start.href,
    prepared: options.prepared,
    collector,
    locate: ({ where }) => [{ place: 'site', path: where.path }],
    nameOf: (where) => [where.path, ...where.nested].join(' › '),
    incomplete,
    notes: [`${visited} answers were read`],
    layers: [],
    steps: [],
    allowFrameworkKeys: options.allowFrameworkKeys,
    strict: options.strict ?? false,
    startedAt,
  });
}
