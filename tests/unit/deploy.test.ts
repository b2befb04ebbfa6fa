import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { declarationOf, SECRET_NAMES } from '#secrets/declaration.ts';
import { ANSWER_TIMEOUT } from '#serving/shutdown.ts';
import { readObject } from '../setup/kubernetes.ts';

/** The files below /run/secrets that a running container looks for. */
const RUN_TIME = SECRET_NAMES.filter((name) => declarationOf(name).phases.run).map((name) =>
  name.toLowerCase(),
);

const pods = [
  ['the Deployment', readObject('blog.yaml', 'Deployment').spec.template.spec],
  ['the Job', readObject('migrate.yaml', 'Job').spec.template.spec],
] as const;

const keysOf = {
  'secret.example.yaml': Object.keys(readObject('secret.example.yaml', 'Secret').stringData ?? {}),
  'external-secrets-aws.yaml': externalKeys('external-secrets-aws.yaml'),
  'external-secrets-vault.yaml': externalKeys('external-secrets-vault.yaml'),
};

describe('deploy/kubernetes', () => {
  it.each(pods)('removes from the process of %s the rights that it does not need', (_, pod) => {
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    for (const { securityContext } of pod.containers) {
      expect(securityContext).toEqual({
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      });
    }
  });

  it.each(pods)('provides secrets to %s as files that can change, readable by its group only', (_, pod) => {
    const secret = pod.volumes.find((volume) => volume.secret);
    expect(secret?.secret).toMatchObject({ secretName: 'blog', defaultMode: 0o440 });
    expect(pod.securityContext.fsGroup).toBe(pod.securityContext.runAsGroup);
    for (const { volumeMounts, env = [] } of pod.containers) {
      const mount = volumeMounts.find(({ name }) => name === secret?.name);
      expect(mount).toEqual({ name: secret?.name, mountPath: '/run/secrets', readOnly: true });
      expect(env.filter(({ value }) => value === undefined)).toEqual([]);
    }
  });

  it.each(Object.entries(keysOf))('names in %s secrets that a running container reads', (_, keys) => {
    expect(keys.filter((key) => !RUN_TIME.includes(key))).toEqual([]);
    expect(keys).toEqual(keysOf['secret.example.yaml']);
    const asked = pods.flatMap(([, { volumes }]) => volumes.flatMap(({ secret }) => secret?.items ?? []));
    expect(asked.filter(({ key, path }) => !keys.includes(key) || path !== key)).toEqual([]);
  });

  it.each(['external-secrets-aws.yaml', 'external-secrets-vault.yaml'])(
    'has %s write that Secret',
    (file) => {
      const { name } = readObject('secret.example.yaml', 'Secret').metadata;
      expect(readObject(file, 'ExternalSecret').spec.target?.name).toBe(name);
    },
  );
});

describe('the manifests of the server', () => {
  const [[, pod]] = pods;
  const [app] = pod.containers;
  const service = parse(readFileSync('deploy/swarm/stack.yaml', 'utf8'), { version: '1.1' }).services.app;

  it.each([
    [
      'Kubernetes',
      app?.env?.find(({ name }) => name === 'DRAIN_SECONDS')?.value,
      pod.terminationGracePeriodSeconds,
    ],
    ['Swarm', service.environment.DRAIN_SECONDS, Number.parseInt(service.stop_grace_period, 10)],
  ])('leave time under %s to drain, and for the longest response after it', (_, drain, grace = 0) => {
    const waiting = Number(drain) + (app?.lifecycle?.preStop.sleep.seconds ?? 0);
    expect(Number(drain)).toBeGreaterThan(0);
    expect(grace).toBeGreaterThan(waiting + ANSWER_TIMEOUT / 1_000);
  });

  it('give each Kubernetes probe its own path', () => {
    const paths = [app?.startupProbe, app?.readinessProbe, app?.livenessProbe].map(
      (probe) => probe?.httpGet.path,
    );
    expect(paths).toEqual(['/health/live', '/health/ready', '/health/live']);
  });
});

describe('deploy/swarm', () => {
  it.each(['stack.yaml', 'previous-auth-secret.yaml'])(
    'names in %s secrets of the running container',
    (file) => {
      type Stack = { services: Record<string, { secrets: { target: string; mode: number; uid: string }[] }> };
      const { services }: Stack = parse(readFileSync(`deploy/swarm/${file}`, 'utf8'), { version: '1.1' });
      const secrets = Object.values(services).flatMap((service) => service.secrets);
      expect(secrets.length).toBeGreaterThan(0);
      expect(secrets.filter(({ target }) => !RUN_TIME.includes(target))).toEqual([]);
      for (const { mode, uid } of secrets) expect([mode, uid]).toEqual([0o400, '1000']);
    },
  );
});

function externalKeys(file: string): string[] {
  return (readObject(file, 'ExternalSecret').spec.data ?? []).map(({ secretKey }) => secretKey);
}
