import { liveKeys, rulesFor } from '../frameworks/keys.ts';
import type { FrameworkRule } from '../frameworks/rules.ts';
import type { Hit, Search } from '../search/search.ts';
import { StreamSearch } from '../search/search.ts';
import { messageOf } from '../verdict.ts';
import { Budget, LimitReached, type Limits } from './budget.ts';
import { type Frame, nextFrame, unpackFrame } from './carve.ts';
import { Channel } from './channel.ts';
import {
  type Compression,
  decompressed,
  kindOf,
  type TarEntry,
  tarEntries,
  unopenedFormat,
} from './decode.ts';
import { JoinedPages } from './sqlite.ts';

/** Where bytes lie: the blob, tree or page they come from, the path in it, and the archives they are nested in. */
export interface Where {
  source: string;
  path: string;
  nested: readonly string[];
}

/** What a scan tells of what it reads. */
export interface Listener {
  hits(where: Where, hits: Hit[], dropped: number): void;
  frameworkKey(where: Where, rule: FrameworkRule, key: string): void;
  /** Something could not be read whole: the check can't end clean. */
  incomplete(where: Where, reason: string): void;
  /** Something that a reader should know, and that hides nothing. */
  note(where: Where, reason: string): void;
  progress(bytes: number): void;
}

const frameWindow = 16 * 2 ** 20;
// Each has a decoder with a window of its own.
const mostFlows = 2;
const inMemory = 8 * 2 ** 20;
const headLength = 512;
// Sixteen times what Linux allows for a path.
const longestName = 2 ** 16;
// gzip, zstd, zip, xz; zlib's is so short that it counts at the beginning only.
const base64Heads = /;base64,|H4sI|KLUv\/|UEsDB|\/Td6WFoA|(?<![A-Za-z0-9+/_-])eJ(?=[A-Za-z0-9+/_-]{14})/;

