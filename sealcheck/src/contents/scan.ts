import { liveKeys, rulesFor } from '../frameworks/keys.ts';
import type { FrameworkRule } from '../frameworks/rules.ts';
import type { Hit, Search } from '../search/search.ts';
import { StreamSearch } from '../search/search.ts';
import { messageOf } from '../verdict.ts';
import { base64Archives } from './base64.ts';
import { Budget, counted, LimitReached, type Limits } from './budget.ts';
import { Carver, Flow, FRAME_WINDOW, IN_MEMORY, once, type View } from './carver.ts';
import { type Compression, decompressed, kindOf, type TarEntry, tarEntries, withHead } from './decode.ts';
import { type Frame, unpackFrame } from './frames.ts';
import { HeldArchive, type OpenFile, type Opening } from './held-archive.ts';
import { JoinedPages } from './sqlite.ts';

/**
 * The location of bytes: the blob, tree or page they come from, the path in it, and the archives they are nested in.
 */
export type Where = {
  source: string;
  path: string;
  nested: readonly string[];
};

/** What a scan reports. */
export type Listener = {
  hits(where: Where, hits: Hit[], dropped: number): void;
  frameworkKey(where: Where, rule: FrameworkRule, key: string): void;
  /** Something could not be read completely: the check can't end clean. */
  incomplete(where: Where, reason: string): void;
  /** Something that a reader should know, and that hides nothing. */
  note(where: Where, reason: string): void;
  /** Something was searched as bytes and not opened: mentioned in the verdict, and exit 2 if the check is strict. */
  unopened(where: Where, reason: string): void;
  progress(bytes: number): void;
};

// Each has a decoder with its own window.
const MOST_FLOWS = 2;
// Sixteen times Linux's limit for a path.
const LONGEST_NAME = 2 ** 16;

/** Scans any kind of content, including nested archives, for the values of one search. */
export class ContentScanner {
  readonly search: Search;
  readonly limits: Limits;
  readonly #listener: Listener;
  readonly #rules: readonly FrameworkRule[];

  constructor(search: Search, rules: readonly FrameworkRule[], limits: Limits, listener: Listener) {
    this.search = search;
    this.limits = limits;
    this.#rules = rules;
    this.#listener = listener;
  }

  /** Scans one file's bytes as a stream. `size` is the file's stated size, if known. */
  async scanFile(where: Where, body: AsyncIterable<Buffer>, size: number | undefined): Promise<void> {
    await this.#scan(where, body, size, new Budget(this.limits, this.limits.unpackedFile), 0);
  }

  /** Scans a text or a header that is in memory, and returns whether anything was found. */
  scanText(where: Where, text: Buffer | string): boolean {
    const stream = new StreamSearch(this.search);
    stream.push(Buffer.from(text));
    return this.#report(where, stream);
  }

