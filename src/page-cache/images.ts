import { createReadStream, readdirSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream';

/** The media types of stored images, by the suffix of their addresses. */
export const IMAGE_TYPES = {
  png: 'image/png',
  jpg: 'image/jpeg',
  webp: 'image/webp',
  avif: 'image/avif',
  gif: 'image/gif',
} as const;

/** The type of a stored image, as its address ends. */
export type ImageType = keyof typeof IMAGE_TYPES;

/** The name of a stored image: a hash of its content, so its response never changes. */
export function imageName({ hash, type }: { hash: string; type: ImageType }): string {
  return `${hash}.${type}`;
}

/** How the addresses of stored images begin. */
export const IMAGES_PATH = '/images/';

/** The address of a stored image. */
export function imagePath(image: { hash: string; type: ImageType }): string {
  return `${IMAGES_PATH}${imageName(image)}`;
}

/** Splits the last segment of an image's address; `undefined` if no stored image can have it. */
export function parseImageName(name: string): { hash: string; type: ImageType } | undefined {
  const [, hash, type] = /^([0-9a-f]{64})\.(png|jpg|webp|avif|gif)$/.exec(name) ?? [];
  return hash && type ? { hash, type: type as ImageType } : undefined;
}

/** The headers of every image. Opened as a document, it may do nothing. */
export function imageHeaders(type: ImageType, size: number): Record<string, string> {
  return {
    'Content-Type': IMAGE_TYPES[type],
    'Content-Length': String(size),
    'Cache-Control': 'public, max-age=31536000, immutable',
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'X-Content-Type-Options': 'nosniff',
  };
}

/** Images that are files of the build. */
export type PackedImages = {
  /** Answers GET or HEAD with the image of this name. Returns false if it is not packed. */
  answer: (name: string, request: IncomingMessage, response: ServerResponse) => boolean;
};

/** @param folder contains the images; it may be missing */
export function openPackedImages(folder: string): PackedImages {
  const names = new Set(statSync(folder, { throwIfNoEntry: false }) ? readdirSync(folder) : []);
  return {
    answer: (name, request, response) => {
      const parsed = parseImageName(name);
      if (!parsed || !names.has(name)) return false;
      const file = join(folder, name);
      response.writeHead(200, imageHeaders(parsed.type, statSync(file).size));
      if (request.method === 'HEAD') response.end();
      // A reader who leaves early is no error.
      else pipeline(createReadStream(file), response, () => undefined);
      return true;
    },
  };
}
