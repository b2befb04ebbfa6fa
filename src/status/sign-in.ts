import { SESSION_LIFE, signSession } from '#sessions/session.ts';
import { isStatusToken, STATUS_COOKIE, STATUS_PURPOSE, statusAccess } from './access.ts';

/** Takes the form of `/status`: the right token gives a session in a cookie that scripts can't read. */
export async function answerSignIn(request: Request): Promise<Response> {
  if (statusAccess(new Headers(), undefined) === 'off')
    return new Response('There is nothing here.\n', { status: 404 });
  const form = await request.formData().catch(() => new FormData());
  if (!isStatusToken(String(form.get('token') ?? '').trim())) return seeOther('/status?refused');
  const secure = request.headers.get('x-forwarded-proto') === 'https' || request.url.startsWith('https:');
  return seeOther('/status', {
    'Set-Cookie':
      `${STATUS_COOKIE}=${signSession(STATUS_PURPOSE)}; Path=/status; Max-Age=${SESSION_LIFE}; HttpOnly; SameSite=Strict` +
      (secure ? '; Secure' : ''),
  });
}

/** Relative, so that it is right behind every proxy: https://www.rfc-editor.org/rfc/rfc9110#field.location. */
function seeOther(location: string, headers: Record<string, string> = {}): Response {
  return new Response(null, {
    status: 303,
    headers: { Location: location, 'Cache-Control': 'no-store', ...headers },
  });
}
