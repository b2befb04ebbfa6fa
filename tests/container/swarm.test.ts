import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { docker, eventually } from './engine.ts';

const built = inject('built');
const image = built?.image ?? '';
const newSecret = () => randomBytes(32).toString('hex');

describe.skipIf(!built)('a single-node swarm', () => {
  const prefix = `sealed-${randomBytes(4).toString('hex')}`;
  const database = `${prefix}-db`;
  const stack = { app: `${prefix}_app`, migrate: `${prefix}_migrate`, network: `${prefix}_data` };
  /** One database and two alternating users, as in a rotation that loses no request. */
  const passwords = { blue: newSecret(), green: newSecret() };
  const authSecrets = [newSecret(), newSecret()];
  let swarmIsOurs = false;

  beforeAll(() => {
    swarmIsOurs = docker('info', '--format', '{{.Swarm.LocalNodeState}}').trim() === 'inactive';
    if (swarmIsOurs) docker('swarm', 'init', '--advertise-addr', '127.0.0.1');
    docker('network', 'create', '--driver', 'overlay', '--attachable', stack.network);
    const variables = ['POSTGRES_USER=blue', `POSTGRES_PASSWORD=${passwords.blue}`, 'POSTGRES_DB=blog'];
    const network = ['--network', stack.network, '--network-alias', 'db'];
    const options = [...variables.flatMap((variable) => ['--env', variable]), ...network];
    docker('run', '--detach', '--name', database, ...options, 'postgres:18');
    createSecret('database_url_1', url('blue'));
    createSecret('auth_secret_1', authSecrets[0] ?? '');
  });

  afterAll(async () => {
    docker('stack', 'rm', prefix);
    await eventually(async () => containers(`com.docker.stack.namespace=${prefix}`, '--all').length === 0);
    docker('rm', '--force', '--volumes', database);
    for (const name of secrets()) docker('secret', 'rm', name);
    await eventually(async () => docker('network', 'rm', stack.network) !== '');
    // Something else may use it by now.
    const usedByOthers = docker('service', 'ls', '--quiet') + docker('secret', 'ls', '--quiet') !== '';
    if (swarmIsOurs && !usedByOthers) docker('swarm', 'leave', '--force');
  });

  const url = (user: keyof typeof passwords) => `postgresql://${user}:${passwords[user]}@db:5432/blog`;

  const createSecret = (name: string, value: string) =>
    execFileSync('docker', ['secret', 'create', `${prefix}_${name}`, '-'], { input: value, stdio: 'pipe' });

  const secrets = () => lines(docker('secret', 'ls', '--format', '{{.Name}}', '--filter', `name=${prefix}_`));

  const containers = (label: string, ...options: string[]) =>
    lines(docker('ps', '--quiet', '--filter', `label=${label}`, ...options));

  /** The replicas that are serving: the only ones that Swarm counts. */
  const healthy = () =>
    containers(`com.docker.swarm.service.name=${stack.app}`, '--filter', 'health=healthy');

  const deploy = (variables: Record<string, string>, ...more: string[]) => {
    const files = ['deploy/swarm/stack.yaml', ...more, 'tests/container/swarm-of-one.yaml'];
    const options = files.flatMap((file) => ['--compose-file', file]);
    execFileSync('docker', ['stack', 'deploy', '--detach', '--resolve-image', 'never', ...options, prefix], {
      stdio: 'pipe',
      env: { ...process.env, IMAGE: image, PORT: '0', PREFIX: prefix, ...variables },
    });
  };

  /** A page that was never requested before needs the database: 404 means that it answered, 503 that it did not. */
  const askForAnUnknownPage = async (container: string) => {
    const address = docker('port', container, '3000').trim().split('\n')[0];
    return (await fetch(`http://${address}/posts/nonesuch-${randomBytes(4).toString('hex')}`)).status;
  };

  const migrations = (state: string) =>
    lines(docker('service', 'ps', '--format', '{{.CurrentState}}', stack.migrate)).filter((line) =>
      line.startsWith(state),
    ).length;

  const sql = (statements: string) =>
    docker('exec', database, 'psql', '--username=blue', '--dbname=blog', '--command', statements);

  const log = (service: string) =>
    execFileSync('sh', ['-c', 'docker service logs --raw "$0" 2>&1', service], { encoding: 'utf8' });

  it('migrates once, and serves from two replicas', async () => {
    deploy({});
    await eventually(async () => migrations('Complete') === 1 && healthy().length === 2);
    expect(log(stack.migrate)).toMatch(/^migrate: applied/m);
    for (const replica of healthy()) expect(await askForAnUnknownPage(replica)).toBe(404);
  });

  it('provides the secrets as files that only the process can read', () => {
    const [replica = ''] = healthy();
    const files = ['/run/secrets/database_url', '/run/secrets/auth_secret'];
    expect(docker('exec', replica, 'stat', '--format', '%a %U', ...files)).toBe('400 node\n400 node\n');
    expect(docker('exec', replica, 'cat', '/proc/1/status')).toMatch(/^CapBnd:\t0+$/m);
    const shown = docker('inspect', replica) + docker('service', 'inspect', stack.app);
    expect(shown).not.toContain(passwords.blue);
    expect(shown).not.toContain(authSecrets[0]);
  });

  it('takes new versions of its secrets while two replicas and the database keep answering', async () => {
    sql(`CREATE ROLE green LOGIN PASSWORD '${passwords.green}' IN ROLE blue`);
    createSecret('database_url_2', url('green'));
    createSecret('auth_secret_2', authSecrets[1] ?? '');
    const before = healthy();
    const versions = {
      DATABASE_URL_VERSION: '2',
      AUTH_SECRET_VERSION: '2',
      AUTH_SECRET_PREVIOUS_VERSION: '1',
    };
    deploy(versions, 'deploy/swarm/previous-auth-secret.yaml');

    const statuses = new Set<number>();
    let fewest = Number.POSITIVE_INFINITY;
    await eventually(async () => {
      const now = healthy();
      fewest = Math.min(fewest, now.length);
      for (const replica of now) {
        // One that is shutting down accepts no connection.
        statuses.add(await askForAnUnknownPage(replica).catch(() => 404));
      }
      const update = docker('service', 'inspect', '--format', '{{json .UpdateStatus}}', stack.app);
      return update.includes('"completed"');
    });
    expect([[...statuses], fewest]).toEqual([[404], 2]);
    await eventually(async () => migrations('Complete') === 2);

    sql('ALTER ROLE blue PASSWORD NULL');
    const after = healthy();
    expect(after.filter((replica) => before.includes(replica))).toEqual([]);
    const mounted = (name: string) => docker('exec', after[0] ?? '', 'cat', `/run/secrets/${name}`);
    expect(mounted('database_url')).toBe(url('green'));
    expect([mounted('auth_secret'), mounted('auth_secret_previous')]).toEqual([...authSecrets].reverse());
    for (const replica of after) expect(await askForAnUnknownPage(replica)).toBe(404);
  });

  it('no longer needs the previous version, and logs no secret', () => {
    // Swarm does not remove a secret that a service uses.
    docker('secret', 'rm', `${prefix}_database_url_1`);
    expect(secrets()).toHaveLength(3);
    const logs = log(stack.app) + log(stack.migrate);
    for (const value of [...Object.values(passwords), ...authSecrets]) expect(logs).not.toContain(value);
  });
});

function lines(printed: string): string[] {
  return printed.split('\n').filter((line) => line !== '');
}
