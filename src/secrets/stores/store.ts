import { SecretError } from '../secret-error.ts';

/** A remote store of secrets. */
export type SecretStore = {
  /** Its name in messages, such as `Vault`. */
  name: string;
  /**
   * Fetches the text of these secrets; the result leaves out what the store does not have.
   *
   * @param signal aborts the request
   * @throws StoreError if the store can't be read
   */
  read(names: readonly string[], signal: AbortSignal): Promise<Map<string, string>>;
};

/** Thrown if a store can't be read. The message is one sentence that names the store, but no value. */
export class StoreError extends SecretError {
  override name = 'StoreError';
  /** Whether the failure is transient, so that the same request may succeed later. */
  readonly transient: boolean;

  constructor(message: string, { transient, cause }: { transient: boolean; cause?: unknown }) {
    super(message, { cause });
    this.transient = transient;
  }
}
