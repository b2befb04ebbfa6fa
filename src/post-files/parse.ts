import { canonicalLanguage } from '#posts/language.ts';
import { dateOfName, dateOfPath, parseDate } from './dates.ts';
import { type Field, FrontMatterError, parseFrontMatter } from './front-matter.ts';
import { oldUrlPath } from './old-url-path.ts';
import { type Finding, normalText, type PostFile } from './post-file.ts';
import { slugOf } from './slug-of.ts';

/** The keys of each field, in order of preference. Of several that are set, the first counts and the others are kept. */
const KEYS = {
  title: ['title'],
  slug: ['slug'],
  date: ['date', 'pubdate', 'publishedat', 'publishdate', 'published'],
  updated: ['updated', 'lastmod', 'updateddate', 'updatedat', 'last_modified_at'],
  summary: ['summary', 'description', 'excerpt', 'spoiler'],
  cover: ['cover', 'image', 'heroimage', 'coverimage'],
  lang: ['lang'],
  kind: ['kind'],
} as const;

/** Keys whose values are joined. */
const TAG_KEYS = ['tags', 'categories', 'tag', 'category'];
const ALIAS_KEYS = ['aliases', 'redirect_from'];

/** Keys of a post's former address, which may hold its date. */
const PATH_KEYS = ['path', 'permalink', 'url'];

/** A post without its images, and where its text starts. */
export type ParsedPost = Omit<PostFile, 'images'> & {
  contentLine: number;
  coverLine: number;
};

/**
 * Parses a Markdown file with front matter as Hugo, Astro, Jekyll and Next.js starters write it.
 *
 * @param text the file's content
 * @param file its path in the folder, with forward slashes
 * @returns `undefined` if it has no front matter
 * @throws PostFileErrors with all that is wrong
 */
