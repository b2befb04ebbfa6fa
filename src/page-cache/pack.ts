import { readFileSync, writeFileSync } from 'node:fs';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/**
 * The pages of an image in one file of plain zstd frames, so that `zstd -dc` and a search for leaks read all of it: blocks
 * of pages, then an index, then the index's length in a skippable frame.
 */
export type Pack = {
  /** All slugs that were published when the image was built, including those of posts that are not packed. */
  slugs: string[];
  /** The old URLs of published posts, as paths, by slug. */
  oldUrls?: Map<string, string[]>;
  /** The names of the packed images, each with the slugs of the posts that show it. */
  images?: Map<string, string[]>;
  /** The packed pages' paths. */
  paths: string[];
  /** Unpacks one page; `undefined` if it is not packed. */
  html: (path: string) => string | undefined;
};

type Index = {
  slugs: string[];
  oldUrls: [string, string[]][];
  images: [string, string[]][];
  /** `size`: bytes of the compressed block. `pages`: the block's pages in order: path, and bytes of HTML. */
  blocks: { size: number; pages: [string, number][] }[];
};

/** Bytes of HTML in a block. Larger blocks compress better, and take longer to unpack: this one takes under 1 ms. */
const BLOCK_SIZE = 256 * 1024;

/** Higher levels make a block 4 percent smaller, and take twelve times as long. */
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 9 } };

/** A skippable frame that holds 4 bytes: https://www.rfc-editor.org/rfc/rfc8878#section-3.1.2. */
const FOOTER_SIZE = 12;
const FOOTER_MAGIC = 0x184d2a50;

/**
 * Writes finished pages into one file.
 *
 * @param pages HTML by path
 */
export function writePack(
  file: string,
  {
    pages,
    slugs,
    oldUrls,
    images,
  }: Pick<Pack, 'slugs' | 'oldUrls' | 'images'> & { pages: Map<string, string> },
): void {
  const packed = blocksOf(pages).map((block) => ({
    frame: zstdCompressSync(Buffer.concat(block.map(({ html }) => html)), LEVEL),
    pages: block.map(({ path, html }): [string, number] => [path, html.length]),
  }));
  const blocks = packed.map(({ frame, pages }) => ({ size: frame.length, pages }));
  const head: Index = {
    slugs,
    oldUrls: [...(oldUrls ?? [])],
    images: [...(images ?? [])],
    blocks,
  };
  const packedHead = zstdCompressSync(JSON.stringify(head), LEVEL);
  const footer = Buffer.alloc(FOOTER_SIZE);
  footer.writeUInt32LE(FOOTER_MAGIC, 0);
  footer.writeUInt32LE(4, 4);
  footer.writeUInt32LE(packedHead.length, 8);
  writeFileSync(file, Buffer.concat([...packed.map(({ frame }) => frame), packedHead, footer]));
}

/** A compressed block, and its length in bytes after decompression. */
type Block = { frame: Buffer; length: number };

type Page = { path: string; html: Buffer };

function blocksOf(pages: Map<string, string>): Page[][] {
  const blocks: Page[][] = [];
  let size = BLOCK_SIZE;
  for (const [path, text] of pages) {
    const html = Buffer.from(text);
    if (size >= BLOCK_SIZE) {
      blocks.push([]);
      size = 0;
    }
    blocks.at(-1)?.push({ path, html });
    size += html.length;
  }
  return blocks;
}

/** Opens what {@link writePack} wrote. It stays packed in memory; a block is unpacked when one of its pages is needed. */
export function readPack(file: string): Pack {
  const content = readFileSync(file);
  const headEnd = content.length - FOOTER_SIZE;
  const head = content.subarray(headEnd - content.readUInt32LE(headEnd + 8), headEnd);
  const { slugs, oldUrls, images, blocks }: Index = JSON.parse(zstdDecompressSync(head).toString());
  const places = new Map<string, { block: Block; from: number; to: number }>();
  let start = 0;
  for (const { size, pages } of blocks) {
    const length = pages.reduce((sum, [, bytes]) => sum + bytes, 0);
    const block: Block = { frame: content.subarray(start, start + size), length };
    let from = 0;
    for (const [path, bytes] of pages) {
      places.set(path, { block, from, to: from + bytes });
      from += bytes;
    }
    start += size;
  }
  // A crawler reads the pages of a block one after the other.
  let last: { block: Block; html: Buffer } | undefined;
  const unpack = (block: Block): Buffer => {
    if (last?.block !== block)
      last = { block, html: zstdDecompressSync(block.frame, { chunkSize: Math.max(64, block.length) }) };
    return last.html;
  };
  return {
    slugs,
    oldUrls: new Map(oldUrls),
    images: new Map(images),
    paths: [...places.keys()],
    html: (path) => {
      const place = places.get(path);
      return place && unpack(place.block).toString('utf8', place.from, place.to);
    },
  };
}