/** Scans contents of any shape, archives within archives included, for the values of one search. */
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

  /** Scans one file's bytes as they come. `size` is what the file is said to hold, when that is known. */
  async scanFile(where: Where, body: AsyncIterable<Buffer>, size: number | undefined): Promise<void> {
    await this.#scan(where, body, size, new Budget(this.limits, this.limits.unpackedFile), 0);
  }

  /** Scans a text or a header that is at hand, and tells whether anything was found. */
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
      if (entry.name.length + entry.link.length > longestName)
        throw new Error(`it has a name of more than ${longestName} characters`);
      seen?.(entry);
      const within = seen
        ? { ...where, path: entry.name }
        : { ...where, nested: [...where.nested, entry.name] };
      const header = { ...within, nested: [...within.nested, '(tar header)'] };
      // The fields say a hit's place in the header best; the header's bytes hold what no field shows.
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
    const top = depth === 0;
    let head: Buffer | undefined = Buffer.alloc(0);
    let consumer: { channel: Channel; done: Promise<boolean>; standsIn: boolean } | undefined;
    let carver: Carver | undefined;
    let read = 0;
    let failure: unknown;
    let pages: { joined: JoinedPages; stream: StreamSearch }[] = [];
    const begin = (first: Buffer): void => {
      pages = JoinedPages.of(first).map((joined) => ({ joined, stream: new StreamSearch(this.search) }));
      const format = unopenedFormat(first);
      if (format) this.#listener.note(where, `is ${format}, which is not opened: its bytes were searched`);
      const kind = kindOf(first, name);
      if (
        kind === 'tar' ||
        kind === 'brotli' ||
        (kind && kind !== 'zlib' && (size === undefined || size > frameWindow))
      ) {
        const channel = new Channel();
        consumer = {
          channel,
          done: this.#consume(kind, where, channel, budget, depth),
          standsIn: kind === 'tar',
        };
      } else {
        carver = new Carver(
          (frame, bytes, view) => this.#unpack(where, frame, bytes, view, budget, depth),
          kind === 'zlib',
        );
      }
    };
    const pass = async (chunk: Buffer): Promise<void> => {
      stream.push(chunk);
      for (const page of pages) page.stream.push(page.joined.next(chunk));
      if (consumer) await consumer.channel.put(chunk);
      else await carver?.push(chunk);
    };
    try {
      for await (const chunk of body) {
        read += chunk.length;
        if (top) {
          budget.read(chunk.length);
          this.#listener.progress(chunk.length);
        }
        if (rules.length > 0 && read < inMemory) forRules.push(Buffer.from(chunk));
        if (head) {
          head = head.length > 0 ? Buffer.concat([head, chunk]) : chunk;
          if (head.length < headLength) continue;
          begin(head);
          await pass(head);
          head = undefined;
        } else await pass(chunk);
      }
      if (head) {
        begin(head);
        await pass(head);
      }
      await carver?.end();
    } catch (error) {
      // What came before the damage counts: it is reported below, and then the error goes on.
      failure = error;
    }
    consumer?.channel.end();
    const readWhole = await consumer?.done;
    // A tar's entries were searched one by one; its bytes as a whole would only repeat them.
    if (!(consumer?.standsIn && readWhole)) this.#report(where, stream);
    // What is found in one page is found above too.
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
    if (read < inMemory && !consumer && depth < this.limits.depth)
      await this.#scanBase64(where, carver?.text() ?? [], budget, depth);
    if (failure !== undefined) throw failure;
  }

  // Tells whether the archive could be read to its end.
  async #consume(
    kind: Compression | 'tar',
    where: Where,
    channel: Channel,
    budget: Budget,
    depth: number,
  ): Promise<boolean> {
    let whole = false;
    if (depth >= this.limits.depth) this.#tooDeep(where);
    else {
      try {
        if (kind === 'tar') await this.scanTar(where, channel, undefined, budget, depth + 1);
        else {
          const inner = { ...where, nested: [...where.nested, `(${kind})`] };
          await this.#scan(inner, counted(decompressed(kind, channel), budget), undefined, budget, depth + 1);
        }
        whole = true;
      } catch (error) {
        if (error instanceof LimitReached) this.#listener.incomplete(where, error.message);
        else {
          const reason = `looks like ${kind} and is damaged or cut short (${messageOf(error)}); searched as far as it could be read`;
          if (isOutOfReach(error)) this.#listener.incomplete(where, reason);
          else this.#listener.note(where, reason);
        }
      }
    }
    for await (const _ of channel);
    return whole;
  }

  #tooDeep(where: Where): void {
    const reason = `archives are nested deeper than ${this.limits.depth}; raise --max-depth`;
    this.#listener.incomplete(where, reason);
  }

  // Returns where the frame ends, 'cut' when more bytes are needed, a flow that takes them, or undefined for no frame.
  async #unpack(
    where: Where,
    frame: Frame,
    bytes: Buffer,
    view: View,
    budget: Budget,
    depth: number,
  ): Promise<number | 'cut' | Flow | undefined> {
    const label = frame.name ?? (view.atStart ? `(${frame.kind})` : `(${frame.kind} frame)`);
    const inner = { ...where, nested: [...where.nested, label] };
    const unpacked = unpackFrame(bytes, frame, inMemory);
    if (unpacked.outcome === 'chance') return undefined;
    if (unpacked.outcome === 'cut' && !view.last && bytes.length < frameWindow) return 'cut';
    if (depth >= this.limits.depth) {
      this.#tooDeep(where);
      return undefined;
    }
    try {
      if (unpacked.outcome !== 'whole') {
        if (view.flowing >= mostFlows) {
          this.#listener.incomplete(inner, 'overlaps too many other large compressed parts to be unpacked');
          return frame.data + 1;
        }
        const flow = this.#flowOf(inner, frame, view.atStart, budget, depth);
        await flow.put(bytes.subarray(frame.kind === 'zip' ? frame.data : frame.start));
        if (!view.last) return flow;
        await flow.end();
        return frame.data + 1;
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

  // What is too large for memory is unpacked as its bytes come, while the file is read on.
  #flowOf(inner: Where, frame: Frame, atStart: boolean, budget: Budget, depth: number): Flow {
    const kind = frame.kind === 'zip' ? 'deflate' : frame.kind;
    return new Flow(async (source) => {
      try {
        await this.#scan(inner, counted(decompressed(kind, source), budget), undefined, budget, depth + 1);
      } catch (error) {
        if (error instanceof LimitReached) this.#listener.incomplete(inner, error.message);
        else if (isOutOfReach(error)) {
          this.#listener.incomplete(inner, `could not be unpacked (${messageOf(error)})`);
        } else if (atStart || /error code 6$/.test(messageOf(error))) {
          this.#listener.note(
            inner,
            `is damaged, cut short, or written in a way that is not read (${messageOf(error)}); searched as far as it could be`,
          );
        }
      }
    });
  }

  async #scanBase64(where: Where, texts: readonly Buffer[], budget: Budget, depth: number): Promise<void> {
    for (const bytes of texts) {
      const text = bytes.toString('latin1');
      const heads = new RegExp(base64Heads, 'g');
      for (let match = heads.exec(text); match; match = heads.exec(text)) {
        const from = match[0] === ';base64,' ? match.index + 8 : match.index;
        const coded = text.slice(from, endOfBase64(text, from));
        if (coded.length < 16) continue;
        heads.lastIndex = from + coded.length;
        const content = Buffer.from(coded.replace(/\\[rn]/g, ''), 'base64');
        const inner = { ...where, nested: [...where.nested, '(base64)'] };
        await this.#scan(inner, once(content), content.length, budget, depth + 1);
      }
    }
  }
}

/** Where a frame lies: at the file's start, with all of the file at hand, beside how many that are being unpacked. */
interface View {
  atStart: boolean;
  last: boolean;
  flowing: number;
}

type Unpack = (frame: Frame, bytes: Buffer, view: View) => Promise<number | 'cut' | Flow | undefined>;

