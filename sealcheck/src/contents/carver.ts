import { Channel } from './channel.ts';
import { type Frame, nextFrame } from './frames.ts';

/** A frame that ends within this many bytes is decompressed in memory; a longer one as a stream. */
export const FRAME_WINDOW = 16 * 2 ** 20;
/** The most of one file, or of one frame's content, that is kept in memory. */
export const IN_MEMORY = 8 * 2 ** 20;

/** A buffer as a stream of chunks. */
export async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += 1 << 16) yield bytes.subarray(at, at + (1 << 16));
}

/** Context of a frame: whether it starts the file, whether the whole file is buffered, and how many other frames are being decompressed. */
export type View = {
  atStart: boolean;
  last: boolean;
  flowing: number;
};

type Unpack = (frame: Frame, bytes: Buffer, view: View) => Promise<number | 'cut' | Flow | undefined>;

/** A running decompression that is given bytes until it has enough. */
export class Flow {
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

/** Finds compressed frames anywhere in a file and passes each on with the bytes that follow it. */
export class Carver {
  /** The file's text if it is text, kept while it is small, to search for base64 runs. */
  text(): Buffer | undefined {
    return this.#text.length > 0 ? Buffer.concat(this.#text) : undefined;
  }
  readonly #unpack: Unpack;
  readonly #text: Buffer[] = [];
  readonly #flows = new Set<Flow>();
  #held: Buffer[] = [];
  #heldBytes = 0;
  // Number of bytes in the file before the buffered ones.
  #passed = 0;
  #collecting = false;
  #first: boolean;
  readonly #anyWindow: boolean;
  #isText: boolean | undefined;
  #textBytes = 0;

  constructor(unpack: Unpack, head: { isZlib: boolean; anyWindow: boolean }) {
    this.#unpack = unpack;
    this.#first = head.isZlib;
    this.#anyWindow = head.anyWindow;
  }

  async push(chunk: Buffer): Promise<void> {
    for (const flow of this.#flows) {
      if (flow.isOver) this.#flows.delete(flow);
      else await flow.put(chunk);
    }
    this.#isText ??= !chunk.subarray(0, 1024).includes(0);
    if (this.#isText && this.#textBytes < IN_MEMORY) {
      this.#textBytes += chunk.length;
      this.#text.push(chunk);
    }
    if (this.#collecting) {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
      if (this.#heldBytes >= FRAME_WINDOW) await this.#work(false);
      return;
    }
    const tail = this.#held[0];
    const bytes = tail ? Buffer.concat([tail, chunk]) : chunk;
    const frame = this.#first ? { start: 0 } : nextFrame(bytes, 0, this.#anyWindow);
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
        : nextFrame(bytes, at, this.#anyWindow);
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
