import { describe, expect, it } from 'vitest';
import { framedMail, renderMail } from '#newsletter/mail.ts';

const post = (title: string) => ({
  slug: 'a-post',
  title,
  lang: '',
  tags: [],
  excerpt: 'It costs $& and $1.',
  publishedAt: new Date('2026-06-01T23:30:00Z'),
  updatedAt: new Date('2026-01-01'),
});
const mail = (html: string) => ({ subject: 'News', html });

describe('renderMail', () => {
  it('repeats the markup around each post, with its fields', () => {
    const html = '<p>{{#each posts}}<a href="{{url}}">{{title}}</a> {{date}}: {{excerpt}}\n{{/each}}</p>';
    expect(renderMail(mail(html), [post('One'), post('Two')])).toBe(
      '<p><a href="/posts/a-post">One</a> 1 June 2026: It costs $&#38; and $1.\n' +
        '<a href="/posts/a-post">Two</a> 1 June 2026: It costs $&#38; and $1.\n</p>',
    );
  });

  it.each(['{{title}}', '{{{title}}}'])('escapes markup in a title, by %s', (field) => {
    const attack = post('"><img src=x onerror=attack()>');
    expect(renderMail(mail(`{{#each posts}}${field}{{/each}}`), [attack])).toBe(
      '&#34;&#62;&#60;img src=x onerror=attack()&#62;',
    );
  });

  it('leaves a field empty if a post lacks it, and leaves everything that is not about posts unchanged', () => {
    expect(renderMail(mail('{{name}}{{#each posts}}[{{nonesuch}}]{{/each}}'), [post('One')])).toBe(
      '{{name}}[]',
    );
  });
});

describe('framedMail', () => {
  it('opens links outside the frame, and keeps the doctype first', () => {
    expect(framedMail(mail('\n<!DOCTYPE html>\n<html></html>'), [])).toBe(
      '\n<!DOCTYPE html><base target="_top">\n<html></html>',
    );
    expect(framedMail(mail('<h1>News</h1>'), [])).toBe('<base target="_top"><h1>News</h1>');
  });
});
