import { createHash } from 'node:crypto';

/** Matches the boundary between two adjacent inline scripts of Next.js. */
const SEAM = /<\/script><script>(?=\(?self\.__next_f)/g;

const INLINE_SCRIPT = /<script>(.*?)<\/script>/gs;

/**
 * Prepares a page with React's scripts for a strict Content-Security-Policy. Adjacent inline scripts are merged: a long
 * post would otherwise have hundreds, and each needs a hash in the header.
 *
 * @returns the page, and the sources for `script-src`; see https://www.w3.org/TR/CSP3/#grammardef-hash-source
 */
export function allowInlineScripts(html: string): { html: string; sources: string[] } {
  const joined = html.replace(SEAM, ';');
  const sources = [...joined.matchAll(INLINE_SCRIPT)].map(
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
  return { html: joined, sources: [...new Set(sources)] };
}
