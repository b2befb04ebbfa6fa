import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { launch } from '../tests/browser/browser.ts';
import { format, median, progress, type Row, run } from './measure.ts';

/** Run by npx, and not a dependency: it would bring 150 packages that only this measurement needs. */
const LIGHTHOUSE = 'lighthouse@13.5.0';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const PAGES = { post: '/posts/post-2', list: '/' };

/** Measures what a first visit costs in a browser, and its performance by Lighthouse. */
export async function measureVisit(site: string): Promise<Row[]> {
  const path = [process.env.CHROMIUM ?? '', ...CHROMIUM].find((place) => existsSync(place));
  if (!path) throw new Error('There is no Chromium. Install one, or name it with CHROMIUM.');
  const browser = await launch(path);
  try {
    const [post, list] = [await wire(browser, site + PAGES.post), await wire(browser, site + PAGES.list)];
    return [
      {
        figure: 'bytes on the wire for a first visit to a post',
        measured: `${format(post.bytes / 1e3, 1)} kB`,
        target: '≤ 15 kB',
        how: `Chromium, gzip, with headers, without fonts; ${post.requests} requests`,
      },
      {
        figure: 'the same for the list',
        measured: `${format(list.bytes / 1e3, 1)} kB`,
        target: '≤ 15 kB',
        how: `${list.requests} requests`,
      },
      ...lighthouseRows(site, path),
    ];
  } finally {
    await browser.close();
  }
}

/** Bytes of all responses of a first visit, and their number, without fonts. */
async function wire(browser: Browser, url: string): Promise<{ bytes: number; requests: number }> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  const fonts = new Set<string>();
  let [bytes, requests] = [0, 0];
  devtools.on('Network.responseReceived', ({ requestId, type }) => {
    if (type === 'Font') fonts.add(requestId);
  });
  devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (fonts.has(requestId)) return;
    bytes += encodedDataLength;
    requests += 1;
  });
  await devtools.send('Network.enable');
  await devtools.send('Network.setExtraHTTPHeaders', { headers: { 'accept-encoding': 'gzip' } });
  await page.goto(url, { waitUntil: 'networkidle' });
  await context.close();
  return { bytes, requests };
}

/** No rows if Lighthouse can't be fetched. */
function lighthouseRows(site: string, chromium: string): Row[] {
  try {
    run('npx', '--yes', LIGHTHOUSE, '--version');
  } catch {
    progress('Lighthouse could not be fetched, so its rows are left out.');
    return [];
  }
  return Object.entries(PAGES).map(([name, path]) => {
    const scores = [1, 2, 3].map(() => score(site + path, chromium));
    progress(`Lighthouse, ${name}: ${scores.join(', ')}`);
    return {
      figure: `Lighthouse performance of a ${name}, mobile`,
      measured: String(median(scores)),
      target: '100',
      how: `${LIGHTHOUSE}; median of 3`,
    };
  });
}

function score(url: string, chromium: string): number {
  const flags = '--headless=new --no-sandbox --disable-background-networking';
  const printed = run(
    'env',
    ...[`CHROME_PATH=${chromium}`, 'npx', '--yes', LIGHTHOUSE, url, '--only-categories=performance'],
    ...['--output=json', '--quiet', '--no-enable-error-reporting', `--chrome-flags=${flags}`],
  );
  return Math.round(100 * JSON.parse(printed).categories.performance.score);
}
