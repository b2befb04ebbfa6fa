import { randomBytes } from 'node:crypto';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROUTES = fileURLToPath(new URL('../routes/', import.meta.url));

/** Adds to a copy of the project what the blog lacks: a way into draft mode, a server action, a refresh by tag. */
export function addTestRoutes(project: string): void {
  cpSync(ROUTES, join(project, 'src/app'), { recursive: true });
}

/** The keys that Next.js made for a build. */
export type BuildKeys = { previewModeId: string; serverActions: string; all: string[] };

/** Takes the keys out of a build, through a function that reads a file below its `.next`. */
export function buildKeys(read: (path: string) => string): BuildKeys {
  const preview: Record<string, string> = JSON.parse(read('server/preview-props.json'));
  const { encryptionKey } = JSON.parse(read('server/server-reference-manifest.json'));
  const all = [...Object.values(preview), encryptionKey];
  if (all.length !== 4 || all.some((key) => !/[1-9b-zB-Z]/.test(key)))
    throw new Error('This build has no keys to look for.');
  return { previewModeId: preview.previewModeId ?? '', serverActions: encryptionKey, all };
}

/** What a visitor could send who has the files of an image: what stands in for its keys there, however it is spelled. */
export const SHIPPED_IDS = [
  '\\ud800',
  '%ED%A0%80',
  '%EF%BF%BD',
  '\u00ed\u00a0\u0080',
  '',
  'undefined',
  'null',
];

/** How a build tool could have written a key down, each as the bytes of one string. */
export function spellings(key: string): string[] {
  const bytes = Buffer.from(key, /^[0-9a-f]+$/.test(key) ? 'hex' : 'base64');
  const hex = bytes.toString('hex');
  // Base64 of a longer text: what stands in the middle depends on where the key begins, by threes.
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

/** What `x-nextjs-cache` says of a page that is asked for with this key: REVALIDATED where the key is the server's. */
export async function cacheState(url: string, key: string): Promise<string | null> {
  const page = await fetch(url, { headers: { 'x-prerender-revalidate': key } });
  return page.headers.get('x-nextjs-cache');
}

/** What the greeting page says of draft mode to a visitor with this cookie. */
export async function draftMode(site: string, cookie: string): Promise<string | undefined> {
  const page = await fetch(`${site}/greeting`, { headers: { cookie } });
  return /Draft mode is (on|off)/.exec(await page.text())?.[1];
}

/** Turns draft mode on, and gives the cookie that the server sets for it. */
export async function draftCookie(site: string): Promise<string> {
  const [cookie = ''] = (await fetch(`${site}/drafting`)).headers.getSetCookie();
  return cookie.split(';', 1)[0] ?? '';
}

/** The fields of the greeting form as a visitor gets it, and the name among them as the server encrypted it. */
export async function greetingForm(
  site: string,
): Promise<{ visitor: string; form: FormData; encrypted: string }> {
  const visitor = randomBytes(8).toString('hex');
  const html = await (await fetch(`${site}/greeting`, { headers: { 'x-visitor': visitor } })).text();
  if (html.includes(visitor)) throw new Error('The page holds the name as plain text.');
  const form = new FormData();
  const inputs = html.matchAll(/<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?/g);
  for (const [, name = '', value = ''] of inputs) form.append(name, value.replaceAll('&quot;', '"'));
  const values = [...form.values()].filter((value) => typeof value === 'string');
  const encrypted = values.map((value) => /^"([A-Za-z0-9+/=]{40,})"$/.exec(value)?.[1]).find(Boolean);
  if (!encrypted) throw new Error('The form holds no encrypted value.');
  return { visitor, form, encrypted };
}

/** Sends the form as a browser without JavaScript does, and gives whom the server greeted. */
export async function greeted(site: string, form: FormData): Promise<string | undefined> {
  const answer = await fetch(`${site}/greeting`, { method: 'POST', body: form, headers: { origin: site } });
  const cookies = answer.headers.getSetCookie().map((cookie) => /^greeted=([^;]*)/.exec(cookie)?.[1]);
  return cookies.find(Boolean);
}

/** Whether this key in base64 decrypts what a server encrypted. */
export async function decrypts(key: string, encrypted: string): Promise<boolean> {
  const payload = Buffer.from(encrypted, 'base64');
  const imported = await crypto.subtle.importKey('raw', Buffer.from(key, 'base64'), 'AES-GCM', false, [
    'decrypt',
  ]);
  return crypto.subtle
    .decrypt({ name: 'AES-GCM', iv: payload.subarray(0, 16) }, imported, payload.subarray(16))
    .then(
      () => true,
      () => false,
    );
}
