import { formOf } from '#requests/body.ts';
import { seeOther } from '#requests/see-other.ts';
import { isFromOwnPage, siteOf } from '#requests/site.ts';
import { STATUS_COOKIE, statusAccess, statusSession, tokenAccess } from './access.ts';
import { SESSION_LIFE } from './session.ts';

/** Handles the form of `/status`: the right token starts a session, in an HttpOnly cookie. */
export async function answerSignIn(request: Request): Promise<Response> {
  if (statusAccess() === 'off') return new Response('There is nothing here.\n', { status: 404 });
  if (!isFromOwnPage(request)) return new Response('Use the form at /status.\n', { status: 403 });
  const sent = (await formOf(request)).get('token') ?? '';
  if (tokenAccess(sent.trim()) !== 'granted') return seeOther('/status?refused');
  const secure = siteOf(request).protocol === 'https:' ? '; Secure' : '';
  return seeOther('/status', {
    'Set-Cookie': `${STATUS_COOKIE}=${statusSession()}; Path=/status; Max-Age=${SESSION_LIFE}; HttpOnly; SameSite=Strict${secure}`,
  });
}
