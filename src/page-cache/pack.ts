import { readFileSync, writeFileSync } from 'node:fs';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { z } from 'zod';

/** The pages of an image in one file: a length, an index, a dictionary, and one zstd frame for each page. */
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

const index = z.object({
  slugs: z.array(z.string()),
  oldUrls: z.array(z.tuple([z.string(), z.array(z.string())])),
  images: z.array(z.tuple([z.string(), z.array(z.string())])),
  /** Bytes of the dictionary, and of each page's frame, in the order of the file. */
  dictionary: z.number().int(),
  pages: z.array(z.tuple([z.string(), z.number().int()])),
});

/** Higher levels make a frame 4 percent smaller, and take twelve times as long. */
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 9 } };

/** Maximum bytes of the dictionary: pages share their layout and their vocabulary, and not much more. */
const DICTIONARY_SIZE = 64 * 1024;

/**
 * Writes finished pages into one file. Pages of one site are similar, so one of them is the dictionary for all.
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
  const dictionary = Buffer.from(typicalPage(pages)).subarray(0, DICTIONARY_SIZE);
  const frames = [...pages].map(([path, html]) => ({
    path,
    frame: zstdCompressSync(html, { ...LEVEL, dictionary }),
  }));
  const head = zstdCompressSync(
    JSON.stringify({
      slugs,
      oldUrls: [...(oldUrls ?? [])],
      images: [...(images ?? [])],
      dictionary: dictionary.length,
      pages: frames.map(({ path, frame }) => [path, frame.length]),
    } satisfies z.input<typeof index>),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  writeFileSync(file, Buffer.concat([length, head, dictionary, ...frames.map(({ frame }) => frame)]));
}

/** The page of median length among those of the most common kind: a post, if there are any. */
function typicalPage(pages: Map<string, string>): string {
  const kinds = Map.groupBy(pages.keys(), (path) => path.split('/', 2)[1]);
  const commonest = [...kinds.values()].sort((a, b) => b.length - a.length)[0] ?? [];
  const documents = commonest.map((path) => pages.get(path) ?? '').sort((a, b) => a.length - b.length);
  return documents[documents.length >> 1] ?? '';
}

/** Opens what {@link writePack} wrote. It stays packed in memory; a page is unpacked when it is first needed. */
export function readPack(file: string): Pack {
  const content = readFileSync(file);
  const headEnd = 4 + content.readUInt32LE(0);
  const {
    slugs,
    oldUrls,
    images,
    dictionary: size,
    pages,
  } = index.parse(JSON.parse(zstdDecompressSync(content.subarray(4, headEnd)).toString()));
  const dictionary = content.subarray(headEnd, headEnd + size);
  const places = new Map<string, [from: number, to: number]>();
  let end = headEnd + size;
  for (const [path, length] of pages) {
    places.set(path, [end, end + length]);
    end += length;
  }
  return {
    slugs,
    oldUrls: new Map(oldUrls),
    images: new Map(images),
    paths: pages.map(([path]) => path),
    html: (path) => {
      const place = places.get(path);
      return place && zstdDecompressSync(content.subarray(...place), { dictionary }).toString();
    },
  };
}
