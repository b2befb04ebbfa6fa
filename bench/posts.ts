import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

const SEEDS = 'prisma/seed';

/** Words in a post: about 3 kB of Markdown. */
const WORDS = 510;

type Post = { slug: string; title: string; content: string };

/**
 * Writes posts of usual length: paragraphs, headings, a list, a link and a code block. Their words are drawn at random
 * from the example posts, as often as they occur there, so that pages are no easier to compress than prose is. The same
 * number always gives the same post.
 *
 * @param prefix the start of each slug, which a number follows
 * @param ageInYears how long ago they were published, at the least; older ones than the newest 1,000 aren't prerendered
 */
export async function writePosts(
  url: string,
  { count, prefix = 'post', ageInYears = 0 }: { count: number; prefix?: string; ageInYears?: number },
): Promise<void> {
  const words = exampleWords();
  const posts = Array.from({ length: count }, (_, index) => post(`${prefix}-${index + 1}`, words));
  await query(
    url,
    `INSERT INTO "Post" ("id", "slug", "title", "content", "published", "publishedAt", "updatedAt")
     SELECT "slug", "slug", "title", "content", true,
       now() - $2 * interval '1 year' - row_number() OVER () * interval '1 minute', now()
     FROM json_to_recordset($1) AS written("slug" text, "title" text, "content" text) ON CONFLICT DO NOTHING`,
    [JSON.stringify(posts), ageInYears],
  );
}

/** Runs one query in the database of the bench. */
export async function query(url: string, sql: string, values: unknown[] = []): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql, values).finally(() => client.end());
}

function exampleWords(): string[] {
  return readdirSync(SEEDS).flatMap((file) =>
    readFileSync(join(SEEDS, file), 'utf8')
      .split(/\s+/)
      .filter((word) => /^[\p{L}’,.]+$/u.test(word)),
  );
}

function post(slug: string, words: string[]): Post {
  const random = randomNumbers(slug);
  const some = (count: number) =>
    Array.from({ length: count }, () => words[Math.floor(random() * words.length)] ?? '').join(' ');
  const paragraph = () => `${some(40)} \`${some(1)}\` ${some(14)}.`;
  const parts = [
    paragraph(),
    `${paragraph()} See [${some(3)}](/posts/post-${1 + Math.floor(random() * 1_000)}).`,
    `## ${some(4)}`,
    paragraph(),
    Array.from({ length: 4 }, () => `- **${some(2)}** ${some(8)}`).join('\n'),
    paragraph(),
    `\`\`\`ts\nconst ${slug.replaceAll('-', '_')} = ['${some(3)}', ${Math.floor(random() * 1e6)}];\n// ${some(6)}\nexport default ${slug.replaceAll('-', '_')}.map((word) => word.length);\n\`\`\``,
    `## ${some(3)}`,
    paragraph(),
  ];
  while (parts.join(' ').split(' ').length < WORDS) parts.push(paragraph());
  return { slug, title: some(5), content: parts.join('\n\n') };
}

/** A generator of numbers from 0 to 1 that a text determines (xorshift32). */
function randomNumbers(text: string): () => number {
  let state = [...text].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) | 0, 7) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
