import { setting } from '#environment/settings.ts';
import type { Render, RequestHandler } from '#page-cache/render.ts';
import { createRenderer } from '#page-cache/render.ts';

/** Milliseconds for which a request waits for Next.js to load. */
const LOAD_TIMEOUT = 10_000;

/** Next.js, loaded on first use, or when `load` is called. */
export type NextApp = {
  /** Starts loading, if it has not started yet. */
  load: () => void;
  render: Render;
  handle: RequestHandler;
};

/**
 * Next.js for a standalone build. Loading it blocks the process for half a second, so it is loaded only after the server
 * has started: finished pages do not need it.
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
