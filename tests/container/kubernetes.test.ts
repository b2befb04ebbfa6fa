import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { PostgreSqlContainer, type StartedPostgreSqlContainer } from '@testcontainers/postgresql';
import { Network, type StartedNetwork } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type PodSpec, readObject } from '../setup/kubernetes.ts';
import { type Container, docker, eventually, startContainer, tryDocker } from './engine.ts';

const built = inject('built');
const image = built?.image ?? '';
const newSecret = () => randomBytes(32).toString('hex');

/** What the kubelet does with a volume's files, in its order: kubernetes/pkg/volume/util/atomic_writer.go. */
const KUBELET = `
  const { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, readlinkSync } = require('node:fs');
  const { renameSync, rmSync, symlinkSync, writeFileSync } = require('node:fs');
  const { files, mode, group } = JSON.parse(readFileSync(0, 'utf8'));
  process.chdir('/volume');
  const before = existsSync('..data') ? readlinkSync('..data') : undefined;
  const version = mkdtempSync('..' + new Date().toISOString().replace(/[-T:]/g, '_') + '.');
  chmodSync(version, 0o2550);
  chownSync(version, 0, group);
  for (const [path, value] of Object.entries(files)) {
    writeFileSync(version + '/' + path, value);
    chmodSync(version + '/' + path, mode);
    chownSync(version + '/' + path, 0, group);
  }
  symlinkSync(version, '..data_tmp');
  renameSync('..data_tmp', '..data');
  for (const path of Object.keys(files)) if (!existsSync(path)) symlinkSync('..data/' + path, path);
  if (before) rmSync(before, { recursive: true });
`;

describe.skipIf(!built)('a container as deploy/kubernetes runs it', () => {
  const deployment = readObject('blog.yaml', 'Deployment').spec.template.spec;
  const job = readObject('migrate.yaml', 'Job').spec.template.spec;
  const name = `sealed-kubernetes-${randomBytes(4).toString('hex')}`;
  const passwords = { blue: newSecret(), green: newSecret() };
  const authSecret = newSecret();
  const kubelets: { id: string; volume: string }[] = [];
  let network: StartedNetwork;
  let postgres: StartedPostgreSqlContainer;
  let blog: Container;
  let secret: string;

  beforeAll(async () => {
    network = await new Network().start();
    postgres = await new PostgreSqlContainer('postgres:18')
      .withDatabase('blog')
      .withUsername('blue')
      .withPassword(passwords.blue)
      .withNetwork(network)
      .withNetworkAliases('db')
      .start();
    // While the image initializes its data, only its own socket accepts connections.
    const ready = ['pg_isready', '--host=127.0.0.1', '--username=blue', '--dbname=blog'];
    await eventually(async () => docker('exec', postgres.getId(), ...ready) !== '');
  });

  afterAll(async () => {
    blog?.remove();
    for (const { id, volume } of kubelets) {
      docker('rm', '--force', id);
      docker('volume', 'rm', volume);
    }
    await postgres.stop();
    await network.stop();
  });

  const url = (user: keyof typeof passwords) => `postgresql://${user}:${passwords[user]}@db:5432/blog`;

  /** An in-memory volume, like a Secret's, with a container that holds it and writes what the kubelet would write. */
  const volumeFor = (pod: PodSpec, user: keyof typeof passwords) => {
    const volume = `${name}-${kubelets.length}`;
    const memory = ['type=tmpfs', 'device=tmpfs'].flatMap((option) => ['--opt', option]);
    docker('volume', 'create', '--driver', 'local', ...memory, volume);
    const options = ['--user', 'root', '--volume', `${volume}:/volume`, '--entrypoint', 'sleep'];
    const id = docker('run', '--detach', ...options, image, 'infinity').trim();
    kubelets.push({ id, volume });
    handOver(id, pod, user);
    return { id, volume };
  };

  const handOver = (kubelet: string, pod: PodSpec, user: keyof typeof passwords) => {
    const values: Record<string, string> = { database_url: url(user), auth_secret: authSecret };
    const keys = Object.keys(readObject('secret.example.yaml', 'Secret').stringData ?? {});
    const { items = keys.map((key) => ({ key, path: key })), defaultMode } =
      pod.volumes.find((volume) => volume.secret)?.secret ?? {};
    const files = Object.fromEntries(items.map(({ key, path }) => [path, values[key]]));
    const input = JSON.stringify({ files, mode: defaultMode, group: pod.securityContext.fsGroup });
    execFileSync('docker', ['exec', '--interactive', kubelet, 'node', '--eval', KUBELET], { input });
  };

  const sql = (statement: string) =>
    docker('exec', postgres.getId(), 'psql', '--username=blue', '--dbname=blog', '--command', statement);

  it('migrates with the one file that the Job needs', async () => {
    const { id, volume } = volumeFor(job, 'blue');
    const { args = [] } = job.containers[0] ?? {};
    const { code, output } = await tryDocker([
      'run',
      '--rm',
      ...podOptions(job, volume, network),
      image,
      ...args,
    ]);
    expect([code, output]).toEqual([0, expect.stringMatching(/^migrate: applied/)]);
    expect(docker('exec', id, 'ls', '/volume')).toBe('database_url\n');
  });

  it('serves with files that only its group can read', async () => {
    const mounted = volumeFor(deployment, 'blue');
    secret = mounted.id;
    blog = await startContainer(image, podOptions(deployment, mounted.volume, network));
    const probe = deployment.containers[0]?.readinessProbe?.httpGet.path;
    expect((await fetch(`${blog.url}${probe}`)).status).toBe(200);
    expect(await unknownPage(blog)).toBe(404);
    const file = '/run/secrets/database_url';
    expect(docker('exec', blog.id, 'stat', '--dereference', '--format', '%a %u %g', file)).toBe(
      '440 0 1000\n',
    );
    const stranger = await tryDocker(['exec', '--user', '1001:1001', blog.id, 'cat', file]);
    expect(stranger.output).toContain('Permission denied');
  });

  it('picks up a new Secret in the same process', async () => {
    const startedAt = () => docker('inspect', '--format', '{{.State.StartedAt}} {{.RestartCount}}', blog.id);
    const before = startedAt();
    sql(`CREATE ROLE green LOGIN PASSWORD '${passwords.green}' IN ROLE blue`);
    handOver(secret, deployment, 'green');
    await eventually(async () => blog.log().includes('secrets: DATABASE_URL has changed'), 15_000);
    sql('ALTER ROLE blue PASSWORD NULL');
    expect(await unknownPage(blog)).toBe(404);
    expect(startedAt()).toBe(before);
    for (const value of [...Object.values(passwords), authSecret]) expect(blog.log()).not.toContain(value);
  });

  it('could not start with a service account’s token, which is why it has none', async () => {
    const { volume } = volumeFor(deployment, 'green');
    const token = '/var/run/secrets/kubernetes.io/serviceaccount';
    const options = [...podOptions(deployment, volume, network), '--tmpfs', token];
    const { code, output } = await tryDocker(['run', '--rm', ...options, image, '--help']);
    expect([code, output]).toEqual([125, expect.stringContaining('read-only file system')]);
  });
});

