/** Thrown if a secret is missing, invalid or read outside its phases. The message names secret and source, never the value. */
export class SecretError extends Error {
  override name = 'SecretError';
}
