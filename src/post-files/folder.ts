import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { imageKey, type PostImages, type StoredImage } from '#posts/images.ts';
import { identifyImage, isSvg } from './identify-image.ts';
import { type ParsedPost, PostFileErrors, parsePostFile } from './parse.ts';
import { type Finding, OMISSIONS, type PostFile, type Warning } from './post-file.ts';
import { type Scanned, scanText } from './scan.ts';

/** Maximum bytes of an image; the database enforces the same limit. */
const LARGEST_IMAGE = 5 * 1024 * 1024;

/** Maximum bytes of a Markdown file. */
const LARGEST_TEXT = 5 * 1024 * 1024;

const POST_NAME = /\.(?:md|markdown|mdx)$/i;

/** Folders that hold no posts: hidden ones, packages, Hugo's templates and its themes' examples, and Jekyll's output. */
const IGNORED_FOLDER = /^(?:\..*|node_modules|archetypes|exampleSite|_site)$/;

/** The pages of a section, and a home page that has no title of its own. */
const LIST_PAGE = /(?:^|\/)_index\.\w+$/;
const HOME_PAGE = /^index\.\w+$/;

/** Where static site generators keep the files whose addresses start with a slash. */
const STATIC_FOLDERS = ['', 'static', 'public'];

/** A folder's posts, and what its author should know. */
export type PostFolder = {
  posts: PostFile[];
  warnings: Warning[];
  /** The path of the file of each image, by its hash. */
  imageFiles: Map<string, string>;
};

/** What was read before: a folder that is read again and again is mostly the same. */
export type FolderMemory = { scans: Map<string, Scanned>; images: Map<string, ReadImage> };

/** An image, or why it is left out. */
type ReadImage = StoredImage | keyof typeof OMISSIONS;

/** How a folder is read. */
export type FolderOptions = {
  memory?: FolderMemory;
  /** Treats every warning as an error. */
  strict?: boolean;
  /** Called after each file. */
  onProgress?: (done: number, total: number) => void;
};

/**
 * Reads all posts of a folder and its subfolders. Nothing outside of the folder is read.
 *
 * @throws PostFileErrors with every error of every file
 * @throws Error if there is no such folder, or no post in it
 */
export function readPostFolder(
  folder: string,
  { strict = false, memory, onProgress }: FolderOptions = {},
): PostFolder {
  const reader = createReader(folder, memory ?? { scans: new Map(), images: new Map() });
  const files = reader.postFiles();
  const posts: PostFile[] = [];
  for (const [index, file] of files.entries()) {
    const post = reader.read(file);
    if (post) posts.push(post);
    onProgress?.(index + 1, files.length);
  }
  rejectDuplicates(posts, reader.fault);
  dropSharedOldUrls(posts, reader.warn);
  const { faults, warnings, imageFiles } = reader;
  const stopping = strict ? [...faults, ...warnings] : faults;
  if (stopping.length > 0) throw new PostFileErrors(stopping.toSorted(byPlace));
  if (posts.length === 0)
    throw new Error(`There is no post in ${folder}: no Markdown file that starts with front matter.`);
  return { posts, warnings: warnings.toSorted(byPlace), imageFiles };
}

/** Throws an Error if there is no folder at this path. */
export function requireFolder(folder: string): void {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new Error(`${folder} is not a folder. Name the folder that holds the Markdown files.`);
}

function byPlace(a: Finding, b: Finding): number {
  return a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line;
}