/** The `docker run` options that give a container what the pod's first container gets. */
function podOptions(pod: PodSpec, secretVolume: string, network: StartedNetwork): string[] {
  const { runAsUser, runAsGroup, fsGroup } = pod.securityContext;
  const container = pod.containers[0];
  if (!container) throw new Error('The pod has no container.');
  const { readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities } = container.securityContext;
  const mounts = container.volumeMounts.flatMap(({ name, mountPath, readOnly }) => {
    const { secret, emptyDir } = pod.volumes.find((volume) => volume.name === name) ?? {};
    if (secret) return ['--volume', `${secretVolume}:${mountPath}${readOnly ? ':ro' : ''}`];
    return ['--tmpfs', `${mountPath}:size=${emptyDir?.sizeLimit.replace('Mi', 'm')}`];
  });
  return [
    ...['--network', network.getName(), '--user', `${runAsUser}:${runAsGroup}`],
    ...(fsGroup === runAsGroup ? [] : ['--group-add', `${fsGroup}`]),
    ...(readOnlyRootFilesystem ? ['--read-only'] : []),
    ...(allowPrivilegeEscalation ? [] : ['--security-opt', 'no-new-privileges']),
    ...capabilities.drop.flatMap((capability) => ['--cap-drop', capability]),
    ...(container.env ?? []).flatMap(({ name, value }) => ['--env', `${name}=${value}`]),
    ...mounts,
  ];
}

/** The status of a page that was never requested before. It needs the database: 503 if that fails. */
async function unknownPage({ url }: Container): Promise<number> {
  return (await fetch(`${url}/posts/nonesuch-${randomBytes(4).toString('hex')}`)).status;
}
