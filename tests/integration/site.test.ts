import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, inject, it, vi } from 'vitest';

const site = inject('siteUrl');

/** Requests a path unchanged: `fetch` would normalize it. */
function ask(
  path: string,
): Promise<{ status: number; body: string; headers: NodeJS.Dict<string | string[]> }> {
  return new Promise((resolve, reject) => {
    const asked = request(site, { path }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body, headers: response.headers }),
      );
    });
    asked.once('error', reject).end();
  });
}

/** Runs one query in the database that the site started for itself. */
async function query(sql: string): Promise<void> {
  const connectionString = readFileSync(join(inject('siteFolder'), '.data/database_url'), 'utf8').trim();
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

describe('the site after npm start', () => {
  it('lists the seeded posts as generated pages, without drafts', async () => {
    const { status, body, headers } = await ask('/');
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('public, max-age=0, must-revalidate');
    expect(body.match(/<article/g)).toHaveLength(10);
    expect(body).toMatch(/href="\/older\/[a-z0-9-]+"/);
    expect(body).toContain('<html lang="en">');
  });

  it('links from the list to each post and to older ones', async () => {
    const paths = (body: string) =>
      [...body.matchAll(/href="(\/(?:posts|older)\/[a-z0-9-]+)"/g)].map(([, path]) => path);
    const seen = new Set<string | undefined>(paths((await ask('/')).body));
    for (const path of seen) {
      const { status, body } = await ask(path ?? '');
      expect(status).toBe(200);
      if (path?.startsWith('/older/')) for (const found of paths(body)) seen.add(found);
    }
    expect([...seen].filter((path) => path?.startsWith('/posts/')).length).toBeGreaterThanOrEqual(12);
  });

  it('shows a post that was written after the build, on its page and in the list, until it is deleted', async () => {
    await query(`INSERT INTO "Post" ("id", "slug", "title", "content", "published", "publishedAt", "updatedAt")
      VALUES ('late', 'written-later', 'Written later', 'Late text.', true, now(), now())`);
    await vi.waitFor(async () => {
      const { status, body } = await ask('/posts/written-later');
      expect([status, body]).toEqual([200, expect.stringContaining('Late text.')]);
      expect((await ask('/')).body).toContain('Written later');
    }, 10_000);
    await query(`DELETE FROM "Post" WHERE "slug" = 'written-later'`);
    await vi.waitFor(async () => expect((await ask('/posts/written-later')).status).toBe(404), 10_000);
    expect((await ask('/')).body).not.toContain('Written later');
  });

  it('does not show a draft, on the first request or later', async () => {
    await query(`INSERT INTO "Post" ("id", "slug", "title", "content", "updatedAt")
      VALUES ('draft', 'a-hidden-draft', 'Hidden', 'Hidden text.', now())`);
    for (const path of ['/posts/a-hidden-draft', '/posts/a-hidden-draft', '/older/a-hidden-draft']) {
      const { status, body } = await ask(path);
      expect(status).toBe(404);
      expect(body).not.toContain('Hidden');
      expect(body).toContain('Page not found');
    }
  });

  it.each([
    ['an unknown slug', '/posts/nonesuch'],
    ['10 kB of slug', `/posts/${'a'.repeat(10_000)}`],
    ['10 kB of an encoded character', `/posts/${'%C3%A4'.repeat(1_700)}`],
    ['a parent folder', '/posts/../../etc/passwd'],
    ['an encoded parent folder', '/posts/..%2f..%2fetc%2fpasswd'],
    ['a double encoded parent folder', '/posts/%252e%252e%252fetc'],
    ['NUL', '/posts/a%00b'],
    ['a line end', '/posts/a%0d%0aSet-Cookie:%20a=b'],
    ['fullwidth letters', '/posts/%EF%BD%81%EF%BD%82'],
    ['a right-to-left override', '/posts/%E2%80%AEa'],
    ['a combining character', '/posts/e%CC%81'],
    ['half a character', '/posts/%C3'],
    ['a surrogate', '/posts/%ED%A0%80'],
    ['a percent sign alone', '/posts/%'],
    ['a percent sign and rubbish', '/posts/%zz%1'],
    ['an overlong slash', '/posts/%c0%af'],
    ["the route's template", '/posts/[slug]'],
    ["the route's template, encoded", '/posts/%5Bslug%5D'],
    ["the list's template as data", '/older/%5Bslug%5D.rsc'],
    ['the placeholder of an empty blog', '/posts/-'],
    ['SQL', "/posts/'%20OR%20'1'='1"],
    ['a backslash', '/posts/..%5c..%5cwindows'],
  ])('answers 404 or 400 to %s', async (_, path) => {
    expect([400, 404]).toContain((await ask(path)).status);
    expect((await ask('/')).status).toBe(200);
  });

  it('sends headers that isolate a page from other sites', async () => {
    const { headers } = await ask('/');
    expect(headers['content-security-policy']).toMatch(/object-src 'none'.*frame-ancestors 'none'/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['x-powered-by']).toBeUndefined();
  });

  it('reports that it is healthy', async () => {
    const { status, body } = await ask('/health');
    expect([status, JSON.parse(body)]).toEqual([200, { status: 'ok', database: 'reachable' }]);
  });
});
