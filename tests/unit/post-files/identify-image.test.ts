import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identifyImage, isSvg } from '#post-files/identify-image.ts';
import { makeAvif, makeGif, makeJpeg, makePng, makeWebp } from '../../setup/images.ts';

describe('identifyImage', () => {
  it.each([
    ['png', makePng(3, 5)],
    ['gif', makeGif(3, 5)],
    ['webp', makeWebp(3, 5)],
    ['jpg', makeJpeg(3, 5)],
    ['avif', makeAvif(3, 5)],
  ])('knows a %s and its dimensions by its bytes', (type, bytes) => {
    const hash = createHash('sha256').update(bytes).digest('hex');
    expect(identifyImage(bytes)).toEqual({ hash, type, width: 3, height: 5 });
  });

  it('turns the dimensions of a photo that was taken upright', () => {
    expect(identifyImage(makeJpeg(3, 5, 6))).toMatchObject({ width: 5, height: 3 });
    expect(identifyImage(makeJpeg(3, 5, 3))).toMatchObject({ width: 3, height: 5 });
  });

  it('takes nothing for an image that is none, or broken', () => {
    for (const bytes of ['', '<svg/>', 'PNG', '<html>', 'GIF89a', '\x89PNG\r\n\x1a\n', 'RIFF1234WEBP'])
      expect([bytes, identifyImage(Buffer.from(bytes, 'latin1'))]).toEqual([bytes, undefined]);
  });

  it('reads any bytes in no time', () => {
    const heads = [makePng(3, 5), makeGif(3, 5), makeWebp(3, 5), makeJpeg(3, 5), makeAvif(3, 5)];
    fc.assert(
      fc.property(
        fc.constantFrom(...heads),
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(40),
        (head, noise, at) => {
          const since = performance.now();
          identifyImage(Buffer.concat([head.subarray(0, at), noise]));
          expect(performance.now() - since).toBeLessThan(500);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('isSvg', () => {
  it.each(['<svg>', '\uFEFF<?xml version="1.0"?>\n<!-- c --><!DOCTYPE svg>\n<SVG xmlns="">', ' <svg/>'])(
    'knows %j',
    (text) => expect(isSvg(Buffer.from(text.replace('<svg/>', '<svg />')))).toBe(true),
  );

  it('does not take a page that contains one for one', () => {
    expect(isSvg(Buffer.from('<html><svg></svg>'))).toBe(false);
  });
});
