import { describe, expect, it } from 'vitest';
import { bodyWithin, formOf } from '#requests/body.ts';

const post = (body: BodyInit) =>
  new Request('http://site.example', { method: 'POST', body, duplex: 'half' } as RequestInit);

describe('bodyWithin', () => {
  it('returns a body up to the limit', async () => {
    expect(await bodyWithin(4, post('äö'))).toBe('äö');
    expect(await bodyWithin(3, post('äö'))).toBeUndefined();
    expect(await bodyWithin(3, new Request('http://site.example'))).toBe('');
  });

  it('stops reading an endless body at the limit', async () => {
    let chunks = 0;
    const endless = new ReadableStream({
      pull(controller) {
        chunks += 1;
        controller.enqueue(new Uint8Array(100));
      },
    });
    expect(await bodyWithin(1_000, post(endless))).toBeUndefined();
    expect(chunks).toBeLessThan(20);
  });
});

describe('formOf', () => {
  it('reads the fields as a browser sends them, and none if there are too many', async () => {
    expect((await formOf(post(new URLSearchParams({ token: 'ä b+c' })))).get('token')).toBe('ä b+c');
    expect([...(await formOf(post(`token=${'a'.repeat(20_000)}`)))]).toEqual([]);
  });
});
