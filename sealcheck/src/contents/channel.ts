import { PassThrough } from 'node:stream';

/** A queue of chunks between a producer and one consumer, about a mebibyte ahead. The consumer may leave early. */
export class Channel implements AsyncIterable<Buffer> {
  readonly #stream = new PassThrough({ highWaterMark: 1 << 19 });

  constructor() {
    this.#stream.on('error', () => undefined);
  }

  /** Resolves when there is room for more, or at once if the consumer has left. */
  async put(chunk: Buffer): Promise<void> {
    const stream = this.#stream;
    if (stream.destroyed || chunk.length === 0 || stream.write(chunk)) return;
    await new Promise<void>((resolve) => {
      const resume = (): void => {
        stream.off('drain', resume).off('close', resume);
        resolve();
      };
      stream.once('drain', resume).once('close', resume);
    });
  }

  /** Ends the stream. */
  end(): void {
    this.#stream.end();
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    return this.#stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }
}
