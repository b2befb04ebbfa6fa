import type { SecretName } from './declaration.ts';
import type { KeptSecret } from './live.ts';
import type { StoredSecrets } from './sources.ts';

/** What of the secrets a process has once, however many copies of a module a bundler makes. */
type PerProcess = {
  /** Every text that must not be printed, with the name of the secret that it tells of. */
  sealedMasked?: Map<string, string>;
  /** Called with each such text that is new. */
  sealedMaskListeners?: Set<(text: string, name: string) => void>;
  sealedOutputIsMasked?: boolean;
  sealedStore?: StoredSecrets;
  /** What a process that watches its secrets keeps of each that it uses. */
  sealedKeptSecrets?: Map<SecretName, KeptSecret>;
  sealedSecretsLog?: (line: string) => void;
  /** Each sentence about a secret of no use that the log has already. */
  sealedReportedSecrets?: Set<string>;
  /** The look at the sources that is under way. */
  sealedRefresh?: Promise<void>;
  /** What keys are derived from where there is no AUTH_SECRET. */
  sealedRandomRoot?: Buffer;
};

export const perProcess = globalThis as typeof globalThis & PerProcess;
