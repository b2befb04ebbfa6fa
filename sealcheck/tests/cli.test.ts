import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ImageBuilder, tarOf } from '../src/plant/builder.ts';
import { plantedValue } from '../src/plant/writings.ts';
import { cli, run, temporaryFolder } from './checking.ts';

const value = plantedValue();

async function archive(entries: { name: string; content: Buffer }[]): Promise<string> {
  const image = new ImageBuilder();
  image.layers.copied.push(...entries);
  const path = join(temporaryFolder(), 'image.tar');
  writeFileSync(
    path,
    await tarOf((await image.files()).map(({ name, bytes }) => ({ name, content: bytes }))),
  );
  return path;
}

function tree(files: Record<string, string>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** A process's descendants. */
function startedBy(pid: number | undefined): number[] {
  const children = readIfThere(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...startedBy(child)]);
}

describe('the command', () => {
  it('exits with 0, 1 and 2 for clean, leak and could not check', async () => {
    const secret = ['--secret', 'id=token,env=TOKEN'];
    expect((await run(['dir', tree({ a: 'nothing' }), ...secret], { TOKEN: value })).code).toBe(0);
    expect((await run(['dir', tree({ a: value }), ...secret], { TOKEN: value })).code).toBe(1);
    expect((await run(['dir', '/nowhere', ...secret], { TOKEN: value })).code).toBe(2);
    expect((await run(['dir', tree({ a: 'nothing' })])).code).toBe(2);
    expect((await run(['dir', tree({ a: 'nothing' }), '--secret', 'id=token,env=NOT_SET'])).code).toBe(2);
    expect(
      (await run(['dir', tree({ a: 'nothing' }), '--format', 'xml', ...secret], { TOKEN: value })).code,
    ).toBe(2);
    expect(
      (await run(['dir', tree({ a: 'nothing' }), '--secret', 'id=pin,env=PIN'], { PIN: '1234' })).code,
    ).toBe(2);
    expect((await run(['nonsense'])).code).toBe(2);
    expect((await run(['--help'])).code).toBe(0);
  });

  it('reads src=, env= and an env file, and reports what it did not search for', async () => {
    const folder = tree({
      'secret.txt': `${value}\n`,
      '.env': `API_KEY="k9Lw2xPq7ZtV"\nNEXT_PUBLIC_SITE=https://blog.example\nPORT=3000\n`,
      'out/a.js': `x="k9Lw2xPq7ZtV"`,
      'out/b.js': value,
    });
    const ran = await run([
      'dir',
      join(folder, 'out'),
      '--secret',
      `id=token,src=${join(folder, 'secret.txt')}`,
      '--env-file',
      join(folder, '.env'),
      '--format',
      'json',
    ]);
    const report = JSON.parse(ran.out);
    expect(
      report.findings.map((finding: { secret: string; path: string }) => [finding.secret, finding.path]),
    ).toEqual([
      ['API_KEY', 'a.js'],
      ['token', 'b.js'],
    ]);
    expect(report.warnings.join()).toContain('PORT');
    expect(report.notes.join()).toContain('NEXT_PUBLIC_SITE');
  });

  it.each(['text', 'json', 'sarif', 'html'])(
    'never shows the value or a part of it in %s',
    async (format) => {
      const secret = 'Vq7LmT2xR9sKp4Wz';
      const path = await archive([
        { name: `app/${secret}/x-${secret.slice(0, 9)}.js`, content: Buffer.from(`a ${secret} b`) },
      ]);
      const output = join(temporaryFolder(), 'reports/report');
      const ran = await run(
        ['image', path, '--secret', 'id=token,env=TOKEN', '--format', format, '--output', output],
        { TOKEN: secret },
      );
      expect(ran.code).toBe(1);
      const shown = ran.out + ran.err + readFileSync(output, 'utf8');
      for (let at = 0; at + 7 <= secret.length; at += 1)
        expect(shown).not.toContain(secret.slice(at, at + 7));
      expect(shown).toContain('token');
    },
  );

  it('writes SARIF that code scanning accepts', async () => {
    const path = await archive([{ name: 'app/config.js', content: Buffer.from(value) }]);
    const ran = await run(['image', path, '--secret', 'id=token,env=TOKEN', '--format', 'sarif'], {
      TOKEN: value,
    });
    const log = JSON.parse(ran.out);
    expect(log.version).toBe('2.1.0');
    expect(log.runs[0].results[0]).toMatchObject({
      ruleId: 'secret',
      level: 'error',
      locations: [{ physicalLocation: { artifactLocation: { uri: 'app/config.js' } } }],
    });
    expect(log.runs[0].tool.driver.rules[log.runs[0].results[0].ruleIndex].id).toBe('secret');
  });

  it.each(['--dotenv', '--context', '--allow-file'])(
    'does not print a value that %s was given',
    async (option) => {
      const value = randomBytes(18).toString('base64url').replace(/[-_]/g, '7');
      const ran = await run(['dir', '.', '--secret', 'id=token,env=TOKEN', option, value], { TOKEN: value });
      expect([ran.code, ran.out + ran.err]).toEqual([2, expect.not.stringContaining(value)]);
    },
  );

  it.each(['id=db,src=$V', 'id=db,env=$V', 'id=$V', '$V', 'id=db,value=$V', 'id=db,type=env,src=$V'])(
    'does not repeat a value that was given instead of its name: %s',
    async (option) => {
      const url = 'postgres://app:Hk3nW8xQz7Lm@db.internal/app';
      for (const given of [url, 'Hk3nW8xQz7Lm', value]) {
        const ran = await run(['dir', tree({ a: 'x' }), '--secret', option.replace('$V', given)]);
        expect(ran.code).toBe(2);
        for (let at = 0; at + 6 <= given.length; at += 1)
          expect(ran.out + ran.err).not.toContain(given.slice(at, at + 6));
      }
    },
  );

  it('says what it searches for, by name and length', async () => {
    const ran = await run(['dir', tree({ a: 'x' }), '--secret', 'id=db,env=URL'], {
      URL: 'postgres://app:Hk3nW8xQz7Lm@db.internal/app',
    });
    expect(ran.out).toMatch(
      /looked for db: password \(12 bytes\), user:password \(16 bytes\), whole \(43 bytes\)/,
    );
  });

  it('finds the credentials in a build context by itself', async () => {
    const token = `npm_${randomBytes(27).toString('hex').slice(0, 36)}`;
    const folder = tree({
      'app/.npmrc': `//registry.example/:_authToken=k9Lw2xPq7ZtVx4\nsave-exact=true\n`,
      'app/.env':
        'NODE_ENV=production\nPORT=3000\nAWS_REGION=eu-central-1\nAPP_URL=https://blog.example\nAPI_KEY=u3Jq8sWz5TbNc1\n',
      'app/.env.example': 'API_KEY=example-key-12345\n',
      'app/.git/config': '[remote "origin"]\n\turl = https://x:m6Rv2yKd9HpFg4@git.example/a.git\n',
      'app/env/database_url.txt': 'postgresql://app:e8Xc4vBn2MkLo0@db.internal/app\n',
      'app/.docker/config.json': JSON.stringify({
        auths: { a: { auth: Buffer.from('u:t5Yh7ujMk8Il3').toString('base64') } },
      }),
      'app/src/deploy.ts': `const TOKEN = '${token}';\n`,
      'app/node_modules/a/.npmrc': '//registry.example/:_authToken=w1Qa2zXs3EdCr4\n',
      'out/clean.js': 'production 3000 eu-central-1 https://blog.example example-key-12345',
      'out/leaks.js': `k9Lw2xPq7ZtVx4 u3Jq8sWz5TbNc1 m6Rv2yKd9HpFg4 e8Xc4vBn2MkLo0 t5Yh7ujMk8Il3 ${token} w1Qa2zXs3EdCr4`,
    });
    const ran = await run(['dir', join(folder, 'out'), '--context', join(folder, 'app'), '--format', 'json']);
    const report = JSON.parse(ran.out);
    expect(
      report.findings.map(({ secret, path }: { secret: string; path: string }) => `${secret} ${path}`).sort(),
    ).toEqual([
      '.docker_config.json leaks.js',
      '.git_config leaks.js',
      '.npmrc leaks.js',
      'API_KEY leaks.js',
      'env_database_url.txt leaks.js',
      'src_deploy.ts_1 leaks.js',
    ]);
    expect(report.incomplete).toEqual([]);
  });

  it('leaves out what --not-secret or a line of an allow file names, until its last day', async () => {
    const folder = tree({
      'secret.json': JSON.stringify({ db: { password: 'k9Lw2xPq7ZtVx4' }, api: { token: 'u3Jq8sWz5TbNc1' } }),
      allow: '# what  until  why\nfile:db.password 2099-01-31 a throw-away database\n',
      expired: 'token 2020-01-31 it was to be removed\n',
      wrong: 'token it was to be removed\n',
      'out/a.js': 'k9Lw2xPq7ZtVx4',
      'out/b.js': 'u3Jq8sWz5TbNc1',
    });
    const paths = async (...options: string[]) => {
      const secret = ['--secret', `id=file,src=${join(folder, 'secret.json')}`, '--format', 'json'];
      const ran = await run(['dir', join(folder, 'out'), ...secret, ...options]);
      const report = JSON.parse(ran.out || '{"findings":[],"warnings":[]}');
      return [
        ran.code,
        report.findings.map(({ path }: { path: string }) => path).join(' '),
        ran.err + report.warnings.join(),
      ];
    };
    expect(await paths('--not-secret', 'token')).toEqual([1, 'a.js', expect.any(String)]);
    expect(await paths('--allow-file', join(folder, 'allow'))).toEqual([1, 'b.js', expect.any(String)]);
    expect(await paths('--allow-file', join(folder, 'expired'))).toEqual([
      1,
      'a.js b.js',
      expect.stringMatching(/ended on 2020-01-31/),
    ]);
    expect(await paths('--allow-file', join(folder, 'wrong'))).toEqual([
      2,
      '',
      expect.stringMatching(/line 1: write a name/),
    ]);
  });

  it('searches for a credential whose name makes it public', async () => {
    const folder = tree({
      '.env':
        'NEXT_PUBLIC_STRIPE_SECRET_KEY=k9Lw2xPq7ZtVx4\nVITE_ADMIN_TOKEN=u3Jq8sWz5TbNc1\nVITE_TITLE=Blog\nREGION=eu-west-1\n',
      'out/a.js': 'k9Lw2xPq7ZtVx4 u3Jq8sWz5TbNc1 Blog eu-west-1',
    });
    const ran = await run([
      'dir',
      join(folder, 'out'),
      '--env-file',
      join(folder, '.env'),
      '--format',
      'json',
    ]);
    const found = JSON.parse(ran.out).findings.map(({ secret }: { secret: string }) => secret);
    expect(found).toEqual(['NEXT_PUBLIC_STRIPE_SECRET_KEY', 'VITE_ADMIN_TOKEN']);
  });

  it('shows neither colour nor progress outside a terminal', async () => {
    const ran = await run(['dir', tree({ a: value }), '--secret', 'id=token,env=TOKEN'], { TOKEN: value });
    expect(ran.out + ran.err).not.toContain('\u001b');
    expect(ran.err).toBe('');
  });

  it.runIf(existsSync('/proc/self/environ'))(
    "keeps the secret out of its own and its child processes' arguments, from start to end",
    async () => {
      // A docker that streams an archive and keeps running for a while, as the real one does.
      const folder = temporaryFolder();
      const path = await archive([{ name: 'a.bin', content: randomBytes(8 * 2 ** 20) }]);
      writeFileSync(join(folder, 'docker'), `#!/bin/sh\ncat "${path}"\nsleep 0.5\n`, { mode: 0o755 });
      const secret = join(folder, 'secret.txt');
      writeFileSync(secret, value);
      const child = spawn(
        process.execPath,
        [cli, 'image', 'some:image', '--secret', `id=token,src=${secret}`],
        {
          env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
          stdio: 'ignore',
        },
      );
      const closed = new Promise((resolve) => child.once('close', resolve));
      const seen = { own: 0, started: 0 };
      while (child.exitCode === null && child.signalCode === null) {
        for (const pid of [child.pid, ...startedBy(child.pid)]) {
          const shown = ['cmdline', 'environ'].map((file) => readIfThere(`/proc/${pid}/${file}`)).join('\0');
          expect(shown).not.toContain(value);
          if (pid === child.pid) seen.own += shown.includes('some:image') ? 1 : 0;
          else seen.started += shown.includes('some:image') ? 1 : 0;
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      await closed;
      expect(child.exitCode).toBe(0);
      expect(seen.own).toBeGreaterThan(2);
      expect(seen.started).toBeGreaterThan(2);
    },
  );

  it('opens an OCI layout directory', async () => {
    const image = new ImageBuilder();
    image.layers.gzip.push({ name: 'srv/app.conf', content: Buffer.from(value) });
    const folder = temporaryFolder();
    for (const { name, bytes } of await image.files()) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), bytes);
    }
    const ran = await run(['image', folder, '--secret', 'id=token,env=TOKEN'], { TOKEN: value });
    expect(ran.code).toBe(1);
    expect(ran.out).toContain('layer 3: srv/app.conf');
    expect(ran.out).toContain('COPY --link /app /srv');
  });
});

