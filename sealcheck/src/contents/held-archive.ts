import { type Budget, LimitReached } from './budget.ts';
import type { Flow } from './carver.ts';
import { foreignFormat, foreignPieces, LARGEST_FOREIGN, NotOpened } from './foreign.ts';
import type { Listener, Where } from './scan.ts';

/** A file that is being scanned, and how much its archives may still unpack to. */
export type OpenFile = { where: Where; budget: Budget; depth: number };

/** Opens what a file's bytes compress, while the bytes themselves are searched. */
export type Opening = {
  push(chunk: Buffer): Promise<void>;
  /** Resolves when everything was opened: true if a search of the bytes would only repeat what was found. */
  end(): Promise<boolean>;
  /** The file as text, if it is a small text. */
  text?(): Buffer | undefined;
};

const ZIP_MAGIC = 0x504b0304;
const ZIP_END = Buffer.from('PK\u0005\u0006', 'latin1');
// 7-Zip's name for the content of a file that stores no names.
const UNNAMED = 'archive~';

/** Keeps an archive that 7-Zip may have to open, and reports what could not be opened. */
export class HeldArchive {
  /** Entries of a zip that can't be decompressed here. */
  readonly obstacles = { encrypted: 0, method: 0 };
  readonly #file: OpenFile;
  readonly #listener: Listener;
  readonly #scanEntry: (name: string) => Flow;
  readonly #format: { name: string; opens: boolean } | undefined;
  readonly #isZip: boolean;
  // None beyond the size limit for 7-Zip.
  #chunks: Buffer[] | undefined;
  #length = 0;

  /** @param head the file's first bytes. */
  constructor(file: OpenFile, head: Buffer, listener: Listener, scanEntry: (name: string) => Flow) {
    this.#file = file;
    this.#listener = listener;
    this.#scanEntry = scanEntry;
    this.#format = foreignFormat(head);
    this.#isZip = head.length >= 4 && head.readUInt32BE(0) === ZIP_MAGIC;
    if (this.#format?.opens || this.#isZip) this.#chunks = [];
  }

  get isArchive(): boolean {
    return this.#format !== undefined || this.obstacles.method > 0;
  }

  push(chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length > LARGEST_FOREIGN) this.#chunks = undefined;
    else this.#chunks?.push(Buffer.from(chunk));
  }

  /** Opens the archive, if nothing else did. */
  async open(): Promise<void> {
    const { where } = this.#file;
    if (this.#format) {
      if (this.#format.opens) await this.#openWhole(this.#format.name);
      else this.#listener.unopened(where, `is ${this.#format.name}, which can't be opened`);
    } else if (this.obstacles.encrypted > 0)
      this.#listener.unopened(where, `has encrypted entries: ${this.obstacles.encrypted}`);
    else if (this.obstacles.method > 0) await this.#openWhole('zip');
    else if (this.#chunks && this.#isZip && !Buffer.concat(this.#chunks).includes(ZIP_END))
      this.#listener.unopened(where, 'is a zip that is cut short; searched as far as it could be read');
  }

  async #openWhole(format: string): Promise<void> {
    const { where, budget } = this.#file;
    if (!this.#chunks) {
      const reason = this.#length > LARGEST_FOREIGN ? ` of more than ${LARGEST_FOREIGN / 2 ** 20} MiB` : '';
      this.#listener.unopened(where, `is ${format}${reason}, which can't be opened`);
      return;
    }
    let entry: { path: string; flow: Flow } | undefined;
    try {
      for await (const { path, bytes } of foreignPieces(Buffer.concat(this.#chunks))) {
        if (path !== entry?.path) {
          await entry?.flow.end();
          entry = { path, flow: this.#scanEntry(path === UNNAMED ? `(${format})` : path) };
        }
        budget.unpack(bytes.length);
        await entry.flow.put(bytes);
      }
    } catch (error) {
      if (error instanceof LimitReached) this.#listener.incomplete(where, error.message);
      else if (error instanceof NotOpened)
        this.#listener.unopened(where, `is ${format} and ${error.message}`);
      else throw error;
    } finally {
      await entry?.flow.end();
    }
  }
}
