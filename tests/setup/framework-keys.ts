import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROUTES = fileURLToPath(new URL('../routes/', import.meta.url));

/**
 * Adds to a copy of the project what the blog lacks: a page with a server action that shows whether draft mode is on.
 */
export function addTestRoutes(project: string): void {
  cpSync(ROUTES, join(project, 'src/app'), { recursive: true });
  addToRouteTable(project, ['/greeting']);
}

/** Adds pages to a project's table of routes, as ones that are rendered for each request. */
export function addToRouteTable(
  project: string,
  paths: string[],
  kind: 'dynamic' | 'handler' = 'dynamic',
): void {
  const table = join(project, 'src/page-cache/routes.ts');
  const rows = paths.map((path) => `  '${path}': ${kind},\n`).join('');
  writeFileSync(table, readFileSync(table, 'utf8').replace("  '/status': dynamic,\n", `$&${rows}`));
}

/** The keys that Next.js created for a build. */
export type BuildKeys = { previewModeId: string; all: string[] };

/** Reads the keys from a build, with a function that reads a file below its `.next`. */
export function buildKeys(read: (path: string) => string): BuildKeys {
  const preview: Record<string, string> = JSON.parse(read('server/preview-props.json'));
  const { encryptionKey } = JSON.parse(read('server/server-reference-manifest.json'));
  const all = [...Object.values(preview), encryptionKey];
  if (all.length !== 4 || all.some((key) => !/[1-9b-zB-Z]/.test(key)))
    throw new Error('This build has no keys to look for.');
  return { previewModeId: preview.previewModeId ?? '', all };
}

/**
 * What a visitor who has the files of an image could send: the text that replaces its keys there, in several encodings.
 */
export const SHIPPED_IDS = [
  '\\ud800',
  '%ED%A0%80',
  '%EF%BF%BD',
  '\u00ed\u00a0\u0080',
  '',
  'undefined',
  'null',
];

/** The ways in which a build tool could have written a key, each as the bytes of one string. */
export function spellings(key: string): string[] {
  const bytes = Buffer.from(key, /^[0-9a-f]+$/.test(key) ? 'hex' : 'base64');
  const hex = bytes.toString('hex');
  // Base64 of a longer text: its middle depends on the key's offset modulo three.
  const within = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), Buffer.from(key)])
      .toString('base64')
      .slice(before === 0 ? 0 : 4, -4),
  );
  return [
    bytes.toString('latin1'),
    hex,
    hex.toUpperCase(),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    encodeURIComponent(key),
    ...within,
  ];
}

/** The `x-nextjs-cache` header of a page that is requested with this key: REVALIDATED if Next.js accepts it. */
export async function cacheState(url: string, key: string): Promise<string | null> {
  const page = await fetch(url, { headers: { 'x-prerender-revalidate': key } });
  return page.headers.get('x-nextjs-cache');
}

/** What the greeting page says about draft mode to a visitor with this cookie. */
export async function draftMode(site: string, cookie: string): Promise<string | undefined> {
  const page = await fetch(`${site}/greeting`, { headers: { cookie } });
  return /Draft mode is (on|off)/.exec(await page.text())?.[1];
}