describe('the picture of an image', () => {
  it('shows the step of a stage that had the secret mounted, before the layer that it made', async () => {
    const folder = tree({
      Dockerfile: [
        'FROM scratch AS base',
        'FROM base AS generate',
        '# a comment',
        'RUN --mount=type=secret,id=token \\',
        '    node build.js',
        'FROM base',
        'COPY --from=generate /app /app',
      ].join('\n'),
    });
    const path = await archive([{ name: 'app/a', content: Buffer.from('x') }]);
    const parameters = ['--secret', 'id=token,env=TOKEN', '--dockerfile', join(folder, 'Dockerfile')];
    const json = await run(['image', path, ...parameters, '--format', 'json'], { TOKEN: value });
    const name = 'RUN --mount=type=secret,id=token node build.js';
    expect(JSON.parse(json.out).steps).toEqual([{ name, secrets: ['token'], stage: 'generate', layer: 0 }]);
    const html = await run(['image', path, ...parameters, '--format', 'html'], { TOKEN: value });
    expect(html.out).toMatch(/stage generate.*\n.*secret token mounted(?:.|\n)*?COPY \/app \/app/);
  });

  it('fails if the Dockerfile does not exist', async () => {
    const path = await archive([]);
    const parameters = ['--secret', 'id=token,env=TOKEN', '--dockerfile', '/nowhere/Dockerfile'];
    const ran = await run(['image', path, ...parameters], { TOKEN: value });
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/\/nowhere\/Dockerfile could not be read \(ENOENT\)/);
  });
});

