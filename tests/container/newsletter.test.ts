import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Command, runNode } from '../setup/command.ts';
import { type HttpService, startService } from '../setup/http-service.ts';
import { docker, HARDENED, startContainer } from './engine.ts';

const built = inject('built');

describe.skipIf(!built)('an image with a mail template from the provider', () => {
  const { secretFile = '' } = built ?? {};
  const image = `sealed-test:${randomBytes(6).toString('hex')}`;
  const key = randomBytes(24).toString('hex');
  let provider: HttpService;
  let heading = 'From the provider';

  beforeAll(async () => {
    provider = await startService(({ headers }) =>
      headers['x-postmark-server-token'] === key
        ? [200, { Subject: 'News', HtmlBody: `<h1>${heading}</h1>{{#each posts}}{{title}}{{/each}}` }]
        : [401, { ErrorCode: 10, Message: 'Bad or missing API token.' }],
    );
  });

  afterAll(async () => {
    docker('image', 'rm', '--force', image);
    await provider.close();
  });

  const run = (command: string, tag: string, variables: Record<string, string>): Command =>
    runNode('.', [`src/commands/${command}.ts`, '--tag', tag, '--secret', secretFile], {
      EMAIL_API_URL: provider.url,
      ...variables,
    });

  async function newsletter(options: string[] = []): Promise<string> {
    const container = await startContainer(image, options);
    return fetch(`${container.url}/newsletter/mail`)
      .then((page) => page.text())
      .finally(container.remove);
  }

  it('is built with the key if it is set, and keeps the template but not the key', async () => {
    const build = run('docker-build', image, { EMAIL_API_KEY: key });
    expect(await build.ended, build.output()).toBe(0);
    expect(build.output()).not.toContain(key);
    expect(await newsletter(HARDENED)).toContain('From the provider');
    const verify = run('docker-verify', image, { EMAIL_API_KEY: key });
    expect(await verify.ended, verify.output()).toBe(0);
  });

  it('is built again if the template changed, even if neither the posts nor the key did', async () => {
    heading = 'From the provider, once more';
    const build = run('docker-build', image, { EMAIL_API_KEY: key });
    expect(await build.ended, build.output()).toBe(0);
    expect(await newsletter()).toContain(heading);
  });

  it('is reported as a leak by npm run docker:verify if it holds the key', async () => {
    const leaking = `sealed-test:${randomBytes(6).toString('hex')}`;
    const container = docker('create', image).trim();
    try {
      docker('commit', '--change', `LABEL note=${key}`, container, leaking);
      const verify = run('docker-verify', leaking, { EMAIL_API_KEY: key });
      expect(await verify.ended, verify.output()).toBe(1);
      expect(verify.output()).toContain('email_api_key');
      expect(verify.output()).not.toContain(key);
    } finally {
      docker('rm', container);
      docker('image', 'rm', '--force', leaking);
    }
  });

  it('is not built with a key that the provider rejects', async () => {
    const build = run('docker-build', image, { EMAIL_API_KEY: randomBytes(24).toString('hex') });
    expect(await build.ended).toBe(1);
    expect(build.output()).toMatch(/^docker:build: .*rejected the key \(401\)\. Check EMAIL_API_KEY\.$/m);
  });
});
