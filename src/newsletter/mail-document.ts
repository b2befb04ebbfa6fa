import 'server-only';
import { newestPosts } from '#posts/queries.ts';
import { framedMail } from './mail.ts';
import { mailTemplate } from './template.ts';

/** Responds with the mail as a document for an iframe. The page cache adds the policy headers. */
export async function answerMail(): Promise<Response> {
  const { posts } = await newestPosts();
  return new Response(framedMail(mailTemplate(), posts), {
    headers: { 'Content-Type': 'text/html; charset=utf-8' },
  });
}
