/**
 * A queue of chunks between a producer and one consumer, at most `capacity` bytes ahead. The consumer may leave early.
 */
export class Channel implements AsyncIterable<Buffer> {
  readonly #chunks: Buffer[] = [];
  readonly #capacity: number;
  #bytes = 0;
  #ended = false;
  #left = false;
  #failure: unknown;
  #wakeConsumer: (() => void) | undefined;
  #wakeProducer: (() => void) | undefined;

  constructor(capacity = 1 << 20) {
    this.#capacity = capacity;
  }

  /** Resolves when there is room for more, or at once if the consumer has left. */
  async put(chunk: Buffer): Promise<void> {
    if (this.#left || chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#wakeConsumer?.();
    if (this.#bytes > this.#capacity)
      await new Promise<void>((wake) => {
        this.#wakeProducer = wake;
      });
  }

  /** Ends the stream; with an error, the consumer's iteration throws it. */
  end(failure?: unknown): void {
    this.#ended = true;
    this.#failure = failure;
    this.#wakeConsumer?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk) {
          this.#bytes -= chunk.length;
          if (this.#bytes <= this.#capacity) this.#wakeProducer?.();
          yield chunk;
        } else if (this.#ended) {
          if (this.#failure !== undefined) throw this.#failure;
          return;
        } else {
          await new Promise<void>((wake) => {
            this.#wakeConsumer = wake;
          });
        }
      }
    } finally {
      this.#left = true;
      this.#chunks.length = 0;
      this.#bytes = 0;
      this.#wakeProducer?.();
    }
  }
}
