import { Document } from 'yaml';
import { COVER_KEYS, kindOf, nameOf } from './parse.ts';
import { normalText } from './post-file.ts';
import { slugOf } from './slug-of.ts';
import type { StoredPost } from './stored-posts.ts';

/** Writes dates without quotes, and quotes texts that older YAML would take for something else, such as `no`. */
const OPTIONS = {
  compat: 'yaml-1.1',
  customTags: (tags: unknown[]) => [...tags, DATE],
} as const;

const DATE = {
  tag: 'tag:yaml.org,2002:timestamp',
  default: true,
  // Never read by this tag.
  test: /(?!)/,
  identify: (value: unknown) => value instanceof Date,
  resolve: (text: string) => text,
  stringify: ({ value }: { value?: unknown }) => isoDate(value as Date),
};

/** A post as a Markdown file. Importing it changes nothing. */
export function formatPost(post: StoredPost, file: string): string {
  const front = new Document(frontMatter(post, file), OPTIONS as never);
  const content = normalText(post.content);
  return `---\n${front.toString({ lineWidth: 0 })}---\n${content === '' ? '' : `\n${content}\n`}`;
}

function frontMatter(post: StoredPost, file: string): Record<string, unknown> {
  const { title, slug, publishedAt, updatedAt, published, kind, tags, summary, lang, aliases } = post;
  const { cover: details, ...extra } = post.extra;
  const hasDetails = typeof details === 'object' && details !== null;
  const address = post.cover || undefined;
  const cover = hasDetails ? { ...(address ? { [COVER_KEYS[0] ?? '']: address } : {}), ...details } : address;
  const own = {
    title,
    ...(slugOf(nameOf(file).slug) === slug ? {} : { slug }),
    ...(publishedAt ? { date: publishedAt } : {}),
    ...(updatedAt.getTime() === publishedAt?.getTime() ? {} : { updated: updatedAt }),
    ...(published ? {} : { draft: true }),
    ...(kind === kindOf(extra) ? {} : { kind }),
    ...(tags.length > 0 ? { tags } : {}),
    ...(summary === '' ? {} : { summary }),
    ...(cover === undefined ? {} : { cover }),
    ...(lang === '' ? {} : { lang }),
    ...(aliases.length > 0 ? { aliases } : {}),
  };
  const others = Object.entries(extra).filter(([key]) => !Object.hasOwn(own, key));
  return { ...own, ...Object.fromEntries(others) };
}

function isoDate(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z');
}
