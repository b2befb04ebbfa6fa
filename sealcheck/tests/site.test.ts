import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkSite, plainly, textReport } from '../src/index.ts';

const SECRET = randomBytes(18).toString('base64url');

const TYPES: Record<string, string> = {
  js: 'text/javascript',
  css: 'text/css',
  json: 'application/json',
  map: 'application/json',
  webmanifest: 'application/manifest+json',
};

/** A site that serves these files, and records the requests. */
async function serve(files: Record<string, string>): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const body = files[path];
    const type = TYPES[path.split('.').at(-1) ?? ''] ?? 'text/html';
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type }).end(body ?? 'not found');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const paths = (report: { findings: { path: string }[] }) => [
  ...new Set(report.findings.map(({ path }) => path)),
];
const secrets = { token: SECRET };
const leak = `const key = "${SECRET}";`;

describe('a site is crawled to', () => {
  it.each<[string, string, Record<string, string>]>([
    [
      'the lazy chunk of a relative import, through another chunk',
      '/assets/Admin-x.js',
      {
        '/': '<script type="module" src="/assets/index-a.js"></script>',
        '/assets/index-a.js': 'import("./Menu-b.js")',
        '/assets/Menu-b.js': 'const m=()=>import(`./Admin-x.js`)',
      },
    ],
    [
      'what Vite lists for a chunk, under a base',
      '/docs/assets/Late-z.js',
      {
        '/': '<script type="module" src="/docs/assets/index-a.js"></script>',
        '/docs/assets/index-a.js': 'm.f=["assets/Late-z.js","assets/Late-z.css"]',
      },
    ],
    [
      "webpack's names of lazy chunks",
      '/static/js/12.9f3e.chunk.js',
      {
        '/': '<script src="/static/js/main.js"></script>',
        '/static/js/main.js': 'r.p="/",r.u=e=>"static/js/"+e+"."+{12:"9f3e",7:"aaaa"}[e]+".chunk.js"',
      },
    ],
    [
      'a worker',
      '/js/worker.js',
      {
        '/': '<script src="/js/app.js"></script>',
        '/js/app.js': 'new Worker(new URL("./worker.js", import.meta.url))',
      },
    ],
    [
      'what a worker imports',
      '/js/lib/one.js',
      {
        '/': '<script>new Worker("/js/w.js")</script>',
        '/js/w.js': "importScripts('./lib/one.js')",
      },
    ],
    ['a preloaded module', '/m/deep.js', { '/': '<link rel="modulepreload" href="m/deep.js">' }],
    [
      'an icon in a web app manifest',
      '/app/icons/a.svg',
      {
        '/': '<link rel=manifest href="/app/site.webmanifest">',
        '/app/site.webmanifest': '{"icons":[{"src":"icons/a.svg"}]}',
      },
    ],
    [
      'a source map that a comment names',
      '/js/maps/app.map',
      { '/': '<script src="/js/app.js"></script>', '/js/app.js': 'a()\n//# sourceMappingURL=maps/app.map' },
    ],
    [
      'a style sheet that another imports',
      '/css/b.css',
      { '/': '<link rel="stylesheet" href="/css/a.css">', '/css/a.css': '@import "b.css";' },
    ],
    ['a page below a base', '/sub/two', { '/': '<base href="/sub/"><a href="two">2</a>' }],
    [
      "React Router's data",
      '/two.data',
      { '/': '<a href="/two">2</a>', '/two': '<script>window.__reactRouterContext = {}</script>' },
    ],
    ["React Router's data of the first page", '/_root.data', { '/': 'window.__reactRouterContext = {}' }],
    [
      "SvelteKit's data",
      '/blog/__data.json',
      { '/': '<a href="/blog">b</a>', '/blog': '<script>__sveltekit_1a2b = {}</script>' },
    ],
    ["Nuxt's payload", '/_payload.json', { '/': '<script>window.__NUXT__={}</script>' }],
    [
      "Next.js's data",
      '/_next/data/Abc123def/about.json',
      {
        '/': '<script src="/_next/static/Abc123def/_buildManifest.js"></script><a href="/about">a</a>',
        '/about': 'about',
      },
    ],
  ])('%s', async (_what, place, files) => {
    const { url } = await serve({ ...files, [place]: leak });
    expect(paths(await checkSite(url, { secrets }))).toContain(place);
  });
});

describe('other origins', () => {
  it('are named if a page loads from them, and read if they are allowed', async () => {
    const cdn = await serve({ '/lib.js': 'import("./part.js")', '/part.js': leak });
    const site = await serve({
      '/': `<script src="${cdn.url}/lib.js"></script><a href="${cdn.url}/page">elsewhere</a>`,
    });
    const without = await checkSite(site.url, { secrets });
    expect(without.unopened).toEqual([`${cdn.url}/lib.js was not read; give --also-origin ${cdn.url}`]);
    expect(textReport(without, plainly)).toContain('clean, but 1 file was not opened');
    expect((await checkSite(site.url, { secrets, strict: true })).verdict).toBe('could not check');
    expect(cdn.asked).toEqual([]);
    const read = await checkSite(site.url, { secrets, alsoOrigins: [cdn.url] });
    expect(paths(read)).toEqual([`${cdn.url}/part.js`]);
    expect(cdn.asked).not.toContain('GET /page');
  });
});

describe('a crawl changes nothing', () => {
  it('sends only GET and HEAD, and opens no address that might end a session or delete something', async () => {
    const risky = [
      '/logout',
      '/auth/sign-out?next=/',
      '/posts/1/delete',
      '/admin?action=removeUser&id=1',
      '/newsletter/unsubscribe/abc',
      '/account/deactivate',
      '/api/session/destroy',
    ];
    const { url, asked } = await serve({
      '/': `${risky.map((path) => `<a href="${path}">x</a>`).join('')}
        <a href="/posts/1">post</a><a href="/undeleted">u</a><script src="/js/delete-button.js"></script>
        <form action="/pay" method="post"></form><form action="/find"></form>`,
      '/posts/1': '<a href="/catalogout">c</a>',
      '/js/delete-button.js': leak,
    });
    const report = await checkSite(url, { secrets });
    expect(asked.filter((line) => !/^(GET|HEAD) /.test(line))).toEqual([]);
    for (const path of risky) {
      expect(asked.join('\n')).not.toContain(path);
      expect(report.unopened.join('\n')).toContain(`${path} was not opened`);
    }
    expect(asked).not.toContain('GET /pay');
    for (const path of ['/posts/1', '/undeleted', '/catalogout', '/find'])
      expect(asked).toContain(`GET ${path}`);
    expect(report.notes.join()).toContain('1 form that sends something was not sent');
    expect(paths(report)).toEqual(['/js/delete-button.js']);
  });
});
