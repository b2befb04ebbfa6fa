import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { currentContentLog } from '#content-log/follow.ts';
import { openClient } from '#database/open-client.ts';
import { reachability } from '#database/reachability.ts';
import type { Pages } from '#page-cache/pages.ts';
import { renderCounts } from '#page-cache/renders.ts';
import { secretAges } from '#secrets/index.ts';
import { answerPlainly } from './plain-answer.ts';

/** What answered a request. */
export type RequestKind = 'page' | 'dynamic page' | 'handler' | 'asset' | 'health' | 'rejected';

/** The metrics of a server. */
export type Metrics = {
  /**
   * Records a request once its response ends.
   *
   * @param since when the request arrived, in milliseconds of `performance.now()`
   */
  observe: (kind: RequestKind, response: ServerResponse, since: number) => void;
};

/** Seconds: finished pages take under a millisecond, rendered ones up to some seconds. */
const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Serves `/metrics` in Prometheus's text format on a port of its own, which should not be public. No label holds a path,
 * a value or anything else from a request. The names follow https://prometheus.io/docs/practices/naming/.
 */
export async function serveMetrics(hostname: string, port: number, pages: Pages): Promise<Metrics> {
  // Loaded only if metrics are on: it takes longer than everything else before the first page.
  const { collectDefaultMetrics, Counter, Gauge, Histogram, register } = await import('prom-client');
  collectDefaultMetrics();

  const latency = new Histogram({
    name: 'sealed_http_request_duration_seconds',
    help: 'Time to answer a request, by what answered it.',
    labelNames: ['kind', 'status'],
    buckets: LATENCY_BUCKETS,
  });
  const inFlight = new Gauge({
    name: 'sealed_http_requests_in_flight',
    help: 'Requests that are being answered.',
  });
  const gauge = (name: string, help: string, read: () => number | undefined) =>
    new Gauge({
      name,
      help,
      collect() {
        this.set(read() ?? Number.NaN);
      },
    });

  gauge('sealed_pages', 'Finished pages in memory.', () => pages.usage().pages);
  gauge('sealed_pages_bytes', 'Bytes of finished pages in memory.', () => pages.usage().bytes);
  gauge(
    'sealed_content_log_lag_seconds',
    'Time since the content log was last read; NaN before that.',
    () => {
      const lag = currentContentLog()?.lag();
      return lag === undefined ? undefined : lag / 1_000;
    },
  );
  gauge('sealed_database_up', '1 if the database answered when it was last used, otherwise 0.', () =>
    reachability() === 'reachable' ? 1 : 0,
  );
  new Counter({
    name: 'sealed_pages_rendered_total',
    help: 'Renders of finished pages, by their reason or as failed.',
    labelNames: ['reason'],
    collect() {
      this.reset();
      for (const [reason, count] of Object.entries(renderCounts())) this.inc({ reason }, count);
    },
  });
  new Gauge({
    name: 'sealed_database_connections',
    help: "Connections of the pages' pool, and queries that wait for one.",
    labelNames: ['state'],
    collect() {
      const { totalCount = 0, idleCount = 0, waitingCount = 0 } = openClient.pool ?? {};
      this.set({ state: 'active' }, totalCount - idleCount);
      this.set({ state: 'idle' }, idleCount);
      this.set({ state: 'waiting' }, waitingCount);
    },
  });
  new Gauge({
    name: 'sealed_secret_age_seconds',
    help: 'Time since this process first saw the value of a secret.',
    labelNames: ['secret'],
    collect() {
      this.reset();
      for (const { name, seconds } of secretAges()) this.set({ secret: name }, seconds);
    },
  });

  const server = createServer((request: IncomingMessage, response) => {
    if (request.url?.split('?', 1)[0] !== '/metrics')
      return answerPlainly(response, 404, 'Metrics are at /metrics.');
    register.metrics().then(
      (text) => response.writeHead(200, { 'Content-Type': register.contentType }).end(text),
      () => answerPlainly(response, 500, 'The metrics could not be collected.'),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${port} is taken. Choose another with METRICS_PORT.`)
          : error,
      ),
    );
    server.listen(port, hostname, resolve);
  });
  server.unref();

  return {
    observe: (kind, response, since) => {
      inFlight.inc();
      response.once('close', () => {
        inFlight.dec();
        latency.observe({ kind, status: response.statusCode }, (performance.now() - since) / 1_000);
      });
    },
  };
}
