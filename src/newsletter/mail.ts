import type { PostSummary } from '#posts/post.ts';
import type { MailTemplate } from './template.ts';

const date = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

/** Renders the HTML of the mail with these posts. Values from posts are escaped, so they can't add markup. */
export function renderMail({ html }: MailTemplate, posts: PostSummary[]): string {
  return html.replace(/\{\{#each posts\}\}(.*?)\{\{\/each\}\}/gs, (_, each: string) =>
    posts.map((post) => fill(each, post)).join(''),
  );
}

/** Renders the mail for an iframe, with links that open outside of it. A doctype has to stay first. */
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
