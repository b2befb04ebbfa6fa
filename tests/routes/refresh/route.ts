import { revalidateTag } from 'next/cache';
import { POSTS_TAG } from '#posts/queries.ts';

export async function POST(): Promise<Response> {
  revalidateTag(POSTS_TAG, { expire: 0 });
  return new Response('Refreshed.\n');
}
