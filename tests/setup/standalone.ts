import { join } from 'node:path';
import { inject } from 'vitest';
import { runNode } from './command.ts';

/** Another server of the build that the suite shares, with secrets of one test's own. */
export type Standalone = { url: string; log: () => string; stop: () => Promise<unknown> };

export async function serveStandalone(variables: Record<string, string>): Promise<Standalone> {
  const folder = inject('siteFolder');
  const server = runNode(folder, [join(folder, '.next/standalone/sealed.js')], {
    HOSTNAME: '127.0.0.1',
    PORT: '0',
    DATABASE_URL_FILE: join(folder, '.data/database_url'),
    ...variables,
  });
  const [, url = ''] = await server.printed(/ready at (http:\S+)/);
  return { url, log: server.output, stop: () => server.stop() };
}
