/** A secret is missing, wrong or out of its phase. The message names the secret and the source, never the value. */
export class SecretError extends Error {
  override name = 'SecretError';
}