/** An unpacking under way, which is given bytes until it has enough. */
class Flow {
  isOver = false;
  readonly #channel = new Channel();
  readonly #done: Promise<void>;

  constructor(unpack: (source: AsyncIterable<Buffer>) => Promise<void>) {
    this.#done = unpack(this.#channel).finally(() => {
      this.isOver = true;
    });
  }

  async put(bytes: Buffer): Promise<void> {
    for await (const chunk of once(bytes)) await this.#channel.put(chunk);
  }

  async end(): Promise<void> {
    this.#channel.end();
    await this.#done;
  }
}

/** Notices compressed frames anywhere in a file and hands each over with the bytes that follow it. */
class Carver {
  /** The file's text when it is text, kept while it is small, for the search of base64 runs. */
  text(): Buffer[] {
    return this.#text.length > 0 ? [Buffer.concat(this.#text)] : [];
  }
  readonly #unpack: Unpack;
  readonly #text: Buffer[] = [];
  readonly #flows = new Set<Flow>();
  #held: Buffer[] = [];
  #heldBytes = 0;
  // Bytes of the file before those that are held.
  #passed = 0;
  #collecting = false;
  #first: boolean;
  #isText: boolean | undefined;
  #textBytes = 0;

  constructor(unpack: Unpack, startsWithZlib: boolean) {
    this.#unpack = unpack;
    this.#first = startsWithZlib;
  }

  async push(chunk: Buffer): Promise<void> {
    for (const flow of this.#flows) {
      if (flow.isOver) this.#flows.delete(flow);
      else await flow.put(chunk);
    }
    this.#isText ??= !chunk.subarray(0, 1024).includes(0);
    if (this.#isText && this.#textBytes < inMemory) {
      this.#textBytes += chunk.length;
      this.#text.push(chunk);
    }
    if (this.#collecting) {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
      if (this.#heldBytes >= frameWindow) await this.#work(false);
      return;
    }
    const tail = this.#held[0];
    const bytes = tail ? Buffer.concat([tail, chunk]) : chunk;
    const frame = this.#first ? { start: 0 } : nextFrame(bytes, 0);
    if (frame) {
      this.#collecting = true;
      this.#passed += frame.start;
      this.#held = [bytes.subarray(frame.start)];
      this.#heldBytes = bytes.length - frame.start;
    } else {
      this.#passed += Math.max(0, bytes.length - 8);
      this.#held = [bytes.subarray(-8)];
    }
  }

  async end(): Promise<void> {
    if (this.#collecting) await this.#work(true);
    this.#held = [];
    for (const flow of this.#flows) await flow.end();
  }

  async #work(last: boolean): Promise<void> {
    const bytes = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held);
    let at = 0;
    for (;;) {
      const frame: Frame | undefined = this.#first
        ? { kind: 'zlib', start: 0, data: 0 }
        : nextFrame(bytes, at);
      this.#first = false;
      if (!frame) {
        at = Math.max(at, bytes.length - 8);
        this.#collecting = false;
        break;
      }
      const moved = { ...frame, start: 0, data: frame.data - frame.start };
      const atStart = this.#passed + frame.start === 0;
      const view = { atStart, last, flowing: this.#flows.size };
      const end = await this.#unpack(moved, bytes.subarray(frame.start), view);
      if (end === 'cut' && !last) {
        at = frame.start;
        break;
      }
      if (end instanceof Flow) this.#flows.add(end);
      at = frame.start + (typeof end === 'number' ? Math.max(end, 1) : 1);
    }
    this.#passed += at;
    this.#held = [Buffer.from(bytes.subarray(at))];
    this.#heldBytes = bytes.length - at;
  }
}

const base64Letters = /[^A-Za-z0-9+/_-]/g;
const lineBreak = /(?:(?:\\r)?\\n|\r?\n)[ \t]{0,32}(?=[A-Za-z0-9+/_-])/y;

// Goes on over line breaks, as MIME, PEM and YAML have them or escaped in a string. One long expression overflows the stack.
function endOfBase64(text: string, from: number): number {
  for (let at = from; ; ) {
    base64Letters.lastIndex = at;
    const end = base64Letters.exec(text)?.index ?? text.length;
    lineBreak.lastIndex = end;
    if (!lineBreak.test(text)) return end;
    at = lineBreak.lastIndex;
  }
}

// Sound data that asks for more memory than it is given; damaged data, by contrast, nobody else can read either.
const isOutOfReach = (error: unknown): boolean =>
  /windowTooLarge|memory_allocation/.test((error as NodeJS.ErrnoException).code ?? '') ||
  /error code (3|4)$/.test(messageOf(error));

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += 1 << 16) yield bytes.subarray(at, at + (1 << 16));
}

async function* counted(
  source: AsyncIterable<Buffer>,
  budget: Budget,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of source) {
    budget.unpack(chunk.length);
    yield chunk;
  }
}
