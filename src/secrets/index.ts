/**
 * The entry point: everything that other modules may use, except `stores/open.ts`, whose clients no page should load,
 * and `taint.ts`, which only a page can load. There are three ways to read a secret:
 *
 * - `readSecret`: strict, for a build or a command. It reads the sources on each call.
 * - `liveSecret`: the current value, for a server. It follows rotation, and needs no I/O.
 * - `optionalSecret`: like `liveSecret`, for a feature that is off without the secret. An invalid one counts as missing.
 */
export {
  type DatabaseAddress,
  liveDatabaseAddress,
  MissingDatabaseUrl,
  readDatabaseAddress,
} from './database-url.ts';
export { declarationOf, SECRET_NAMES, type SecretName } from './declaration.ts';
export { rotatingKeys } from './derived-keys.ts';
export {
  liveSecret,
  optionalSecret,
  refreshSecrets,
  secretAges,
  secretProblem,
  watchSecrets,
} from './live.ts';
export { mask, maskError } from './masking.ts';
export { type Phase, phaseVariables } from './phase.ts';
export { type ReadSecret, readSecret } from './reader.ts';
export { SecretError } from './secret-error.ts';
export { type Sources, type StoreState, storeState } from './sources.ts';
export { blocking, type SecretState, secretStates } from './states.ts';
