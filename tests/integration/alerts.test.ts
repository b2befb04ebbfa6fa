import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import getPort from 'get-port';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parse } from 'yaml';
import { skipSuite } from '../setup/capability.ts';
import { hasPrometheus, startMonitoring } from '../setup/monitoring.ts';
import { serveStandalone } from '../setup/standalone.ts';

type Rule = { alert: string; annotations: { runbook: string } };

const rules: Rule[] = parse(readFileSync('deploy/monitoring/alerts.yaml', 'utf8')).groups[0].rules;

if (!hasPrometheus)
  skipSuite('alerts', 'There is no Prometheus. Install the packages prometheus and prometheus-alertmanager.');

describe('the alerts', () => {
  it('each have a test, and a section in docs/operating.md that their link names', () => {
    const tests = readFileSync('deploy/monitoring/alerts.test.yaml', 'utf8');
    const sections = readFileSync('docs/operating.md', 'utf8').match(/(?<=^### )\w+$/gm);
    expect(sections).toEqual(rules.map(({ alert }) => alert));
    for (const { alert, annotations } of rules) {
      expect(tests).toContain(`alertname: ${alert}`);
      expect(annotations.runbook).toBe(`docs/operating.md#${alert.toLowerCase()}`);
    }
  });

  it.skipIf(!hasPrometheus)('are valid, and fire when they should', () => {
    const promtool = (...args: string[]) =>
      execFileSync('promtool', args, { cwd: 'deploy/monitoring', encoding: 'utf8', stdio: 'pipe' });
    expect(promtool('check', 'config', 'prometheus.yaml')).toContain('SUCCESS');
    expect(promtool('test', 'rules', 'alerts.test.yaml')).toContain('SUCCESS');
  });

  it.skipIf(!hasPrometheus)('reach Alertmanager when the database of a replica is down', async () => {
    const metricsPort = await getPort();
    const site = await serveStandalone({
      METRICS_PORT: String(metricsPort),
      DATABASE_URL_FILE: '',
      DATABASE_URL: `postgresql://blog:change-me@127.0.0.1:${await getPort()}/blog`,
    });
    onTestFinished(() => void site.stop());
    const monitoring = await startMonitoring(metricsPort);
    onTestFinished(() => monitoring.stop());
    await vi.waitFor(
      async () => {
        const active = (await monitoring.alerts()).filter(({ status }) => status.state === 'active');
        expect(active.map(({ labels }) => labels.alertname)).toContain('SealedDatabaseDown');
      },
      { timeout: 25_000, interval: 500 },
    );
  });
});