describe('xz', () => {
  it('is opened', async () => {
    const packed = spawnSync('xz', ['-c'], { input: Buffer.from(`${'prose '.repeat(100)}${value}`) });
    if (packed.error) {
      if (process.env.CI === 'true') throw new Error('the test needs xz: apt-get install xz-utils');
      process.stderr.write('skipped: needs the program xz (apt-get install xz-utils)\n');
      return;
    }
    const path = await archive([{ name: 'app/data.xz', content: packed.stdout }]);
    const ran = await run(['image', path, '--secret', 'id=token,env=TOKEN'], { TOKEN: value });
    expect(ran.out).toContain('app/data.xz › (xz)');
  });
});

describe("a framework's own keys", () => {
  const live = {
    'server/preview-props.json':
      '{"previewModeId":"ab12cd34","previewModeSigningKey":"","previewModeEncryptionKey":"0000"}',
    'server/server-reference-manifest.js': String.raw`self.__RSC_SERVER_MANIFEST="{\"encryptionKey\":\"q8Zw==\"}"`,
  };
  const secret = ['--secret', 'id=token,env=TOKEN'];

  it('are a leak while they are live, but not once they are blank', async () => {
    const ran = await run(['dir', tree(live), ...secret, '--format', 'json'], { TOKEN: value });
    expect(ran.code).toBe(1);
    expect(
      JSON.parse(ran.out)
        .findings.map((finding: { secret: string }) => finding.secret)
        .sort(),
    ).toEqual(['Next.js encryptionKey', 'Next.js previewModeId']);
    expect(ran.out).not.toContain('ab12cd34');
    const blank = {
      'server/preview-props.json':
        '{"previewModeId":"","previewModeSigningKey":"0000","previewModeEncryptionKey":""}',
    };
    expect((await run(['dir', tree(blank), ...secret], { TOKEN: value })).code).toBe(0);
  });

  it('are only listed if they are allowed', async () => {
    const ran = await run(['dir', tree(live), ...secret, '--allow-framework-keys'], { TOKEN: value });
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('allowed by --allow-framework-keys');
  });
});