export function parsePostFile(text: string, file: string): ParsedPost | undefined {
  const faults: Finding[] = [];
  const fault = (line: number, message: string) => {
    faults.push({ file, line, message });
    return undefined;
  };
  const normal = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const nul = normal.indexOf('\0');
  if (nul >= 0) {
    const line = normal.slice(0, nul).split('\n').length;
    throw new PostFileErrors([{ file, line, message: 'There is a NUL character. Remove it.' }]);
  }
  let parsed: ReturnType<typeof parseFrontMatter>;
  try {
    parsed = parseFrontMatter(normal);
  } catch (error) {
    if (!(error instanceof FrontMatterError)) throw error;
    throw new PostFileErrors([{ file, line: error.line, message: error.message }]);
  }
  if (!parsed) return undefined;
  const fields = fieldsOf(parsed.fields);
  for (const field of parsed.fields)
    if (hasUnstorableText(field.value) || hasUnstorableText(field.key))
      fault(field.line, `${field.key} contains a character that can't be stored. Remove it.`);

  const line = (field: Field | undefined) => field?.line ?? 1;
  const textOf = (field: Field | undefined): string => {
    if (!field) return '';
    if (typeof field.value === 'string') return field.value.trim();
    if (typeof field.value === 'number' || typeof field.value === 'boolean')
      return field.source ?? String(field.value);
    fault(field.line, `${field.key} is not text.`);
    return '';
  };
  const dateOf = (field: Field | undefined): Date | undefined =>
    field &&
    (parseDate(textOf(field)) ??
      fault(field.line, `${field.key} is not a date. Write it as in 2026-01-02, or 2026-01-02T10:30:00Z.`));
  const isTrue = (field: Field | undefined): boolean | undefined => {
    const value = field && textOf(field).toLowerCase();
    if (value === undefined) return undefined;
    // YAML of Jekyll's and Hugo's age has more words for it.
    if (/^(?:true|yes|on)$/.test(value)) return true;
    if (/^(?:false|no|off)$/.test(value)) return false;
    return fault(line(field), `${field?.key} is neither true nor false.`);
  };
  const listOf = (field: Field, split: RegExp | undefined): string[] => {
    const { value } = field;
    if (typeof value === 'string') return split ? value.split(split) : [value];
    const items = Array.isArray(value) ? value : [value];
    return items.flatMap((item) => {
      if (item === null) return [];
      if (['string', 'number', 'boolean'].includes(typeof item)) return [String(item)];
      fault(field.line, `${field.key} is not a list of words.`);
      return [];
    });
  };

  const title = textOf(fields.take(KEYS.title)).replace(/\s+/g, ' ');
  if (title === '') fault(1, 'The title is missing. Add title to the front matter.');

  // `published` is a date for some, and a switch for others.
  const flag = fields.peek('published');
  const isSwitch = flag !== undefined && parseDate(String(flag.value)) === undefined;
  const published = isSwitch ? isTrue(fields.take(['published'])) : undefined;
  const draft = isTrue(fields.take(['draft']));
  const inDrafts = file.split('/').includes('_drafts');
  const isPublished = draft !== true && published !== false && !inDrafts;

  const kindField = fields.peek('kind');
  const declared = kindField?.value === 'post' || kindField?.value === 'page';
  if (declared) fields.take(KEYS.kind);

  const tags = fields
    .takeAll(TAG_KEYS)
    .flatMap((field) =>
      listOf(field, /^(?:tags|categories)$/i.test(field.key) ? separatorOf(field.value) : undefined),
    )
    .map((tag) => tag.replace(/\s+/g, ' ').trim());
  const paths = fields.takeAll(PATH_KEYS, ({ value }) => oldUrlPath(value) !== undefined);
  const aliases = [
    ...fields.takeAll(ALIAS_KEYS).flatMap((field) => listOf(field, undefined)),
    ...paths.map(({ value }) => String(value)),
  ];

  const names = nameOf(file);
  const slugField = fields.take(KEYS.slug);
  const slug = slugOf(slugField ? textOf(slugField) : names.slug);
  if (slug === '')
    fault(
      line(slugField),
      'No slug can be made from the name. Add slug to the front matter, as in slug: a-post.',
    );

  const coverField = fields.take(KEYS.cover, ({ value }) => coverAddress(value) !== undefined);
  const updatedAt = dateOf(fields.take(KEYS.updated));
  const dateField = fields.take(KEYS.date);
  const summary = textOf(fields.take(KEYS.summary));
  const langField = fields.take(KEYS.lang);
  const lang = langField ? canonicalLanguage(textOf(langField)) : '';
  if (lang === undefined)
    fault(line(langField), 'lang is not a language tag. Write it as in en, or zh-Hans.');

  const extra = fields.rest();
  if (coverField && typeof coverField.value === 'object')
    extra.cover = {
      ...(typeof extra.cover === 'object' ? extra.cover : {}),
      ...coverDetails(coverField.value),
    };
  const kind = declared ? (kindField.value as PostFile['kind']) : kindOf(extra);
  const publishedAt =
    dateOf(dateField) ??
    names.date ??
    paths.map(({ value }) => dateOfPath(String(value))).find((date) => date !== undefined);
  if (!publishedAt && !dateField && isPublished && kind === 'post')
    fault(1, 'The date is missing. Add date to the front matter, or call the post a draft with draft: true.');

  if (faults.length > 0) throw new PostFileErrors(faults);
  return {
    file,
    slug,
    title,
    content: normalText(parsed.content),
    published: isPublished,
    publishedAt,
    updatedAt,
    tags: [...new Set(tags.filter((tag) => tag !== ''))],
    summary,
    cover: coverField ? (coverAddress(coverField.value) ?? '') : '',
    lang: lang ?? '',
    kind,
    aliases: [...new Set(aliases.flatMap((alias) => oldUrlPath(alias) ?? []))].filter(
      (path) => path !== `/posts/${slug}`,
    ),
    extra,
    contentLine: parsed.contentLine + blankLines(parsed.content),
    coverLine: line(coverField),
  };
}

