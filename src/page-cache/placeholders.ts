/**
 * Stands for the site's address in every rendered page, so that one image works at any address. The domain is reserved:
 * see https://www.rfc-editor.org/rfc/rfc6761#section-6.4.
 */
export const ORIGIN_PLACEHOLDER = 'https://site.invalid';

/** The attribute of a page that was rendered without the database, and lacks the part of it that every page shows. */
export const INCOMPLETE = 'data-incomplete';

/** The name of the `<meta>` element with the time of the last change to what a page shows, ISO 8601. */
export const CONTENT_TIME = 'content-time';

/** Elements that need an absolute address, and are removed if the site's address is not known. */
const ABSOLUTE = [
  new RegExp(`<link rel="canonical" href="${ORIGIN_PLACEHOLDER}[^"]*"/>`, 'g'),
  new RegExp(`<meta property="og:(?:url|image)" content="${ORIGIN_PLACEHOLDER}[^"]*"/>`, 'g'),
];

const CONTENT_TIME_META = new RegExp(`<meta name="${CONTENT_TIME}" content="([^"]*)"/>`);

const PROVENANCE = /(<p[^<>]*) data-provenance=""><\/p>/;

const PROVENANCE_TEXT = {
  prerendered: 'Prerendered with the image',
  updated: 'Updated since the image was built',
  dynamic: 'Rendered for this request',
};

/** What is not known yet when a page is rendered. */
export type Known = {
  /** The site's origin, such as `https://blog.example`; `undefined` if SITE_URL is not set. */
  origin: string | undefined;
  /** `prerendered`: from the image. `updated`: rendered by this server. `dynamic`: rendered for one visitor. */
  provenance: 'prerendered' | 'updated' | 'dynamic';
};

/**
 * Fills in what a page left open. Replicas with the same image and database produce the same bytes: the time is that of
 * the content, never that of the render.
 */
export function fillPlaceholders(html: string, { origin, provenance }: Known): string {
  const time = CONTENT_TIME_META.exec(html)?.[1];
  const content = time ? `; content of <time datetime="${time}">${shortTime(time)}</time>` : '';
  const filled = html
    .replace(CONTENT_TIME_META, '')
    .replace(PROVENANCE, `$1 data-provenance="${provenance}">${PROVENANCE_TEXT[provenance]}${content}.</p>`);
  if (origin !== undefined) return filled.replaceAll(ORIGIN_PLACEHOLDER, origin);
  return ABSOLUTE.reduce((text, element) => text.replace(element, ''), filled).replaceAll(
    ORIGIN_PLACEHOLDER,
    '',
  );
}

function shortTime(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}
