import { randomBytes } from 'node:crypto';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { PostgreSqlContainer, type StartedPostgreSqlContainer } from '@testcontainers/postgresql';
import {
  GenericContainer,
  Network,
  type StartedNetwork,
  type StartedTestContainer,
  Wait,
} from 'testcontainers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { readSecret } from '#secrets/reader.ts';
import { attachStore } from '#secrets/sources.ts';
import { openStore } from '#secrets/stores/open.ts';
import type { PolledStore } from '#secrets/stores/polling.ts';
import { docker, HARDENED, startContainer, tryDocker } from './engine.ts';

const built = inject('built');
const image = built?.image ?? '';
const newSecret = () => randomBytes(24).toString('hex');

describe.skipIf(!built)('AWS Secrets Manager as the store', () => {
  let network: StartedNetwork;
  let moto: StartedTestContainer;
  let client: SecretsManagerClient;
  let store: PolledStore | undefined;
  let prefix: string;
  const lines: string[] = [];

  beforeAll(async () => {
    network = await new Network().start();
    moto = await new GenericContainer('motoserver/moto:5')
      .withNetwork(network)
      .withNetworkAliases('aws')
      .withExposedPorts(5000)
      .withWaitStrategy(Wait.forHttp('/moto-api/', 5000))
      .start();
    client = new SecretsManagerClient({
      endpoint: endpoint(),
      region: 'eu-central-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
  });

  afterAll(async () => {
    client.destroy();
    await moto.stop();
    await network.stop();
  });

  const endpoint = () => `http://127.0.0.1:${moto.getMappedPort(5000)}`;

  beforeEach(() => {
    lines.length = 0;
    prefix = `blog-${randomBytes(4).toString('hex')}/`;
    for (const [name, value] of Object.entries(awsVariables(endpoint()))) vi.stubEnv(name, value);
    vi.stubEnv('SECRETS_STORE_PREFIX', prefix);
    vi.stubEnv('DATABASE_URL', '');
  });

  afterEach(() => {
    store?.close();
    store = undefined;
    attachStore(undefined);
    vi.unstubAllEnvs();
  });

  const awsVariables = (url: string) => ({
    SECRETS_STORE: 'aws-secrets-manager',
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });

  const create = (Name: string, SecretString: string) =>
    client.send(new CreateSecretCommand({ Name, SecretString }));
  const put = (SecretId: string, SecretString: string) =>
    client.send(new PutSecretValueCommand({ SecretId, SecretString }));
  const open = async () => {
    store = await openStore({ retryFor: 400, timeout: 3_000, log: (line) => lines.push(line) });
    return store;
  };

  it('returns one secret for each name, under a prefix', async () => {
    const secret = newSecret();
    await create(`${prefix}AUTH_SECRET`, secret);
    await open();
    expect(readSecret('AUTH_SECRET')).toEqual({ value: secret, source: 'AWS Secrets Manager' });
    expect(readSecret('STRIPE_SECRET_KEY')).toBeUndefined();
  });

  it('returns every name from a single JSON secret', async () => {
    const secret = newSecret();
    await create(`${prefix}all`, JSON.stringify({ AUTH_SECRET: secret, REVALIDATE_TOKEN: newSecret() }));
    vi.stubEnv('SECRETS_STORE_ID', `${prefix}all`);
    await open();
    expect(readSecret('AUTH_SECRET')?.value).toBe(secret);
    expect(readSecret('REVALIDATE_TOKEN')?.source).toBe('AWS Secrets Manager');
  });

  it('provides the URL of a database whose user and password AWS rotates, and follows the rotation', async () => {
    const credentials = (username: string, password: string) =>
      JSON.stringify({
        engine: 'postgres',
        host: 'db.example',
        port: 5433,
        dbname: 'blog',
        username,
        password,
      });
    await create(`${prefix}DATABASE_URL`, credentials('blog', 'p@ss/word'));
    await open();
    const address = () => readSecret('DATABASE_URL')?.value;
    expect(address()).toMatchObject({
      ...{
        host: 'db.example',
        port: 5433,
        database: 'blog',
        user: 'blog',
        password: 'p@ss/word',
        sslmode: 'require',
      },
    });
    await put(`${prefix}DATABASE_URL`, credentials('blog_clone', 'next%word'));
    await store?.refresh();
    expect(address()).toMatchObject({ user: 'blog_clone', password: 'next%word' });
  });

  it('returns the current version, not one that is pending or was replaced by a rotation', async () => {
    const [before, after] = [newSecret(), newSecret()];
    const SecretId = `${prefix}AUTH_SECRET`;
    const { VersionId: RemoveFromVersionId } = await create(SecretId, before);
    const { VersionId: MoveToVersionId } = await client.send(
      new PutSecretValueCommand({ SecretId, SecretString: after, VersionStages: ['AWSPENDING'] }),
    );
    await open();
    expect(readSecret('AUTH_SECRET')?.value).toBe(before);
    const VersionStage = 'AWSCURRENT';
    await client.send(
      new UpdateSecretVersionStageCommand({ SecretId, VersionStage, MoveToVersionId, RemoveFromVersionId }),
    );
    await store?.refresh();
    expect(readSecret('AUTH_SECRET')?.value).toBe(after);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'a secret that is not there',
      async () => vi.stubEnv('SECRETS_STORE_ID', `${prefix}nothing`),
      /^AWS Secrets Manager: there is no secret "blog-\w+\/nothing"\. Check SECRETS_STORE_ID and the region\.$/,
    ],
    [
      'a secret that is no JSON',
      async () => {
        await create(`${prefix}text`, 'hidden text');
        vi.stubEnv('SECRETS_STORE_ID', `${prefix}text`);
      },
      /is not a JSON object/,
    ],
    [
      'a secret that is marked for deletion',
      async () => {
        await create(`${prefix}AUTH_SECRET`, newSecret());
        await client.send(new DeleteSecretCommand({ SecretId: `${prefix}AUTH_SECRET` }));
      },
      /is marked for deletion\. Restore it\.$/,
    ],
    ['no region', async () => vi.stubEnv('AWS_REGION', ''), /no region is set\. Set AWS_REGION\.$/],
  ])('makes the command fail for %s, with one sentence', async (_, prepare, sentence) => {
    await prepare();
    const opened = open();
    await expect(opened).rejects.toThrow(sentence);
    await expect(opened).rejects.not.toThrow('hidden text');
  });

  it('makes the command fail with one sentence if nothing answers', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1');
    await expect(open()).rejects.toThrow(
      /^AWS Secrets Manager did not answer for "blog-\w+\/\w+" \(.+\)\. It was retried/,
    );
  });

  it('leaves the last valid values in use if it goes down later', async () => {
    const secret = newSecret();
    await create(`${prefix}AUTH_SECRET`, secret);
    await open();
    docker('pause', moto.getId());
    try {
      await store?.refresh();
      expect(readSecret('AUTH_SECRET')?.value).toBe(secret);
      expect(store?.state().problem).toMatch(/^AWS Secrets Manager did not answer/);
      expect(lines).toHaveLength(1);
    } finally {
      docker('unpause', moto.getId());
    }
    await store?.refresh();
    expect(store?.state().problem).toBeUndefined();
    expect(lines).toHaveLength(2);
  });

  describe('for the image', () => {
    let postgres: StartedPostgreSqlContainer;

    beforeAll(async () => {
      postgres = await new PostgreSqlContainer('postgres:18')
        .withDatabase('blog')
        .withNetwork(network)
        .withNetworkAliases('db')
        .start();
    });

    afterAll(() => postgres.stop());

    const options = (more: Record<string, string> = {}) => [
      ...HARDENED,
      ...['--network', network.getName()],
      ...Object.entries({
        ...awsVariables('http://aws:5000'),
        SECRETS_STORE_PREFIX: prefix,
        ...more,
      }).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ];

    it("migrates, and serves pages that need the database, with none of the blog's secrets in its environment", async () => {
      const user = `${postgres.getUsername()}:${postgres.getPassword()}`;
      await create(`${prefix}DATABASE_URL`, `postgresql://${user}@db:5432/blog`);
      const migrated = await tryDocker(['run', '--rm', ...options(), image, 'migrate']);
      expect(migrated).toMatchObject({ code: 0 });
      const container = await startContainer(image, options());
      try {
        expect((await fetch(`${container.url}/posts/nonesuch`)).status).toBe(404);
        expect(container.log()).not.toContain(postgres.getPassword());
      } finally {
        container.remove();
      }
    });

    it('fails with one line if the store needs a region', async () => {
      const { code, output } = await tryDocker([
        'run',
        '--rm',
        ...options({ AWS_REGION: '' }),
        image,
        'migrate',
      ]);
      expect(code).toBe(1);
      expect(output.trim()).toBe('sealed: AWS Secrets Manager: no region is set. Set AWS_REGION.');
    });
  });
});
