/** An address in a response: a page that a visitor could open, a file that it loads, or one that may exist. */
export type Link = { href: string; kind: 'page' | 'asset' | 'guess' };

/** The links in a response, relative to `base`, and the targets of its forms. */
export type Links = { base?: string; links: Link[]; forms: string[] };

const TAG = /<([a-z][\w-]*)((?:"[^"]*"|'[^']*'|[^"'<>])*)>/gi;
const ATTRIBUTE = /([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g;
const LOADED_RELATIONS =
  /\b(?:stylesheet|modulepreload|preload|prefetch|manifest|icon|apple-touch-icon|mask-icon)\b/i;
const HINTS = /\b(?:preconnect|dns-prefetch)\b/i;
const FILES = 'js|mjs|cjs|css|json|map|txt|rsc|html|xml|webmanifest|wasm|data|svg';
const ABSOLUTE = new RegExp(`["'\`](/[\\w./~%@+()[\\]-]+?\\.(?:${FILES})(?:\\?[^"'\`\\s]*)?)["'\`]`, 'g');
const RELATIVE = new RegExp(
  `["'\`](\\.{1,2}/[\\w./~%@+()[\\]-]+?\\.(?:${FILES})(?:\\?[^"'\`\\s]*)?)["'\`]`,
  'g',
);
const IMPORTS = /\b(?:import|from|importScripts)\s*\(?\s*["'`]((?:\.{0,2}\/|https?:\/\/)[^"'`\s]+)["'`]/g;
// As in Vite's list of what a chunk needs, or a service worker's precache list.
const BARE = /["'`\\]((?:[\w@~%+.-]+\/)+[\w@~%+.()[\]-]+\.(?:js|mjs|css))["'`\\]/g;
// webpack's names of lazy chunks: "static/js/" + id + "." + {1:"hash"}[id] + ".chunk.js"
const CHUNK_NAMES =
  /["']([\w./-]*)["']\s*\+\s*(?:\(\{([^{}]*)\}\[\w+\]\s*\|\|\s*\w+\)|(\w+))\s*\+\s*["']([.-])["']\s*\+\s*\{([^{}]*)\}\[\w+\]\s*\+\s*["']([\w.-]*\.js)["']/g;
const PAIR = /["']?([\w-]+)["']?\s*:\s*["']([\w.-]+)["']/g;
const MAP_COMMENT = /[#@]\s*sourceMappingURL=([^\s'"*]+)/g;
const LOCATION = /<(?:loc|link)>\s*([^<\s]+)\s*</g;
const PAYLOAD_HREF = /\\*"href\\*":\\*"(\/[^"\\]*)/g;
const MANIFEST_FIELD = /"(?:src|url|start_url)"\s*:\s*"([^"]+)"/g;
const CSS = /url\(\s*["']?([^"')]+)["']?\s*\)|@import\s+["']([^"']+)["']/g;

const decoded = (text: string): string =>
  text
    .replace(/&#(?:x([0-9a-f]+)|(\d+));/gi, (_, hex: string | undefined, decimal: string | undefined) =>
      String.fromCodePoint(
        Math.min(0x10ffff, hex ? Number.parseInt(hex, 16) : Number.parseInt(decimal ?? '0', 10)),
      ),
    )
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .trim();

const matches = (text: string, expression: RegExp): string[] =>
  [...text.matchAll(expression)].flatMap((match) => match[1] ?? match[2] ?? []);

function attributesOf(text: string): Map<string, string> {
  const found = [...text.matchAll(ATTRIBUTE)].map(
    ([, name = '', double, single, bare]) =>
      [name.toLowerCase(), decoded(double ?? single ?? bare ?? '')] as const,
  );
  return new Map(found);
}

function linkOfTag(tag: string, attributes: ReadonlyMap<string, string>): Link[] {
  const get = (name: string): string => attributes.get(name) ?? '';
  const one = (href: string, kind: Link['kind']): Link[] => (href ? [{ href, kind }] : []);
  switch (tag) {
    case 'a':
    case 'area':
      return one(get('href'), 'page');
    case 'iframe':
    case 'frame':
      return one(get('src'), 'page');
    case 'form':
      return one(get('action'), 'page');
    case 'link': {
      const relation = get('rel');
      if (HINTS.test(relation)) return [];
      return one(get('href'), LOADED_RELATIONS.test(relation) ? 'asset' : 'page');
    }
    case 'meta': {
      const refresh = /url\s*=\s*['"]?([^'"]+)/i.exec(get('content'))?.[1];
      if (/refresh/i.test(get('http-equiv')) && refresh) return one(refresh, 'page');
      return /^(?:\/|https?:)/.test(get('content')) ? one(get('content'), 'guess') : [];
    }
    default: {
      const plain = ['src', 'poster', 'data-src', 'data', 'href', 'xlink:href'].flatMap((name) =>
        one(get(name), 'asset'),
      );
      const sets = [get('srcset'), get('imagesrcset')].flatMap((set) =>
        set.split(',').flatMap((part) => one(part.trim().split(/\s+/)[0] ?? '', 'asset')),
      );
      return [...plain, ...sets];
    }
  }
}

function linksOfMarkup(text: string): Links {
  const found: Links = { links: [], forms: [] };
  for (const [, name = '', rest = ''] of text.matchAll(TAG)) {
    const tag = name.toLowerCase();
    const attributes = attributesOf(rest);
    if (tag === 'base') found.base ??= attributes.get('href') ?? '';
    else if (tag === 'form' && !/^(?:get)?$/i.test(attributes.get('method') ?? ''))
      found.forms.push(attributes.get('action') ?? '');
    else found.links.push(...linkOfTag(tag, attributes));
  }
  // A sitemap and a feed contain the site's public address, which may differ from the one that is checked.
  for (const place of matches(text, LOCATION))
    found.links.push({
      href: decoded(place).replace(/^https?:\/\/[^/]+(?=\/|$)/, '') || '/',
      kind: 'page',
    });
  return found;
}

// A path such as "assets/a.js" starts at the folder that holds "assets", or else at the script's own.
function placed(path: string, url: URL): string {
  const at = url.pathname.indexOf(`/${path.split('/')[0]}/`);
  return at < 0 ? path : `${url.pathname.slice(0, at + 1)}${path}`;
}

function chunkNames(text: string): string[] {
  return [...text.matchAll(CHUNK_NAMES)].flatMap(
    ([, prefix = '', names = '', , separator = '', hashes = '', suffix = '']) => {
      const named = new Map([...names.matchAll(PAIR)].map(([, id = '', name = '']) => [id, name]));
      return [...hashes.matchAll(PAIR)].map(
        ([, id = '', hash = '']) => `${prefix}${named.get(id) ?? id}${separator}${hash}${suffix}`,
      );
    },
  );
}

/** What a response from `url` links to. `type` is its content type. */
export function linksIn(text: string, type: string, url: URL): Links {
  const found = /html|xml/.test(type) ? linksOfMarkup(text) : { links: [], forms: [] };
  const add = (kind: Link['kind'], hrefs: readonly string[]) =>
    void found.links.push(...hrefs.map((href) => ({ href: decoded(href), kind })));
  if (/script/.test(type)) {
    add('asset', [...matches(text, IMPORTS), ...matches(text, RELATIVE)]);
    add(
      'guess',
      [...matches(text, BARE), ...chunkNames(text)].map((path) => placed(path, url)),
    );
  }
  if (/html|script|json|x-component|plain/.test(type)) {
    add('guess', matches(text, ABSOLUTE));
    add('page', matches(text, PAYLOAD_HREF));
    add(
      'guess',
      matches(text, BARE)
        .filter((path) => path.startsWith('static/'))
        .map((path) => `/_next/${path}`),
    );
  }
  if (/html/.test(type)) add('asset', [...matches(text, IMPORTS), ...matches(text, RELATIVE)]);
  if (/manifest/.test(type) || /\.webmanifest$|\/manifest\.json$/.test(url.pathname))
    add('asset', matches(text, MANIFEST_FIELD));
  if (/css|html/.test(type)) add('asset', matches(text, CSS));
  add('asset', matches(text, MAP_COMMENT));
  return found;
}

/** How to recognize a framework's page, and the addresses of the data for a page at a path. */
const DATA_ROUTES: readonly { sign: RegExp; routes(path: string): string[] }[] = [
  {
    sign: /__reactRouter|__remix/,
    routes: (path) => (path === '/' ? ['/_root.data'] : [`${path.replace(/\/$/, '')}.data`]),
  },
  {
    sign: /__sveltekit|data-sveltekit/,
    routes: (path) =>
      path.endsWith('.html') ? [`${path}__data.json`] : [`${path.replace(/\/$/, '')}/__data.json`],
  },
  { sign: /__NUXT/, routes: (path) => [`${path.replace(/\/$/, '')}/_payload.json`] },
  {
    sign: /___gatsby/,
    routes: (path) => [`/page-data/${path === '/' ? 'index' : path.replace(/^\/|\/$/g, '')}/page-data.json`],
  },
];

const NEXT_BUILD =
  /\/_next\/static\/([\w-]+)\/_(?:buildManifest|ssgManifest)\.js|\\?"(?:buildId|b)\\?":\\?"([\w-]{8,})/;

/** Where a page's framework serves the same page's data. `buildId` is Next.js's, from this page or an earlier one. */
export function dataRoutes(
  html: string,
  { pathname, search }: URL,
  buildId?: string,
): { routes: string[]; buildId?: string } {
  const build = NEXT_BUILD.exec(html);
  const id = build?.[1] ?? build?.[2] ?? buildId;
  const routes = DATA_ROUTES.filter(({ sign }) => sign.test(html)).flatMap((framework) =>
    framework.routes(pathname).map((route) => route + search),
  );
  if (id) routes.push(`/_next/data/${id}${pathname === '/' ? '/index' : pathname}.json${search}`);
  return { routes, ...(id && { buildId: id }) };
}

const CHANGING =
  /(?:^|[^a-z])(?:log[-_]?(?:out|off)|sign[-_]?(?:out|off)|end[-_]?session|delete|remove|destroy|erase|purge|wipe|trash|clear|flush|discard|drop|reset|cancel|revoke|terminate|disconnect|deactivate|uninstall|unsubscribe|abmelden|l(?:oe|ö)schen|d[eé]connexion|supprimer|cerrar[-_]?sesion|eliminar)(?![a-z])/;

/** Whether opening a page might end a session or delete something, judging by its address. */
export function mightChange({ pathname, search }: URL): boolean {
  let address = pathname + search;
  try {
    address = decodeURIComponent(address);
  } catch {
    // A malformed address is judged unparsed.
  }
  return CHANGING.test(address.replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase());
}
