import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { acceptedCoding } from '#page-cache/answer.ts';
import type { Coding } from '#page-cache/page.ts';

/** The file types in `.next/static`. */
const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
};

const SUFFIXES: Record<Exclude<Coding, 'identity'>, string> = { br: '.br', gzip: '.gz' };

const PREFIX = '/_next/static/';

type Asset = { type: string; files: Map<Coding, string> };

/** Responds with an asset that the build compressed. Returns whether the request was for one. */
export type AnswerAsset = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * Serves the files in `.next/static`. Their names contain a hash of the content, so browsers may cache them forever.
 *
 * @param folder the standalone build
 */
export function createAssets(folder: string): AnswerAsset {
  const assets = findAssets(join(folder, '.next/static'));
  const bodies = new Map<string, Buffer>();

  /** For a page of another release, which would lose its style during a rollout. It must not be cached under that name. */
  const sendCurrentStyles = (response: ServerResponse, method: string | undefined) => {
    const files = [...assets.values()].filter(({ type }) => type.startsWith('text/css'));
    const body = Buffer.concat(files.map(({ files }) => readFileSync(files.get('identity') ?? '')));
    response.writeHead(200, {
      'Content-Type': TYPES['.css'],
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'Content-Length': body.length,
    });
    response.end(method === 'HEAD' ? undefined : body);
  };

  return (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (!path.startsWith(PREFIX)) return false;
    const asset = assets.get(path);
    if (!asset && !path.endsWith('.css')) return false;
    if (!asset) {
      sendCurrentStyles(response, request.method);
      return true;
    }
    const wanted = acceptedCoding(request.headers['accept-encoding']);
    const coding = asset.files.has(wanted) ? wanted : 'identity';
    const file = asset.files.get(coding) ?? '';
    const body = bodies.get(file) ?? readFileSync(file);
    bodies.set(file, body);
    response.writeHead(200, {
      'Content-Type': asset.type,
      'Cache-Control': 'public, max-age=31536000, immutable',
      'X-Content-Type-Options': 'nosniff',
      Vary: 'Accept-Encoding',
      'Content-Length': body.length,
      ...(coding === 'identity' ? {} : { 'Content-Encoding': coding }),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
    return true;
  };
}

function findAssets(folder: string): Map<string, Asset> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const known = new Set(files);
  return new Map(
    files.flatMap((file) => {
      const type = TYPES[extname(file)];
      if (!type) return [];
      const found: Asset = { type, files: new Map([['identity', file]]) };
      for (const coding of ['br', 'gzip'] as const)
        if (known.has(file + SUFFIXES[coding])) found.files.set(coding, file + SUFFIXES[coding]);
      return [[PREFIX + file.slice(folder.length + 1).replaceAll('\\', '/'), found]];
    }),
  );
}
