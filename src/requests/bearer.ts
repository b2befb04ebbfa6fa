/**
 * The token of an `Authorization: Bearer` header; `undefined` if there is none. See https://www.rfc-editor.org/rfc/rfc6750.
 *
 * @param authorization the header's value
 */
export function bearerToken(authorization: string | null | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
}
