import { SecretError } from '../secret-error.ts';

/** A place elsewhere that holds secrets, asked over the network. */
export type SecretStore = {
  /** As it is named in a sentence, such as `Vault`. */
  name: string;
  /**
   * Asks for the text of these secrets; what the store does not have is left out.
   *
   * @param signal ends the attempt
   * @throws StoreError with a sentence that quotes no value
   */
  read(names: readonly string[], signal: AbortSignal): Promise<Map<string, string>>;
};

/** Why a store gave nothing. The message is one sentence that names the store, and no value. */
export class StoreError extends SecretError {
  override name = 'StoreError';
  /** Whether the same question may have an answer later: the store is away, not unwilling. */
  readonly passing: boolean;

  constructor(message: string, { passing, cause }: { passing: boolean; cause?: unknown }) {
    super(message, { cause });
    this.passing = passing;
  }
}
