import { parse } from 'yaml';
import { z } from 'zod';
import { isSlug } from './slug.ts';

const schema = z
  .object({
    title: z.string().min(1),
    slug: z.string().refine(isSlug, 'is not lower-case words joined by hyphens'),
    published: z.boolean().default(false),
    publishedAt: z.coerce.date().optional(),
  })
  .strict()
  .refine((post) => !post.published || post.publishedAt, 'publishedAt is missing');

/** A post, as written in a Markdown file. */
export type WrittenPost = z.infer<typeof schema> & { content: string };

/**
 * Parses a Markdown file that starts with YAML between two `---` lines.
 *
 * @param name the file's name, for error messages
 * @throws Error that names the file and each invalid field
 */
export function parsePostFile(text: string, name: string): WrittenPost {
  const match = /^---\r?\n(?<yaml>.*?)\r?\n---\r?\n(?<content>.*)$/s.exec(text);
  if (!match?.groups)
    throw new Error(`${name}: front matter is missing; start the file with it, between two --- lines.`);
  const fields = schema.safeParse(parse(match.groups.yaml ?? ''));
  if (!fields.success) {
    const faults = fields.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`.trim());
    throw new Error(`${name}: front matter is invalid: ${faults.join('; ')}.`);
  }
  return { ...fields.data, content: (match.groups.content ?? '').trim() };
}
