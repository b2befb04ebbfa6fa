import { setting } from '#environment/settings.ts';
import type { Render, RequestHandler } from '#page-cache/render.ts';
import { createRenderer } from '#page-cache/render.ts';

/** Milliseconds for which a request waits for Next.js to be loaded. */
const LOAD_TIMEOUT = 10_000;

/** Next.js, loaded when it is first needed, or when the process has nothing else to do. */
export type NextApp = {
  /** Starts to load, if nothing has yet. */
  load: () => void;
  render: Render;
  handle: RequestHandler;
};

/**
 * Next.js around a standalone build. Loading it blocks the process for half a second, in which nothing is answered, so
 * the server answers what it can without it first.
 */
export function createNextApp(folder: string): NextApp {
  let loading: Promise<{ handle: RequestHandler; render: Render }> | undefined;
  const load = () => {
    const [hostname, port] = [setting('HOSTNAME'), setting('PORT')];
    loading ??= import('next').then(async ({ default: next }) => {
      const app = next({ dev: false, dir: folder, hostname, port });
      await app.prepare();
      const handle = app.getRequestHandler();
      return { handle, render: createRenderer(handle) };
    });
    return loading;
  };
  const loaded = async () => {
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error('Next.js is not loaded yet.')), LOAD_TIMEOUT).unref();
    });
    return Promise.race([load(), late]);
  };
  return {
    load: () => void load().catch((error: unknown) => console.error(error)),
    render: async (path, headers) => (await loaded()).render(path, headers),
    handle: async (request, response) => (await loaded()).handle(request, response),
  };
}
