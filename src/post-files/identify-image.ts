import { createHash } from 'node:crypto';
import { imageSize } from 'image-size';
import type { ImageType } from '#page-cache/images.ts';
import type { StoredImage } from '#posts/images.ts';

/** How the files of each type begin, as Latin-1. */
const SIGNATURES: [ImageType, RegExp][] = [
  ['png', /^\x89PNG\r\n.\n/s],
  ['jpg', /^\xff\xd8\xff/],
  ['gif', /^GIF8[79]a/],
  ['webp', /^RIFF.{4}WEBP/s],
  ['avif', /^.{4}ftyp(?:avif|avis|.{8,40}avif)/s],
];

/** The largest number that the database stores. */
const MAX_PIXELS = 2 ** 31 - 1;

/**
 * Identifies an image by its bytes.
 *
 * @returns `undefined` if it is none of the types that are stored, or broken
 */
export function identifyImage(bytes: Buffer): StoredImage | undefined {
  const head = bytes.subarray(0, 64).toString('latin1');
  const [type] = SIGNATURES.find(([, signature]) => signature.test(head)) ?? [];
  const size = type && dimensions(bytes);
  return size && { hash: createHash('sha256').update(bytes).digest('hex'), type, ...size };
}

/** Whether a file is an SVG, whatever its name says. */
export function isSvg(bytes: Buffer): boolean {
  return /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg[\s>]/is.test(
    bytes
      .subarray(0, 4_096)
      .toString('utf8')
      .replace(/^\uFEFF/, ''),
  );
}

/** As a browser shows it: a camera's orientation may turn width and height. */
function dimensions(bytes: Buffer): { width: number; height: number } | undefined {
  try {
    const { width, height, orientation = 1 } = imageSize(bytes);
    const turned = orientation >= 5 && orientation <= 8;
    const size = turned ? { width: height, height: width } : { width, height };
    const valid = Object.values(size).every(
      (pixels) => Number.isInteger(pixels) && pixels > 0 && pixels <= MAX_PIXELS,
    );
    return valid ? size : undefined;
  } catch {
    return undefined;
  }
}
