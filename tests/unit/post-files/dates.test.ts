import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dateOfName, dateOfPath, parseDate } from '#post-files/dates.ts';

describe('parseDate', () => {
  it.each([
    ['2026-01-02', '2026-01-02T00:00:00.000Z'],
    ['2026/1/2', '2026-01-02T00:00:00.000Z'],
    ['2026-01-02T03:04', '2026-01-02T03:04:00.000Z'],
    ['2026-01-02 03:04:05', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02 3:04:05 -0530', '2026-01-02T08:34:05.000Z'],
    ['2026-01-02T03:04:05.123456789+02:00', '2026-01-02T01:04:05.123Z'],
    ['2026-01-02T03:04:05+02', '2026-01-02T01:04:05.000Z'],
    ['2026-01-02 03:04:05 UTC', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02 03:04 PM', '2026-01-02T15:04:00.000Z'],
    ['Jan 2 2026', '2026-01-02T00:00:00.000Z'],
    ['January 2nd, 2026', '2026-01-02T00:00:00.000Z'],
    ['Fri, 02 Jan 2026 03:04:05 +0200', '2026-01-02T01:04:05.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
  ])('reads %s', (text, expected) => {
    expect(parseDate(text)?.toISOString()).toBe(expected);
  });

  it.each([
    '',
    'soon',
    '2026',
    '20260102',
    '2026-13-01',
    '2026-02-29',
    '2026-01-02T25:00',
    '1/2/2026',
    '0000-01-01',
  ])('does not take %j for a date', (text) => expect(parseDate(text)).toBeUndefined());

  it('reads back what an export writes', () => {
    const dates = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(dates, (date) => {
        expect(parseDate(date.toISOString())).toEqual(date);
      }),
    );
  });
});

describe('the date of a name or a path', () => {
  it('is the day at its start, or between slashes', () => {
    expect(dateOfName('2026-01-02-a-post')).toEqual(new Date('2026-01-02'));
    expect(dateOfName('a-2026-01-02')).toBeUndefined();
    expect(dateOfPath('/blog/2026/01/02/a-post')).toEqual(new Date('2026-01-02'));
    expect(dateOfPath('/2026-01-02/a-post')).toEqual(new Date('2026-01-02'));
    expect(dateOfPath('/2026/03/a-post')).toEqual(new Date('2026-03-01'));
    expect(dateOfPath('/12026/03/a-post')).toBeUndefined();
  });
});
