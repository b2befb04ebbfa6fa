import { describe, expect, it } from 'vitest';
import { isSlug } from '#posts/slug.ts';

describe('isSlug', () => {
  it.each(['a', 'build-secrets', '2026-in-review', 'a'.repeat(120)])('accepts %s', (slug) => {
    expect(isSlug(slug)).toBe(true);
  });

  it.each([
    '',
    '-',
    'a--b',
    '-a',
    'a-',
    'A',
    '../etc/passwd',
    'a\0b',
    'a%00b',
    'ä',
    'ａ',
    'a\u200Bb',
    'a\nb',
    'a\n',
    'a'.repeat(121),
    'a'.repeat(10_000),
  ])('rejects %j', (segment) => {
    expect(isSlug(segment)).toBe(false);
  });
});