describe('a site', () => {
  it('is crawled including its scripts, source maps, payloads, headers, cookies and error pages', async () => {
    const places: Record<string, { type: string; body: string; headers?: Record<string, string> }> = {
      '/': {
        type: 'text/html',
        body: '<a href="/about">a</a><script src="/app.js"></script><a href="https://other.example/">o</a>',
      },
      '/about': {
        type: 'text/html',
        body: 'about',
        headers: { 'set-cookie': `s=${encodeURIComponent(value)}` },
      },
      '/app.js': { type: 'text/javascript', body: 'let a=1' },
      '/app.js.map': {
        type: 'application/json',
        body: JSON.stringify({ sourcesContent: [`const a = '${value}'`] }),
      },
    };
    const server = createServer((request, response) => {
      const path = request.url ?? '/';
      if (request.headers.rsc)
        return void response
          .writeHead(200, { 'content-type': 'text/x-component' })
          .end(`1:{"url":${JSON.stringify(value)}}`);
      const found = places[path];
      if (!found)
        return void response
          .writeHead(404, { 'content-type': 'text/html' })
          .end(`not found ${Buffer.from(value).toString('base64')}`);
      response.writeHead(200, { 'content-type': found.type, ...found.headers }).end(found.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const ran = await run(
      ['site', `http://127.0.0.1:${port}`, '--secret', 'id=token,env=TOKEN', '--format', 'json'],
      { TOKEN: value },
    );
    const where = JSON.parse(ran.out).findings.map((finding: { path: string; nested: string[] }) =>
      [finding.path, ...finding.nested].join(' '),
    );
    expect(ran.code).toBe(1);
    expect(where).toEqual(
      expect.arrayContaining(['/about (headers)', '/app.js.map', '/ (RSC payload)', '/robots.txt']),
    );
  });

  async function siteOf(
    answer: (path: string) => { status?: number; headers?: Record<string, string>; body: string },
  ) {
    const server = createServer((request, response) => {
      const { status = 200, headers = {}, body } = answer(request.url ?? '/');
      response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    return run(['site', url, '--secret', 'id=token,env=TOKEN'], { TOKEN: value });
  }

  it('is crawled including pages that are only in a payload, or in a sitemap with its public address', async () => {
    const pages: Record<string, string> = {
      '/': '<script>self.__next_f.push([1,"4:[\\"$\\",\\"$L2\\",null,{\\"href\\":\\"/by-payload\\"}]"])</script>',
      '/sitemap.xml': '<urlset><url><loc>https://blog.example/by-sitemap</loc></url></urlset>',
      '/by-sitemap': `<p>${value}</p>`,
      '/by-payload': `<p>${Buffer.from(value).toString('hex')}</p>`,
    };
    const ran = await siteOf((path) => ({ body: pages[path] ?? '', status: path in pages ? 200 : 404 }));
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/site: \/by-sitemap/);
    expect(ran.out).toMatch(/site: \/by-payload/);
  });

  it.each([
    [
      'leads elsewhere',
      { status: 308, headers: { location: 'https://blog.example/' }, body: '' },
      /another origin/,
    ],
    [
      'names a page that has no time',
      (path: string) => (path === '/' ? { body: '<a href="/a#b">a</a>' } : { status: 503, body: 'later' }),
      /\/a answered 503/,
    ],
    ['has no time', { status: 503, body: 'later' }, /answered 503/],
  ])('is not reported clean if it %s', async (_name, answer, reason) => {
    const ran = await siteOf(typeof answer === 'function' ? answer : () => answer);
    expect(ran.code).toBe(2);
    expect(ran.out).toMatch(reason);
  });

  it('is reported clean if only guessed addresses that it never names are unavailable', async () => {
    const page = '<meta name="robots" content="noindex"><a href="/about#top">about</a>';
    const ran = await siteOf((path) =>
      path === '/' || path === '/about' ? { body: page } : { status: 503, body: 'later' },
    );
    expect(ran.code, ran.out).toBe(0);
  });

  it('cannot be checked if it does not respond', async () => {
    const ran = await run(['site', 'http://127.0.0.1:9', '--secret', 'id=token,env=TOKEN'], { TOKEN: value });
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/gave no answer/);
  });
});

describe('the package', () => {
  it('imports nothing from outside itself', () => {
    const found = spawnSync(
      'grep',
      ['-rnE', "from '(\\.\\./){2,}|from '#", join(import.meta.dirname, '../src')],
      { encoding: 'utf8' },
    ).stdout;
    expect(found.split('\n').filter((line) => line && !existsSync(line))).toEqual([]);
  });

  const root = join(import.meta.dirname, '..');

  it('runs from its tarball, in an otherwise empty folder', async () => {
    const folder = temporaryFolder();
    const npm = (parameters: string[], cwd: string) => {
      const ran = spawnSync('npm', parameters, {
        cwd,
        encoding: 'utf8',
        shell: process.platform === 'win32',
      });
      expect(ran.status, ran.stderr).toBe(0);
      return ran.stdout;
    };
    const [packed] = JSON.parse(npm(['pack', '--json', '--pack-destination', folder], root));
    expect(packed.files.map((file: { path: string }) => file.path)).not.toContain('tests/cli.test.ts');
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    npm(['install', '--prefer-offline', '--no-audit', '--no-fund', packed.filename], folder);
    const npx = (parameters: string[]) =>
      spawnSync('npx', ['--no-install', 'sealcheck', ...parameters], {
        ...{ cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' },
        env: { ...process.env, TOKEN: value },
      });
    expect(npx(['--help']).stdout).toMatch(/Usage: sealcheck/);
    mkdirSync(join(folder, 'dist'));
    writeFileSync(join(folder, 'dist', 'app.js'), `const key = "${value}";`);
    const ran = npx(['dir', 'dist', '--secret', 'id=token,env=TOKEN']);
    expect([ran.status, ran.stdout]).toEqual([1, expect.stringContaining('app.js')]);
    expect(ran.stdout + ran.stderr).not.toContain(value);
  });
});
