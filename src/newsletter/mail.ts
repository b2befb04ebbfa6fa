import type { PostSummary } from '#posts/post.ts';
import type { MailTemplate } from './template.ts';

const date = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

/** The mail as it is sent, with these posts in it. What a post says is text: no markup of it becomes the mail's. */
export function renderMail({ html }: MailTemplate, posts: PostSummary[]): string {
  return html.replace(/\{\{#each posts\}\}(.*?)\{\{\/each\}\}/gs, (_, each: string) =>
    posts.map((post) => fill(each, post)).join(''),
  );
}

/** The mail as a document whose links lead out of the frame that shows it. A doctype stays first, as browsers ask for. */
export function framedMail(template: MailTemplate, posts: PostSummary[]): string {
  return renderMail(template, posts).replace(/^(\s*<!doctype[^>]*>)?/i, '$1<base target="_top">');
}

function fill(each: string, { title, excerpt, slug, publishedAt }: PostSummary): string {
  const values: Record<string, string> = {
    title,
    excerpt,
    url: `/posts/${slug}`,
    date: date.format(publishedAt),
  };
  return each.replace(/\{\{\{?(\w+)\}?\}\}/g, (_, name: string) => escaped(values[name] ?? ''));
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
