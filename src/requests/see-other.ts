/**
 * Redirects the client after a POST, with 303. The location is a path, so that it is right behind any proxy, or the URL
 * of another site: https://www.rfc-editor.org/rfc/rfc9110#field.location.
 */
export function seeOther(location: string, headers: Record<string, string> = {}): Response {
  return new Response(null, {
    status: 303,
    headers: { Location: location, 'Cache-Control': 'no-store', ...headers },
  });
}
