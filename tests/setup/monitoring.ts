import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import getPort from 'get-port';

const answers = (command: string) => spawnSync(command, ['--version']).status === 0;

/** Whether this machine has Prometheus, its tool and Alertmanager, under the names of Debian's packages. */
export const hasPrometheus = ['promtool', 'prometheus', 'prometheus-alertmanager'].every(answers);

/** An alert that Alertmanager received. */
export type Alert = { labels: { alertname: string }; status: { state: string } };

/** A Prometheus and an Alertmanager. */
export type Monitoring = { alerts: () => Promise<Alert[]>; stop: () => Promise<void> };

/**
 * Starts both with the project's alerts, which wait for seconds instead of minutes here.
 *
 * @param metricsPort where a server on this machine has its metrics
 */
export async function startMonitoring(metricsPort: number): Promise<Monitoring> {
  const folder = mkdtempSync(join(tmpdir(), 'sealed-monitoring-'));
  const [prometheus, alertmanager] = [await getPort(), await getPort()];
  const here = (port: number) => `127.0.0.1:${port}`;
  copyFileSync('deploy/monitoring/prometheus.yaml', join(folder, 'prometheus.yaml'));
  const rewrite = (name: string, change: (text: string) => string) =>
    writeFileSync(join(folder, name), change(readFileSync(join('deploy/monitoring', name), 'utf8')));
  rewrite('alerts.yaml', (text) => text.replaceAll(/for: \d+m/g, 'for: 1s'));
  rewrite('prometheus.yaml', (text) =>
    text
      .replaceAll('15s', '1s')
      .replace('alertmanager:9093', here(alertmanager))
      .replace('app:9464', here(metricsPort)),
  );
  writeFileSync(
    join(folder, 'alertmanager.yaml'),
    'route: { receiver: nobody, group_wait: 0s }\nreceivers: [{ name: nobody }]\n',
  );
  const started = [
    spawn(
      'prometheus',
      [
        `--config.file=${join(folder, 'prometheus.yaml')}`,
        `--storage.tsdb.path=${join(folder, 'series')}`,
        `--web.listen-address=${here(prometheus)}`,
      ],
      { stdio: 'ignore' },
    ),
    spawn(
      'prometheus-alertmanager',
      [
        `--config.file=${join(folder, 'alertmanager.yaml')}`,
        `--storage.path=${join(folder, 'alerts')}`,
        `--web.listen-address=${here(alertmanager)}`,
        '--cluster.listen-address=',
      ],
      { stdio: 'ignore' },
    ),
  ];
  return {
    alerts: async () =>
      (await fetch(`http://${here(alertmanager)}/api/v2/alerts`)).json() as Promise<Alert[]>,
    stop: async () => {
      await Promise.all(
        started.map(
          (child) =>
            new Promise<void>((resolve) => {
              child.once('close', () => resolve());
              child.kill();
            }),
        ),
      );
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
