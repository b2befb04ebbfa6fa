import 'server-only';
import { database } from '#database/client.ts';
import { tableName } from '#database/connection.ts';
import { Prisma } from '#database/generated/client.ts';
import { isDatabaseUnavailable } from '#database/problem.ts';
import { imageHeaders, parseImageName } from '#page-cache/images.ts';
import { liveDatabaseAddress } from '#secrets/index.ts';

const NO_STORE = { 'Cache-Control': 'no-store' };

/** Responds with a stored image that a visible post shows, and with 503 if the database can't be used. */
export async function answerImage(
  _request: Request,
  { params }: { params: Promise<{ name: string }> },
): Promise<Response> {
  const wanted = parseImageName((await params).name);
  if (!wanted) return notFound();
  try {
    if (!(await isShown(wanted.hash))) return notFound();
    const image = await database().image.findUnique({
      where: { hash: wanted.hash, type: wanted.type },
      select: { content: true },
    });
    if (!image) return notFound();
    return new Response(image.content, { headers: imageHeaders(wanted.type, image.content.length) });
  } catch (error) {
    // The outage is already logged.
    if (!isDatabaseUnavailable(error)) throw error;
    return new Response('The database is down. Try again in a minute.\n', {
      status: 503,
      headers: { ...NO_STORE, 'Content-Type': 'text/plain; charset=utf-8', 'Retry-After': '30' },
    });
  }
}

/** Images of drafts, of scheduled and of withdrawn posts are not served. */
async function isShown(hash: string): Promise<boolean> {
  const posts = Prisma.raw(tableName(liveDatabaseAddress(), 'Post'));
  const [row] = await database().$queryRaw<{ shown: boolean }[]>`
    SELECT EXISTS (
      SELECT FROM ${posts}
      WHERE "images" <> '{}' AND jsonb_path_query_array("images", '$.*.hash') ? ${hash}
        AND "published" AND "publishedAt" <= now() AT TIME ZONE 'UTC'
    ) AS shown`;
  return row?.shown ?? false;
}

function notFound(): Response {
  return new Response('There is no such image.\n', {
    status: 404,
    headers: { ...NO_STORE, 'Content-Type': 'text/plain; charset=utf-8' },
  });
}