function createReader(folder: string, memory: FolderMemory) {
  requireFolder(folder);
  const root = realpathSync(folder);
  const faults: Finding[] = [];
  const warnings: Warning[] = [];
  const imageFiles = new Map<string, string>();

  const fault = (file: string, line: number, message: string) => void faults.push({ file, line, message });
  const warn = (omission: Warning['omission'], file: string, line: number, message: string, count = 1) =>
    void warnings.push({ omission, count, file, line, message });

  /** The real path of a file in the folder. */
  const locate = (path: string): { real: string } | 'missing' | 'outside' => {
    try {
      const real = realpathSync(join(root, path));
      return isInside(root, real) ? { real } : 'outside';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ELOOP' ? 'outside' : 'missing';
    }
  };

  const postFiles = (): string[] => {
    const found: string[] = [];
    const walk = (path: string) => {
      for (const name of readdirSync(join(root, path)).sort()) {
        const file = posix.join(path, name);
        const stat = lstatSync(join(root, file));
        if (stat.isSymbolicLink()) {
          if (IGNORED_FOLDER.test(name)) continue;
          const place = locate(file);
          if (place === 'outside')
            fault(file, 1, 'This symbolic link leads out of the folder. Replace it with what it links to.');
          else if (place === 'missing') {
            if (POST_NAME.test(name)) fault(file, 1, 'This symbolic link leads nowhere. Remove it.');
          } else if (POST_NAME.test(name) && statSync(place.real).isFile()) found.push(file);
          // A folder in the folder is read at its own place.
        } else if (stat.isDirectory()) {
          if (!IGNORED_FOLDER.test(name)) walk(file);
        } else if (stat.isFile() && POST_NAME.test(name) && !name.startsWith('.')) found.push(file);
      }
    };
    walk('');
    return found;
  };

  const textOf = (file: string): string | undefined => {
    const bytes = readFileSync(realpathSync(join(root, file)));
    if (bytes.length > LARGEST_TEXT) return void fault(file, 1, 'The file is larger than 5 MB. Split it.');
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      return void fault(file, 1, 'The file is not UTF-8. Save it as UTF-8.');
    }
  };

  /** Reads the file at a path that is known to be in the folder. */
  const imageAt = (real: string): ReadImage => {
    const { mtimeMs, size } = statSync(real);
    const version = `${real}:${mtimeMs}:${size}`;
    const image = memory.images.get(version) ?? readImage(real);
    memory.images.set(version, image);
    if (typeof image === 'object') imageFiles.set(image.hash, real);
    return image;
  };

  const resolveImage = (address: string, file: string, line: number, images: PostImages) => {
    const key = imageKey(address);
    if (key === undefined) return;
    const fromRoot = key.startsWith('/');
    const candidates = fromRoot
      ? STATIC_FOLDERS.map((place) => posix.join(place, key.slice(1)))
      : [posix.join(posix.dirname(file), key)];
    const leaves = 'leads out of the folder. Import a folder that holds both.';
    if (candidates.some((path) => path.split('/')[0] === '..'))
      return fault(file, line, `The image ${address} ${leaves}`);
    for (const path of candidates) {
      const place = locate(path);
      if (place === 'outside') return fault(file, line, `The image ${address} ${leaves}`);
      if (place === 'missing' || !statSync(place.real).isFile()) continue;
      const image = imageAt(place.real);
      if (typeof image === 'object') images[key] = image;
      else warn(image, file, line, OMITTED[image]?.(address) ?? '');
      return;
    }
    warn('missing', file, line, `The image ${address} is not in the folder.`);
  };

  const imagesOf = (post: ParsedPost): PostImages => {
    const { file, content, contentLine, cover, coverLine } = post;
    const images: PostImages = {};
    const scanned = memory.scans.get(content) ?? scanText(content, { mdx: /\.mdx$/i.test(file) });
    memory.scans.set(content, scanned);
    if (cover !== '') resolveImage(cover, file, coverLine, images);
    for (const { address, line } of scanned.images)
      resolveImage(address, file, contentLine + line - 1, images);
    for (const [kind, found] of Map.groupBy(scanned.omissions, (omission) => omission.kind)) {
      const line = contentLine + (found[0]?.line ?? 1) - 1;
      const [one, several] = OMISSIONS[kind];
      const what =
        found.length === 1 ? `1 ${one} stays as it is.` : `${found.length} ${several} stay as they are.`;
      warn(kind, file, line, what, found.length);
    }
    return images;
  };

  const read = (file: string): PostFile | undefined => {
    const text = textOf(file);
    if (text === undefined) return undefined;
    if (LIST_PAGE.test(file) || (HOME_PAGE.test(file) && !/^title\s*[:=]/im.test(text)))
      return void warn('skipped', file, 1, 'The page of a list is skipped.');
    try {
      const post = parsePostFile(text, file);
      if (!post) return void warn('skipped', file, 1, 'The file has no front matter, so it is skipped.');
      const images = imagesOf(post);
      const { contentLine: _, coverLine: __, ...kept } = post;
      return { ...kept, images };
    } catch (error) {
      if (!(error instanceof PostFileErrors)) throw error;
      faults.push(...error.findings);
      return undefined;
    }
  };

  return { postFiles, read, fault, warn, faults, warnings, imageFiles };
}

/** Why an image is left out. */
const OMITTED: Partial<Record<keyof typeof OMISSIONS, (address: string) => string>> = {
  large: (address) => `The image ${address} is larger than 5 MB, so it is left out.`,
  svg: (address) => `The image ${address} is an SVG, so it is left out.`,
  video: (address) => `${address} is a video, so it is left out.`,
  unknown: (address) => `${address} is not a PNG, JPEG, WebP, AVIF or GIF, so it is left out.`,
};

function readImage(real: string): ReadImage {
  if (/\.(?:mp4|m4v|webm|mov|ogv|mp3|ogg|wav)$/i.test(real)) return 'video';
  if (statSync(real).size > LARGEST_IMAGE) return 'large';
  const bytes = readFileSync(real);
  return identifyImage(bytes) ?? (isSvg(bytes) ? 'svg' : 'unknown');
}

function isInside(root: string, real: string): boolean {
  const path = relative(root, real);
  return path === '' || (path !== '..' && !path.startsWith(`..${sep}`) && !/^(?:[a-z]:|\\\\)/i.test(path));
}

function rejectDuplicates(
  posts: PostFile[],
  fault: (file: string, line: number, message: string) => void,
): void {
  for (const [slug, same] of Map.groupBy(posts, (post) => post.slug))
    for (const post of same.slice(1))
      fault(
        post.file,
        1,
        `The slug ${slug} is taken by ${same[0]?.file}. Add another slug to the front matter.`,
      );
}

/** An old URL can lead to one post: the first by name. */
function dropSharedOldUrls(
  posts: PostFile[],
  warn: (omission: 'alias', file: string, line: number, message: string) => void,
): void {
  const owners = new Map<string, string>();
  for (const post of posts) {
    post.aliases = post.aliases.filter((path) => {
      const owner = owners.get(path);
      owners.set(path, owner ?? post.file);
      if (owner !== undefined) warn('alias', post.file, 1, `The old URL ${path} leads to ${owner}.`);
      return owner === undefined;
    });
  }
}
