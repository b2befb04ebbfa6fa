import { setPriority } from 'node:os';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { serveFrom } from '#build-output/build-folder.ts';
import { disconnect, openClient, type PoolCounts } from '#database/open-client.ts';
import { onReachabilityChange, reportReachable, reportUnreachable } from '#database/reachability.ts';
import { acceptedSignIns, adoptSignIns } from '#database/sign-ins.ts';
import { watchDatabase } from '#database/watch.ts';
import { setting } from '#environment/settings.ts';
import type { Render, Rendered } from '#page-cache/render.ts';
import { watchSecrets } from '#secrets/index.ts';
import { attachSharedStore, type SharedStore, shareStore } from '#secrets/stores/across-threads.ts';
import { installServerLog } from './log.ts';
import { createNextApp } from './next-app.ts';
import { requestId, withRequest } from './request-id.ts';

/** On Linux, a thread has its own priority: if there is only one core, responses go before renders. */
const NICENESS = 10;

/** Milliseconds between two reports of the pool for `/metrics`. */
const POOL_INTERVAL = 2_000;

const NO_CONNECTIONS: PoolCounts = { totalCount: 0, idleCount: 0, waitingCount: 0 };

/** Bytes of memory from which the thread's heap needs no limit of its own. */
const MUCH_MEMORY = 4 * 2 ** 30;

/** What the server tells the thread. */
type Order = { id: number; path: string; requestId: string | undefined } | 'stop';

/**
 * What the thread tells the server: the result of a render, the connections of its pool, or why the database can't be used;
 * `problem` is empty if it can be again.
 */
type Report =
  | { id: number; result: Rendered | { failure: string } }
  | { pool: PoolCounts }
  | { problem: string; since: number };

type ThreadData = { store: SharedStore | undefined; signIns: string[] };

type Pending = { resolve: (rendered: Rendered) => void; reject: (error: Error) => void };

/** A thread that renders pages with Next.js, so that neither loading it nor a render delays a response. */
export type RenderThread = {
  /** Starts the thread, and loads Next.js in it. */
  load: () => void;
  /** Renders a page that is the same for every reader. */
  render: (path: string) => ReturnType<Render>;
  /** The connections of the thread's pool, some seconds ago. */
  pool: () => PoolCounts;
  /** Closes the thread's database connections, and ends it. */
  stop: () => Promise<void>;
};

/**
 * Creates a {@link RenderThread}. It starts when it is first needed, and again if it ended by an error.
 *
 * @param file the command that calls {@link renderPages} if it is run in a thread
 */
export function createRenderThread(file: string): RenderThread {
  let thread: Worker | undefined;
  let pool = NO_CONNECTIONS;
  const pending = new Map<number, Pending>();
  let count = 0;

  const start = () => {
    const store = shareStore();
    const started = new Worker(file, {
      workerData: { store, signIns: acceptedSignIns() } satisfies ThreadData,
      resourceLimits: { maxOldGenerationSizeMb: heapLimit() },
      transferList: store ? [store.port] : [],
    });
    started.on('message', (report: Report) => {
      if ('pool' in report) {
        pool = report.pool;
        return;
      }
      if (!('id' in report)) {
        if (report.problem)
          reportUnreachable(new Error(report.problem), report.since - performance.timeOrigin);
        else reportReachable();
        return;
      }
      const waiting = pending.get(report.id);
      pending.delete(report.id);
      if ('failure' in report.result) waiting?.reject(new Error(report.result.failure));
      else waiting?.resolve(report.result);
    });
    started.on('error', (error) => console.error(error));
    started.on('exit', () => {
      thread = undefined;
      for (const { reject } of pending.values())
        reject(new Error('The thread that renders pages has ended.'));
      pending.clear();
    });
    return started;
  };

  const tell = (order: Order) => {
    thread ??= start();
    thread.postMessage(order);
  };

  return {
    load: () => {
      thread ??= start();
    },
    render: (path) =>
      new Promise((resolve, reject) => {
        count += 1;
        pending.set(count, { resolve, reject });
        tell({ id: count, path, requestId: requestId() });
      }),
    pool: () => pool,
    stop: async () => {
      if (!thread) return;
      const ended = new Promise((resolve) => thread?.once('exit', resolve));
      tell('stop');
      await ended;
    },
  };
}

/** MB for the thread's heap: half of a container's memory, since by default V8 would let each thread use all of it. */
function heapLimit(): number | undefined {
  const memory = process.constrainedMemory();
  return memory > 0 && memory < MUCH_MEMORY ? memory / 2 / 2 ** 20 : undefined;
}

/** The thread's part: renders what the server asks for, until it is told to stop. */
export function renderPages(folder: string): void {
  const server = parentPort;
  if (!server) throw new Error('Pages are rendered in a thread of the server only.');
  const report = (message: Report) => server.postMessage(message);
  serveFrom(folder);
  const { store, signIns }: ThreadData = workerData;
  adoptSignIns(signIns);
  if (store) attachSharedStore(store);
  installServerLog();
  // The server logs them.
  watchSecrets(() => undefined);
  // Each thread has its own performance.now().
  onReachabilityChange((problem, since) =>
    report({ problem: problem?.message ?? '', since: performance.timeOrigin + since }),
  );
  // Without polling, the database may sleep; it is only queried when a render wakes it anyway.
  if (setting('CONTENT_LOG_POLL_SECONDS') > 0) watchDatabase();
  if (setting('METRICS_PORT') > 0) {
    setInterval(() => {
      const { totalCount, idleCount, waitingCount } = openClient.pool ?? NO_CONNECTIONS;
      report({ pool: { totalCount, idleCount, waitingCount } });
    }, POOL_INTERVAL).unref();
  }
  const next = createNextApp(folder);
  next.load();
  let isFirst = true;
  server.on('message', async (order: Order) => {
    if (order === 'stop') {
      await disconnect().catch(() => undefined);
      process.exit();
    }
    const result = await withRequest(order.requestId, () => next.render(order.path)).catch(
      (error: unknown) => ({ failure: error instanceof Error ? error.message : String(error) }),
    );
    report({ id: order.id, result });
    // Not before the first render: its reader waits until Next.js is loaded.
    if (isFirst && process.platform === 'linux') setPriority(NICENESS);
    isFirst = false;
  });
}