  /** Scans each entry of a tar: its header's texts under the entry's path, then its content. */
  async scanTar(
    where: Where,
    source: AsyncIterable<Buffer>,
    seen?: (entry: TarEntry) => void,
    budget?: Budget,
    depth = 0,
  ): Promise<void> {
    const scanTail = (bytes: Buffer) =>
      void this.scanText({ ...where, nested: [...where.nested, '(end of the tar)'] }, bytes);
    for await (const entry of tarEntries(source, scanTail)) {
      if (entry.name.length + entry.link.length > LONGEST_NAME)
        throw new Error(`it has a name of more than ${LONGEST_NAME} characters`);
      seen?.(entry);
      const within = seen
        ? { ...where, path: entry.name }
        : { ...where, nested: [...where.nested, entry.name] };
      const header = { ...within, nested: [...within.nested, '(tar header)'] };
      // The fields describe a hit's location in the header best; the header's bytes cover what no field shows.
      if (!this.scanText(header, entry.fields)) this.scanText(header, entry.header);
      if (entry.name.includes('\0'))
        this.#listener.incomplete(
          within,
          'has a NUL in its name, which other readers cut there; pack it again',
        );
      const own = budget ?? new Budget(this.limits, this.limits.unpackedFile);
      if (entry.size > 0) await this.#scan(within, entry.body, entry.size, own, depth);
    }
  }

  #report(where: Where, stream: StreamSearch): boolean {
    const hits = stream.end();
    if (hits.length > 0) this.#listener.hits(where, hits, stream.dropped);
    return hits.length > 0;
  }

  async #scan(
    where: Where,
    body: AsyncIterable<Buffer>,
    size: number | undefined,
    budget: Budget,
    depth: number,
  ): Promise<void> {
    const name = where.nested.at(-1) ?? where.path;
    const stream = new StreamSearch(this.search);
    const rules = rulesFor(this.#rules, name);
    const forRules: Buffer[] = [];
    let opening: Opening | undefined;
    let read = 0;
    let failure: unknown;
    let pages: { joined: JoinedPages; stream: StreamSearch }[] = [];
    try {
      for await (const chunk of withHead(body)) {
        if (depth === 0) {
          budget.read(chunk.length);
          this.#listener.progress(chunk.length);
        }
        if (!opening) {
          pages = JoinedPages.of(chunk).map((joined) => ({ joined, stream: new StreamSearch(this.search) }));
          opening = this.#opening({ where, budget, depth }, chunk, size);
        }
        read += chunk.length;
        if (rules.length > 0 && read < IN_MEMORY) forRules.push(Buffer.from(chunk));
        stream.push(chunk);
        for (const page of pages) page.stream.push(page.joined.next(chunk));
        await opening.push(chunk);
      }
    } catch (error) {
      // What precedes the damage counts: it is reported below, and then the error is thrown on.
      failure = error;
    }
    const repeats = (await opening?.end()) ?? false;
    if (!repeats) this.#report(where, stream);
    // What is found in one page is also found above.
    const inPages = new Set(stream.hits.map(({ secret }) => secret));
    for (const page of pages) {
      const across = page.stream.end().filter(({ secret }) => !inPages.has(secret));
      if (across.length > 0)
        this.#listener.hits({ ...where, nested: [...where.nested, '(pages joined)'] }, across, 0);
    }
    for (const rule of rules) {
      for (const key of liveKeys(rule, Buffer.concat(forRules).toString()))
        this.#listener.frameworkKey(where, rule, key);
    }
    if (read < IN_MEMORY && depth < this.limits.depth) {
      for (const content of base64Archives(opening?.text?.())) {
        const inner = { ...where, nested: [...where.nested, '(base64)'] };
        await this.#scan(inner, once(content), content.length, budget, depth + 1);
      }
    }
    if (failure !== undefined) throw failure;
  }

  #opening(file: OpenFile, head: Buffer, size: number | undefined): Opening {
    const kind = kindOf(head, file.where.nested.at(-1) ?? file.where.path);
    const isStream = kind !== undefined && kind !== 'zlib' && (size === undefined || size > FRAME_WINDOW);
    if (kind === 'tar' || kind === 'brotli' || isStream) return this.#streamOpening(file, kind);
    const archive = new HeldArchive(file, head, this.#listener, (name) => this.#entryFlow(file, name));
    const carver = new Carver(
      (frame, bytes, view) => {
        if (!frame.obstacle) return this.#unpack(file, frame, bytes, view);
        archive.obstacles[frame.obstacle] += 1;
        return Promise.resolve(undefined);
      },
      { isZlib: kind === 'zlib', anyWindow: /^(\x89PNG|%PDF)/.test(head.toString('latin1', 0, 4)) },
    );
    return {
      text: () => carver.text(),
      push: async (chunk) => {
        archive.push(chunk);
        await carver.push(chunk);
      },
      end: async () => {
        await carver.end();
        if (file.depth < this.limits.depth) await archive.open();
        else if (archive.isArchive) this.#tooDeep(file.where);
        return false;
      },
    };
  }

  #streamOpening(file: OpenFile, kind: Compression | 'tar'): Opening {
    let isWhole = false;
    const flow = new Flow(async (source) => {
      isWhole = await this.#consume(kind, file, source);
      for await (const _ of source);
    });
    return {
      push: (chunk) => flow.put(chunk),
      end: async () => {
        await flow.end();
        // A tar's entries were searched one by one; its bytes as a whole would only repeat them.
        return kind === 'tar' && isWhole;
      },
    };
  }

  // Returns whether the archive could be read to its end.
  async #consume(
    kind: Compression | 'tar',
    { where, budget, depth }: OpenFile,
    source: AsyncIterable<Buffer>,
  ): Promise<boolean> {
    if (depth >= this.limits.depth) {
      this.#tooDeep(where);
      return false;
    }
    const meter = { bytes: 0 };
    try {
      if (kind === 'tar') await this.scanTar(where, source, undefined, budget, depth + 1);
      else {
        const inner = { ...where, nested: [...where.nested, `(${kind})`] };
        const content = counted(decompressed(kind, source), budget, meter);
        await this.#scan(inner, content, undefined, budget, depth + 1);
      }
      return true;
    } catch (error) {
      const reason = `looks like ${kind} and is damaged or cut short (${messageOf(error)}); searched as far as it could be read`;
      if (error instanceof LimitReached) this.#listener.incomplete(where, error.message);
      else if (isOutOfReach(error)) this.#listener.incomplete(where, reason);
      // Only its name suggests brotli: if it decompresses to nothing, it is another kind of file.
      else if (kind === 'brotli' && meter.bytes === 0) this.#listener.note(where, 'is not brotli');
      else this.#listener.unopened(where, reason);
      return false;
    }
  }

  #entryFlow({ where, budget, depth }: OpenFile, name: string): Flow {
    const inner = { ...where, nested: [...where.nested, name] };
    this.scanText({ ...inner, nested: [...inner.nested, '(name)'] }, name);
    return new Flow((source) => this.#scan(inner, source, undefined, budget, depth + 1));
  }

  #tooDeep(where: Where): void {
    const reason = `archives are nested deeper than ${this.limits.depth}; raise --max-depth`;
    this.#listener.incomplete(where, reason);
  }

  // Returns where the frame ends, 'cut' if more bytes are needed, a flow that takes them, or undefined for no frame.
  async #unpack(
    file: OpenFile,
    frame: Frame,
    bytes: Buffer,
    view: View,
  ): Promise<number | 'cut' | Flow | undefined> {
    const { where, budget, depth } = file;
    const label = frame.name ?? (view.atStart ? `(${frame.kind})` : `(${frame.kind} frame)`);
    const inner = { ...where, nested: [...where.nested, label] };
    const unpacked = unpackFrame(bytes, frame, IN_MEMORY);
    if (unpacked.outcome === 'chance') return undefined;
    if (unpacked.outcome === 'cut' && !view.last && bytes.length < FRAME_WINDOW) return 'cut';
    if (depth >= this.limits.depth) {
      this.#tooDeep(where);
      return undefined;
    }
    try {
      if (unpacked.outcome !== 'whole') {
        if (frame.kind === 'xz' && unpacked.outcome === 'cut') budget.attempt();
        if (view.flowing >= MOST_FLOWS) {
          this.#listener.incomplete(inner, 'overlaps too many other large compressed parts to be unpacked');
          return frame.data + 1;
        }
        const flow = this.#flowOf({ where: inner, budget, depth }, frame, view.atStart);
        const end = unpacked.outcome === 'large' ? unpacked.end : undefined;
        await flow.put(bytes.subarray(frame.kind === 'zip' ? frame.data : frame.start, end));
        if (!view.last && end === undefined) return flow;
        await flow.end();
        return end ?? frame.data + 1;
      }
      budget.unpack(unpacked.content.length);
      if (unpacked.content.length > 0)
        await this.#scan(inner, once(unpacked.content), unpacked.content.length, budget, depth + 1);
      return unpacked.end;
    } catch (error) {
      if (!(error instanceof LimitReached)) throw error;
      this.#listener.incomplete(where, error.message);
      return bytes.length;
    }
  }

  // What is too large for memory is unpacked as a stream, while the file is read further.
  #flowOf({ where: inner, budget, depth }: OpenFile, frame: Frame, atStart: boolean): Flow {
    const kind = frame.kind === 'zip' ? 'deflate' : frame.kind;
    return new Flow(async (source) => {
      try {
        await this.#scan(inner, counted(decompressed(kind, source), budget), undefined, budget, depth + 1);
      } catch (error) {
        if (error instanceof LimitReached) this.#listener.incomplete(inner, error.message);
        else if (isOutOfReach(error)) {
          this.#listener.incomplete(inner, `could not be unpacked (${messageOf(error)})`);
        } else if (atStart || frame.kind === 'zip' || /error code 6$/.test(messageOf(error))) {
          this.#listener.unopened(
            inner,
            `is damaged, cut short, or written in a way that is not read (${messageOf(error)}); searched as far as it could be`,
          );
        }
      }
    });
  }
}

// Valid data that needs more memory than it may use; damaged data, by contrast, no other reader can read either.
const isOutOfReach = (error: unknown): boolean =>
  /windowTooLarge|memory_allocation/.test((error as NodeJS.ErrnoException).code ?? '') ||
  /error code (3|4)$/.test(messageOf(error));
