const MAGIC = 'SQLite format 3\0';
/** The page number before and after a boundary that a long value crosses. */
const POINTER = 4;

/** How a long value continues: from one overflow page to the next, or from its row at the end of a page. */
const CUTS_AT_END = [0, POINTER] as const;

/**
 * Joins the pages of a SQLite database while streaming, so that a value that crosses a page boundary is contiguous.
 * Consecutive pages are joined, which is how SQLite writes them unless it reuses freed pages.
 *
 * @see https://www.sqlite.org/fileformat2.html#cell_payload_overflow_pages
 */
export class JoinedPages {
  readonly #size: number;
  readonly #cutAtEnd: number;
  #position = 0;

  /** The ways in which pages may be joined, for a content that begins with `head`: none if it is not a database. */
  static of(head: Buffer): JoinedPages[] {
    if (head.length < 100 || head.toString('latin1', 0, MAGIC.length) !== MAGIC) return [];
    const size = head.readUInt16BE(16) === 1 ? 65_536 : head.readUInt16BE(16);
    return size < 512 ? [] : CUTS_AT_END.map((cut) => new JoinedPages(size, cut));
  }

  private constructor(size: number, cutAtEnd: number) {
    this.#size = size;
    this.#cutAtEnd = cutAtEnd;
  }

  /** The next bytes of the file without the pointers at the boundaries. */
  next(chunk: Buffer): Buffer {
    const kept: Buffer[] = [];
    const end = this.#position + chunk.length;
    for (let page = this.#position - (this.#position % this.#size); page < end; page += this.#size) {
      const from = Math.max(this.#position, page === 0 ? 0 : page + POINTER);
      const to = Math.min(end, page + this.#size - this.#cutAtEnd);
      if (to > from) kept.push(chunk.subarray(from - this.#position, to - this.#position));
    }
    this.#position = end;
    return Buffer.concat(kept);
  }
}