/** Thrown with every fault of one or more files. The message has one line for each. */
export class PostFileErrors extends Error {
  override name = 'PostFileErrors';
  readonly findings: Finding[];

  constructor(findings: Finding[]) {
    super(findings.map(describeFinding).join('\n'));
    this.findings = findings;
  }
}

/** A finding in one line: file, line number and message. */
export function describeFinding({ file, line, message }: Finding): string {
  // A file's name is not ours, so it could forge other lines of a log.
  return `${file.replace(/\p{Cc}/gu, '�')}:${line}: ${message}`;
}

/** What front matter without a `kind` says about it: `layout: page` of Jekyll and `type: page` of Hugo. */
export function kindOf(extra: Record<string, unknown>): PostFile['kind'] {
  return extra.layout === 'page' || extra.type === 'page' ? 'page' : 'post';
}

/** The name from which a slug is made, and its date: that of the file, or of its folder if it is an index. */
export function nameOf(file: string): { slug: string; date: Date | undefined } {
  const segments = file.split('/');
  const base = (segments.at(-1) ?? '').replace(/\.(?:md|markdown|mdx)$/i, '');
  // A translation has its language in its name, such as index.fr.md.
  const index = /^index(?<language>\.[a-z]{2,3}(?:-[a-z0-9]+)?)?$/i.exec(base);
  const name = index ? `${segments.at(-2) ?? ''}${index.groups?.language ?? ''}` : base;
  const date = dateOfName(name);
  return { slug: date ? name.slice('2026-01-02'.length) : name, date };
}

/** The front matter by lower-case key, since Hugo ignores the case. What is taken is not in the rest. */
function fieldsOf(all: Field[]) {
  const left = new Map(all.map((field) => [field.key.toLowerCase(), field]));
  const isEmpty = ({ value }: Field) => value === null || (typeof value === 'string' && value.trim() === '');
  const take = (keys: readonly string[], accepts: (field: Field) => boolean = () => true) => {
    for (const key of keys) {
      const field = left.get(key);
      if (!field || (!isEmpty(field) && !accepts(field))) continue;
      left.delete(key);
      if (!isEmpty(field)) return field;
    }
    return undefined;
  };
  return {
    take,
    takeAll: (keys: readonly string[], accepts?: (field: Field) => boolean): Field[] =>
      keys.flatMap((key) => take([key], accepts) ?? []),
    peek: (key: string) => left.get(key),
    rest: (): Record<string, unknown> =>
      Object.fromEntries([...left.values()].map(({ key, value }) => [key, value])),
  };
}

/** Jekyll separates tags in one text by spaces, others by commas. */
function separatorOf(value: unknown): RegExp {
  return typeof value === 'string' && value.includes(',') ? /,/ : /\s+/;
}

/** The address in a cover: text, or a map with one, as themes of Hugo, Jekyll and Astro want it. */
function coverAddress(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim();
  if (typeof value !== 'object' || value === null) return undefined;
  const address = COVER_KEYS.map((key) => (value as Record<string, unknown>)[key]).find(
    (text) => typeof text === 'string' && text.trim() !== '',
  );
  return typeof address === 'string' ? address.trim() : undefined;
}

/** What such a map says besides the address, such as its alternative text. */
function coverDetails(value: object | null): Record<string, unknown> {
  const [used] = COVER_KEYS.filter((key) => typeof (value as Record<string, unknown>)[key] === 'string');
  return Object.fromEntries(Object.entries(value ?? {}).filter(([key]) => key !== used));
}

/** The first is the one that an export writes. */
export const COVER_KEYS = ['image', 'url', 'src', 'path'];

function blankLines(content: string): number {
  return (/^(?:[ \t]*\n)*/.exec(content)?.[0].split('\n').length ?? 1) - 1;
}

/** PostgreSQL stores neither NUL nor halves of surrogate pairs. */
function hasUnstorableText(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed();
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, item]) => hasUnstorableText(key) || hasUnstorableText(item));
}
