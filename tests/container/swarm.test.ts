import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { docker, eventually } from './engine.ts';

const built = inject('built');
const image = built?.image ?? '';
const newPassword = () => randomBytes(12).toString('hex');

describe.skipIf(!built)('a swarm of one node', () => {
  const id = randomBytes(4).toString('hex');
  const names = { stack: `sealed-${id}`, network: `sealed-data-${id}`, database: `sealed-db-${id}` };
  const secrets = ['blog_database_url_1', 'blog_database_url_2', 'blog_auth_secret_1'];
  let password = newPassword();
  let port: number;
  let swarmIsOurs = false;

  beforeAll(async () => {
    swarmIsOurs = docker('info', '--format', '{{.Swarm.LocalNodeState}}').trim() === 'inactive';
    if (swarmIsOurs) docker('swarm', 'init', '--advertise-addr', '127.0.0.1');
    docker('network', 'create', '--driver', 'overlay', '--attachable', names.network);
    const environment = ['--env', `POSTGRES_PASSWORD=${password}`, '--env', 'POSTGRES_DB=blog'];
    const network = ['--network', names.network, '--network-alias', 'db'];
    docker('run', '--detach', '--name', names.database, ...environment, ...network, 'postgres:18');
    port = await freePort();
  });

  afterAll(async () => {
    docker('stack', 'rm', names.stack);
    await eventually(
      async () =>
        docker('ps', '--quiet', '--all', '--filter', `label=com.docker.stack.namespace=${names.stack}`) ===
        '',
    );
    docker('rm', '--force', '--volumes', names.database);
    for (const name of existingSecrets()) docker('secret', 'rm', name);
    await eventually(async () => docker('network', 'rm', names.network) !== '');
    if (swarmIsOurs) docker('swarm', 'leave', '--force');
  });

  const existingSecrets = () =>
    docker('secret', 'ls', '--format', '{{.Name}}')
      .split('\n')
      .filter((name) => secrets.includes(name));

  const createSecret = (name: string, value: string) =>
    execFileSync('docker', ['secret', 'create', name, '-'], { input: value, stdio: 'pipe' });

  /** One node and perhaps no IPVS: the port is the node's own, so the next task takes it when the one before has ended. */
  const deploy = (version: string) =>
    execFileSync(
      'docker',
      [
        'stack',
        'deploy',
        '--resolve-image',
        'never',
        '--compose-file',
        'deploy/swarm/stack.yaml',
        names.stack,
      ],
      {
        stdio: 'pipe',
        env: {
          ...process.env,
          ...{ IMAGE: image, PORT: String(port), REPLICAS: '1', DATA_NETWORK: names.network },
          ...{ PORT_MODE: 'host', ENDPOINT_MODE: 'dnsrr', UPDATE_ORDER: 'stop-first' },
          DATABASE_URL_VERSION: version,
        },
      },
    );

  const url = () => `postgresql://postgres:${password}@db:5432/blog`;

  /** A page that no one asked for before is looked for in the database: 404 is its answer, 503 is none. */
  const asksTheDatabase = () =>
    eventually(async () => {
      const slug = `nonesuch-${randomBytes(4).toString('hex')}`;
      return (await fetch(`http://127.0.0.1:${port}/posts/${slug}`)).status === 404;
    });

  it('migrates and serves with its secrets as files, and again with a new version of one', async () => {
    createSecret('blog_database_url_1', url());
    createSecret('blog_auth_secret_1', randomBytes(32).toString('hex'));
    deploy('1');
    await asksTheDatabase();

    password = newPassword();
    docker(
      'exec',
      names.database,
      'psql',
      '-U',
      'postgres',
      '-c',
      `ALTER ROLE postgres PASSWORD '${password}'`,
    );
    createSecret('blog_database_url_2', url());
    deploy('2');
    const mounted = () =>
      docker('service', 'inspect', '--format', '{{json .UpdateStatus}}', `${names.stack}_app`);
    await eventually(async () => mounted().includes('"completed"'));
    await asksTheDatabase();
    docker('secret', 'rm', 'blog_database_url_1');
    expect(existingSecrets().sort()).toEqual(['blog_auth_secret_1', 'blog_database_url_2']);
    const logs = execFileSync('docker', ['service', 'logs', `${names.stack}_app`], { encoding: 'utf8' });
    expect(logs).not.toContain(password);
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
