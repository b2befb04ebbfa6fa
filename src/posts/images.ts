import { posix } from 'node:path';
import { z } from 'zod';
import { type ImageType, imagePath } from '#page-cache/images.ts';

/** A stored image, as the post that shows it knows it. */
export type StoredImage = {
  /** The SHA-256 of its bytes, in hexadecimal digits. */
  hash: string;
  type: ImageType;
  /** Pixels, as a browser shows it. */
  width: number;
  height: number;
};

/** The stored images of a post, by {@link imageKey}. Plain data: it is a column of the post. */
export type PostImages = Record<string, StoredImage>;

/** What an `<img>` needs. */
export type ShownImage = { src: string; width?: number; height?: number };

const postImages = z.record(
  z.string(),
  z.object({
    hash: z.string().regex(/^[0-9a-f]{64}$/),
    type: z.enum(['png', 'jpg', 'webp', 'avif', 'gif']),
    width: z.int().positive(),
    height: z.int().positive(),
  }),
);

/** Reads the column `images`. A value of another form counts as no images. */
export function readPostImages(column: unknown): PostImages {
  return postImages.safeParse(column).data ?? {};
}

/**
 * The name of an image in a post: its address in the text without spelling variants, such as `img/a b.png` for
 * `./img/a%20b.png?v=2`.
 *
 * @returns a path relative to the post's file, or one with a leading slash; `undefined` for another site's address
 */
export function imageKey(address: string): string | undefined {
  if (/^(?:[a-z][a-z0-9+.-]*:|\/\/|#|$)/i.test(address)) return undefined;
  const path = decoded(address.replace(/[?#].*$/s, '')).replaceAll('\\', '/');
  return path === '' ? undefined : posix.normalize(path);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Finds what to show for an address in a post's text: a stored image, or the address itself if a browser can load it. */
export function shownImage(address: string, images: PostImages): ShownImage | undefined {
  const key = imageKey(address);
  const stored = key !== undefined && Object.hasOwn(images, key) ? images[key] : undefined;
  if (stored) return { src: imagePath(stored), width: stored.width, height: stored.height };
  return /^(?:https?:\/\/|\/(?!\/))/i.test(address) ? { src: address } : undefined;
}
