import { describe, expect, it } from 'vitest';
import { fillPlaceholders, ORIGIN_PLACEHOLDER } from '#page-cache/placeholders.ts';

const page =
  `<link rel="canonical" href="${ORIGIN_PLACEHOLDER}/posts/a"/><meta name="content-time" content="2026-06-01T23:30:05.000Z"/>` +
  `<meta property="og:url" content="${ORIGIN_PLACEHOLDER}/posts/a"/><a href="${ORIGIN_PLACEHOLDER}/feed.xml">Feed</a>` +
  '<p class="x" data-provenance=""></p>';

describe('fillPlaceholders', () => {
  it('inserts the address of the site, and says where the page came from', () => {
    expect(fillPlaceholders(page, { origin: 'https://blog.example', provenance: 'prerendered' })).toBe(
      '<link rel="canonical" href="https://blog.example/posts/a"/><meta property="og:url" content="https://blog.example/posts/a"/>' +
        '<a href="https://blog.example/feed.xml">Feed</a><p class="x" data-provenance="prerendered">Prerendered with the image; ' +
        'content of <time datetime="2026-06-01T23:30:05.000Z">2026-06-01 23:30 UTC</time>.</p>',
    );
  });

  it('omits what must be absolute if the address is not known, and uses root-relative addresses', () => {
    expect(fillPlaceholders(page, { origin: undefined, provenance: 'updated' })).toBe(
      '<a href="/feed.xml">Feed</a><p class="x" data-provenance="updated">Updated since the image was built; ' +
        'content of <time datetime="2026-06-01T23:30:05.000Z">2026-06-01 23:30 UTC</time>.</p>',
    );
  });

  it('only says where it came from if the page has no content', () => {
    expect(
      fillPlaceholders('<p data-provenance=""></p>', { origin: undefined, provenance: 'prerendered' }),
    ).toBe('<p data-provenance="prerendered">Prerendered with the image.</p>');
  });
});
