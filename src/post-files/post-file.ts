import type { PostImages } from '#posts/images.ts';

/** A post, as a Markdown file says it. */
export type PostFile = {
  /** The file's path, relative to the folder, with forward slashes. */
  file: string;
  slug: string;
  title: string;
  /** Markdown with `\n` as line ending, without blank lines around it. */
  content: string;
  published: boolean;
  /** `undefined` for a draft or a page without a date. */
  publishedAt: Date | undefined;
  /** `undefined` if the file does not say it. */
  updatedAt: Date | undefined;
  tags: string[];
  summary: string;
  /** An address as in the text; empty without a cover. */
  cover: string;
  lang: string;
  kind: 'post' | 'page';
  /** Paths of old URLs. */
  aliases: string[];
  /** Front matter with other keys, as JSON. */
  extra: Record<string, unknown>;
  images: PostImages;
};

/** Something in a file that its author should know. */
export type Finding = {
  file: string;
  /** The first line is 1. */
  line: number;
  /** A sentence. */
  message: string;
};

/** Content that a reader can do without, by kind: its name in the summary, for one and for several. */
export const OMISSIONS = {
  skipped: ['skipped file', 'skipped files'],
  video: ['video or embedded page', 'videos or embedded pages'],
  svg: ['SVG', 'SVGs'],
  large: ['image over 5 MB', 'images over 5 MB'],
  missing: ['missing image', 'missing images'],
  unknown: ['file that is not an image', 'files that are not images'],
  shortcode: ['shortcode', 'shortcodes'],
  component: ['MDX component', 'MDX components'],
  alias: ['old URL of two posts', 'old URLs of two posts'],
} as const;

/** A finding that stops an import only with `--strict`. */
export type Warning = Finding & {
  omission: keyof typeof OMISSIONS;
  /** How many there are; the finding is about the first. */
  count: number;
};

/** The text of a post as it is stored: the same for every line ending, and without blank lines around it. */
export function normalText(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/^(?:[ \t]*\n)+/, '')
    .trimEnd();
}
