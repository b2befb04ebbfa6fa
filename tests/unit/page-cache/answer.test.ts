import { describe, expect, it } from 'vitest';
import { acceptedCoding } from '#page-cache/answer.ts';

describe('acceptedCoding', () => {
  it.each<[string | undefined, string]>([
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['GZIP;Q=1', 'gzip'],
    ['br;q=0.5, gzip;q=0.8', 'gzip'],
    ['br;q=0, gzip;q=0', 'identity'],
    ['*', 'br'],
    ['*;q=0', 'identity'],
    ['identity;q=0', 'identity'],
    ['identity;q=0, br', 'br'],
    ['br;q=0, *', 'gzip'],
    ['identity, br;q=0.1', 'identity'],
    ['br;q=2', 'identity'],
    ['br;q=nonsense, gzip', 'gzip'],
    ['deflate, zstd', 'identity'],
    [`${'x,'.repeat(10_000)}gzip`, 'gzip'],
    [',;,;=;q', 'identity'],
  ])('answers %.40s with %s', (header, coding) => {
    expect(acceptedCoding(header)).toBe(coding);
  });
});
