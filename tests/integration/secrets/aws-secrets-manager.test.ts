import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readSecret } from '#secrets/reader.ts';
import { attachStore } from '#secrets/sources.ts';
import { openStore } from '#secrets/stores/open.ts';
import type { PolledStore } from '#secrets/stores/polling.ts';
import { type HttpService, startService } from '../../setup/http-service.ts';

const newSecret = () => randomBytes(24).toString('hex');

/** Errors that moto does not produce; the container suite tests the others against moto. */
describe('AWS Secrets Manager as the store', () => {
  let aws: HttpService;
  let store: PolledStore | undefined;
  let lines: string[];
  let key: string;
  /** Secrets by their id. */
  let held: Record<string, string>;
  /** The error for every request: https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html. */
  let failure: [status: number, type: string] | 'silence' | undefined;

  beforeEach(async () => {
    held = {};
    failure = undefined;
    lines = [];
    key = newSecret();
    aws = await startService(({ body }) => {
      if (failure === 'silence') return undefined;
      if (failure) return [failure[0], { __type: failure[1], message: `about ${Object.values(held)}` }];
      const { SecretId, VersionStage } = JSON.parse(body);
      const text = VersionStage === 'AWSCURRENT' ? held[SecretId] : 'of another version';
      return text === undefined
        ? [400, { __type: 'ResourceNotFoundException', Message: "Secrets Manager can't find it." }]
        : [200, { Name: SecretId, SecretString: text }];
    });
    const variables = {
      SECRETS_STORE: 'aws-secrets-manager',
      SECRETS_STORE_PREFIX: 'blog/',
      AWS_ENDPOINT_URL: aws.url,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: key,
      DATABASE_URL: '',
    };
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  });

  afterEach(async () => {
    store?.close();
    store = undefined;
    attachStore(undefined);
    vi.unstubAllEnvs();
    await aws.close();
  });

  const open = async (retryFor = 450) => {
    store = await openStore({ retryFor, timeout: 500, log: (line) => lines.push(line) });
    return store;
  };

  it.each([
    'AccessDeniedException',
    'UnrecognizedClientException',
    'ExpiredTokenException',
    'InvalidSignatureException',
    'DecryptionFailure',
  ])(
    'makes the command fail at once for %s, with a sentence that quotes neither the response nor the key',
    async (type) => {
      held['blog/AUTH_SECRET'] = newSecret();
      failure = [400, type];
      // The retry timeout would outlast the test.
      const thrown = await open(600_000).catch((error: Error) => error);
      const { message } = thrown as Error;
      expect(message).toMatch(
        /^AWS Secrets Manager does not let this process read "blog\/\w+" \(\w+\)\. Allow its role secretsmanager:GetSecretValue/,
      );
      expect(message).not.toContain(held['blog/AUTH_SECRET']);
      expect(message).not.toContain(key);
    },
  );

  it.each<[string, typeof failure, RegExp]>([
    ['turns requests away', [400, 'ThrottlingException'], /\(ThrottlingException\)/],
    ['has trouble of its own', [500, 'InternalServiceError'], /\(InternalServiceError\)/],
    ['is silent', 'silence', /did not answer for "blog\/\w+" \(\w+\)/],
  ])(
    'is retried while it %s, and then the command fails with one sentence',
    async (_, condition, sentence) => {
      failure = condition;
      const opened = open(1_000);
      await expect(opened).rejects.toThrow(sentence);
      await expect(opened).rejects.toThrow(/ It was retried for 1 seconds\.$/);
      const tries = aws.received.filter(({ body }) => body.includes('DATABASE_URL'));
      expect(tries.length).toBeGreaterThan(1);
    },
  );

  it('is waited for if it is slow at first', async () => {
    held['blog/AUTH_SECRET'] = newSecret();
    failure = 'silence';
    const opened = open(20_000);
    await vi.waitFor(() => expect(aws.received.length).toBeGreaterThan(10), 10_000);
    failure = undefined;
    await opened;
    expect(readSecret('AUTH_SECRET')?.value).toBe(held['blog/AUTH_SECRET']);
  });

  it('leaves the last valid values in use if it goes down later, and that is logged once', async () => {
    held['blog/AUTH_SECRET'] = newSecret();
    await open();
    failure = [500, 'InternalServiceError'];
    await store?.refresh();
    failure = 'silence';
    await store?.refresh();
    expect(readSecret('AUTH_SECRET')?.value).toBe(held['blog/AUTH_SECRET']);
    expect(store?.state().problem).toMatch(/^AWS Secrets Manager did not answer/);
    failure = undefined;
    await store?.refresh();
    expect(lines).toEqual([
      expect.stringMatching(
        /^secrets: AWS Secrets Manager did not answer .+ The previous values stay in use\.$/,
      ),
      'secrets: AWS Secrets Manager works again',
    ]);
  });

  it('is asked only for what the phase may read', async () => {
    store = await openStore({ phase: 'generate', log: (line) => lines.push(line) });
    const asked = aws.received.map(({ body }) => JSON.parse(body).SecretId);
    expect(asked.sort()).toEqual(['blog/DATABASE_URL', 'blog/EMAIL_API_KEY']);
  });

  it.each([
    [
      'of another engine',
      { engine: 'mysql', host: 'db' },
      /the JSON of "blog\/DATABASE_URL" is for the engine mysql/,
    ],
    ['without a host', {}, /the JSON of "blog\/DATABASE_URL" has no host/],
  ])('rejects the JSON of a database %s', async (_, fields, sentence) => {
    const password = newSecret();
    held['blog/DATABASE_URL'] = JSON.stringify({ username: 'blog', password, ...fields });
    const opened = open();
    await expect(opened).rejects.toThrow(sentence);
    await expect(opened).rejects.not.toThrow(password);
  });
});
