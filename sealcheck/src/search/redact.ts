import { type Search, searchBytes } from './search.ts';

/**
 * Makes texts safe to show: any part of a secret in any encoding, or any fragment of one that is longer than the
 * secret's id, is replaced with the id in guillemets.
 */
export class Redactor {
  readonly #search: Search;
  readonly #stretches: { id: string; length: number; found: Set<string> }[];

  constructor(search: Search) {
    this.#search = search;
    const byId = new Map<string, Set<string>>();
    for (const part of search.parts) {
      const length = Math.max(6, part.secret.length + 1);
      const telling = part.bytes.subarray(part.hot.from, part.hot.to).toString('latin1');
      const found = byId.get(part.secret) ?? new Set<string>();
      byId.set(part.secret, found);
      for (let at = 0; at + length <= telling.length; at += 1) found.add(telling.slice(at, at + length));
    }
    this.#stretches = [...byId].map(([id, found]) => ({ id, length: Math.max(6, id.length + 1), found }));
  }

  redact(text: string): string {
    let bytes = Buffer.from(text);
    for (const hit of searchBytes(this.#search, bytes).reverse()) {
      bytes = Buffer.concat([
        bytes.subarray(0, hit.offset),
        Buffer.from(`«${hit.secret}»`),
        bytes.subarray(hit.offset + hit.length),
      ]);
    }
    let shown = bytes.toString('latin1');
    for (const { id, length, found } of this.#stretches) {
      for (let at = 0; at + length <= shown.length; at += 1) {
        if (!found.has(shown.slice(at, at + length))) continue;
        let end = at + length;
        while (found.has(shown.slice(end - length + 1, end + 1))) end += 1;
        shown = `${shown.slice(0, at)}${Buffer.from(`«${id}»`).toString('latin1')}${shown.slice(end)}`;
      }
    }
    return Buffer.from(shown, 'latin1').toString();
  }
}
