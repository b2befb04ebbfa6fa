/** Thrown if a secret is missing, invalid or read outside its phases. The message never contains the value. */
export class SecretError extends Error {
  override name = 'SecretError';
}
