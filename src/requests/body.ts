/**
 * Reads the body of a request as text.
 *
 * @param most the maximum number of bytes; the rest of a longer body is not read
 * @returns `undefined` if the body is longer than that
 */
export async function bodyWithin(most: number, request: Request): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > most) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The fields of a URL-encoded form; none if it is longer than 10 kB. See https://url.spec.whatwg.org/#application/x-www-form-urlencoded. */
export async function formOf(request: Request): Promise<URLSearchParams> {
  return new URLSearchParams((await bodyWithin(10_000, request)) ?? '');
}
