import { Collector } from '../contents/collect.ts';
import { ContentScanner } from '../contents/scan.ts';
import { frameworkRules } from '../frameworks/rules.ts';
import type { CheckOptions } from '../options.ts';
import type { Report } from '../report/findings.ts';
import { reportOf } from '../report/make-report.ts';
import { CouldNotCheck, messageOf } from '../verdict.ts';
import { Crawler } from './crawler.ts';

/** How far a site is followed. */
export type CrawlLimits = {
  /** The most responses that are read; a site with more cannot be reported clean. */
  requests: number;
  /** Milliseconds for one response. */
  timeout: number;
  /** Other origins whose files are read if a page loads them. */
  alsoOrigins: readonly string[];
};

export const defaultCrawlLimits: CrawlLimits = { requests: 2000, timeout: 15_000, alsoOrigins: [] };

function startOf(address: string): URL {
  if (!URL.canParse(address))
    throw new CouldNotCheck('The address is not a URL. Give one such as http://127.0.0.1:3000.');
  const start = new URL(address);
  if (!/^https?:$/.test(start.protocol))
    throw new CouldNotCheck('The address has to start with http:// or https://.');
  if (start.username || start.password)
    throw new CouldNotCheck(
      'The address holds a user name or a password, which are not sent. Leave them out.',
    );
  start.hash = '';
  return start;
}

/**
 * Crawls a running site within its origin and searches every response: pages, data routes, scripts, source maps, error
 * pages, headers and cookies. It sends only GET, and never to an address that might end a session or delete something.
 *
 * @throws CouldNotCheck if the address is malformed or the first page does not respond.
 */
export async function checkSite(
  address: string,
  options: CheckOptions,
  limits: Partial<CrawlLimits> = {},
): Promise<Report> {
  const startedAt = performance.now();
  const start = startOf(address);
  const collector = new Collector(options.onProgress);
  const scanner = new ContentScanner(options.prepared.search, frameworkRules, options.limits, collector);
  const crawler = new Crawler(start, { ...defaultCrawlLimits, ...limits }, scanner, collector);
  try {
    await crawler.crawl();
  } catch (error) {
    const cause =
      error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined)?.code : undefined;
    throw new CouldNotCheck(
      `${start.origin} gave no answer (${cause ?? messageOf(error)}). Check that the site is running there.`,
    );
  }
  return reportOf({
    command: 'site',
    target: start.href,
    options,
    collector,
    locate: ({ where }) => [{ place: 'site', path: where.path }],
    nameOf: (where) => [where.path, ...where.nested].join(' › '),
    incomplete: crawler.incomplete,
    notes: crawler.notes(),
    startedAt,
  });
}
