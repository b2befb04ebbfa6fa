/** How deep and how far archives are unpacked. Sizes are in bytes. */
export type Limits = {
  /** Archives within archives. */
  depth: number;
  /** The most that one file of a layer or tree may unpack to, including nested archives. */
  unpackedFile: number;
  /** The most that one compressed layer may unpack to. */
  unpackedLayer: number;
  /** The largest ratio of unpacked to packed size, once the unpacked size is over `bombFloor`. */
  ratio: number;
  bombFloor: number;
};

export const defaultLimits: Limits = {
  depth: 8,
  unpackedFile: 2 * 2 ** 30,
  unpackedLayer: 64 * 2 ** 30,
  ratio: 250,
  bombFloor: 256 * 2 ** 20,
};

/** Thrown when unpacking passes a limit; the message says which. */
export class LimitReached extends Error {
  override name = 'LimitReached';
}

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

const MOST_ATTEMPTS = 500;

/** Counts what is unpacked from one file or layer. */
export class Budget {
  readonly limits: Limits;
  readonly #most: number;
  #packed = 0;
  #unpacked = 0;
  #attempts = 0;

  constructor(limits: Limits, most: number) {
    this.limits = limits;
    this.#most = most;
  }

  read(bytes: number): void {
    this.#packed += bytes;
  }

  /** Counts an archive that may be damaged: each costs a decoder. @throws LimitReached */
  attempt(): void {
    this.#attempts += 1;
    if (this.#attempts > MOST_ATTEMPTS)
      throw new LimitReached(`holds more than ${MOST_ATTEMPTS} damaged archives`);
  }

  /** @throws LimitReached */
  unpack(bytes: number): void {
    this.#unpacked += bytes;
    if (this.#unpacked > this.#most)
      throw new LimitReached(`unpacks to more than the limit of ${gibibytes(this.#most)}`);
    if (this.#unpacked > this.limits.bombFloor && this.#unpacked > this.#packed * this.limits.ratio) {
      throw new LimitReached(
        `unpacks to more than ${this.limits.ratio} times its size, as a decompression bomb does`,
      );
    }
  }
}

/** Passes a decompressed stream on and counts it. */
export async function* counted(
  source: AsyncIterable<Buffer>,
  budget: Budget,
  meter = { bytes: 0 },
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of source) {
    meter.bytes += chunk.length;
    budget.unpack(chunk.length);
    yield chunk;
  }
}
