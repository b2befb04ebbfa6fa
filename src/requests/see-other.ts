/**
 * Sends the client to another page after a POST. The location is relative, so that it is right behind every proxy, or
 * another site's: https://www.rfc-editor.org/rfc/rfc9110#field.location.
 */
export function seeOther(location: string, headers: Record<string, string> = {}): Response {
  return new Response(null, {
    status: 303,
    headers: { Location: location, 'Cache-Control': 'no-store', ...headers },
  });
}
