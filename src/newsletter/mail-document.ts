import 'server-only';
import { newestPosts } from '#posts/queries.ts';
import { framedMail } from './mail.ts';
import { mailTemplate } from './template.ts';

/** Answers with the mail as a document for a frame. The page cache adds its policy. */
export async function answerMail(): Promise<Response> {
  const { posts } = await newestPosts();
  return new Response(framedMail(mailTemplate(), posts), {
    headers: { 'Content-Type': 'text/html; charset=utf-8' },
  });
}
