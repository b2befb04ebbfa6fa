import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { maskSecret } from '#secrets/masking.ts';
import { logConsole } from '#serving/console.ts';
import { createLogger } from '#serving/logger.ts';

const original = { ...console };
afterEach(() => {
  Object.assign(console, original);
  vi.restoreAllMocks();
});

/** What is written to either output while this runs. */
function written(run: () => void): { out: string; err: string } {
  const texts = { out: '', err: '' };
  const take = (key: keyof typeof texts) => (chunk: unknown) => {
    texts[key] += String(chunk);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(take('out'));
  vi.spyOn(process.stderr, 'write').mockImplementation(take('err'));
  try {
    run();
  } finally {
    vi.restoreAllMocks();
  }
  return texts;
}

describe('createLogger', () => {
  it('redacts a field by its name, at any of three levels', () => {
    const { out } = written(() =>
      createLogger('json').info({
        password: 'one',
        request: { authorization: 'two', headers: { cookie: 'three', 'set-cookie': 'four' } },
        host: 'kept',
      }),
    );
    expect(out).not.toMatch(/one|two|three|four/);
    expect(JSON.parse(out)).toMatchObject({ password: '[redacted]', host: 'kept' });
  });

  it('masks a secret that was read, wherever it occurs', () => {
    const value = randomBytes(9).toString('hex');
    maskSecret('AUTH_SECRET', value);
    const { out, err } = written(() => {
      createLogger('json').info({ [value]: value, list: [`a ${value}`] }, `it is ${value}`);
      createLogger('lines').error(new Error(`no ${value}`, { cause: new Error(value) }));
    });
    expect(out + err).not.toContain(value);
    expect(JSON.parse(out).msg).toBe('it is [AUTH_SECRET]');
    expect(err).toMatch(/Error: no \[AUTH_SECRET\]\n\s+at /);
  });

  it('writes lines unchanged, and problems to standard error', () => {
    expect(
      written(() => {
        const logger = createLogger('lines');
        logger.info('ready');
        logger.warn('careful');
      }),
    ).toEqual({ out: 'ready\n', err: 'careful\n' });
  });
});

/** What the console prints in this format while this runs, through the log. */
function printed(format: 'json' | 'lines', run: () => void): string {
  const { out, err } = written(() => {
    logConsole(createLogger(format), () => false);
    run();
  });
  const text = out + err;
  if (format === 'json') for (const line of text.trimEnd().split('\n')) JSON.parse(line);
  return text;
}

describe.each(['json', 'lines'] as const)('the console, with a log as %s', (format) => {
  class Connection {
    host = 'kept';
    password = 'hunter2';
  }
  const looped: Record<string, unknown> = { host: 'kept', token: 'hunter2' };
  looped.self = looped;
  const nested = { a: { b: [{ c: { d: { e: { f: { host: 'kept', Cookie: 'hunter2' } } } } }] } };

  it.each<[string, unknown[]]>([
    ['an object', [{ host: 'kept', password: 'hunter2' }]],
    ['several arguments', ['kept', { authorization: 'Bearer hunter2' }, 7, { token: 'hunter2' }]],
    ['a nested object, as JSON', ['%j', nested]],
    ['a nested object, with all of it', ['%o %O', { kept: nested.a }, { a: { secret: 'hunter2' } }]],
    ['a list of values', [{ host: 'kept', 'Set-Cookie': ['hunter2', 'a=hunter2'] }]],
    ['an object as the value', [{ host: 'kept', credentials: { user: 'hunter2' } }]],
    ['a map', [new Map([['kept', new Map([['x-api-key', 'hunter2']])]])]],
    ['a set', [new Set(['kept', { apiKey: 'hunter2' }])]],
    ['raw headers', [{ rawHeaders: ['Host', 'kept', 'Authorization', 'Bearer hunter2'] }]],
    [
      'a list of pairs',
      [
        [
          ['host', 'kept'],
          ['cookie', 'a=hunter2'],
        ],
      ],
    ],
    ['headers', ['kept', new Headers({ Authorization: 'Bearer hunter2' })]],
    ['query parameters', ['kept', new URLSearchParams({ access_token: 'hunter2' })]],
    ['an instance of a class', [new Connection()]],
    ['a field that a symbol names', [{ host: 'kept', [Symbol('headers')]: { cookie: 'hunter2' } }]],
    ['a loop', [looped]],
    ['a declared secret', [{ host: 'kept', DATABASE_URL: 'hunter2', auth_secret_previous: 'hunter2' }]],
    ['an error with fields', [Object.assign(new Error('kept'), { config: { clientSecret: 'hunter2' } })]],
    ['an error after a text', ['kept:', Object.assign(new TypeError('x'), { connectionString: 'hunter2' })]],
    ['a cause', [new Error('kept', { cause: Object.assign(new Error('y'), { password: 'hunter2' }) })]],
    ['several errors', [new AggregateError([Object.assign(new Error('z'), { token: 'hunter2' })], 'kept')]],
  ])('redacts fields by name in %s', (_, values) => {
    for (const method of ['info', 'error'] as const) {
      const text = printed(format, () => console[method](...values));
      expect(text).toContain('kept');
      expect(text).not.toContain('hunter2');
    }
    expect(printed(format, () => console.dir(values[0], { depth: 9 }))).not.toContain('hunter2');
  });

  it('leaves other fields, and its arguments, unchanged', () => {
    const given = {
      tokens: 3,
      nested: { password: 'hunter2' },
      secretary: 'kept',
      passwordless: true,
      token: null,
    };
    const text = printed(format, () => console.info(given));
    expect(text).toMatch(
      /nested: \{ password: '\[redacted\]' \}.*secretary: 'kept'.*passwordless: true.*token: null/s,
    );
    expect(given.nested.password).toBe('hunter2');
  });

  it('keeps the type, the message and the stack of an error that it redacts', () => {
    const error = Object.assign(new RangeError('too far'), { password: 'hunter2' });
    expect(printed(format, () => console.error(error))).toMatch(/RangeError: too far(\n|\\n)\s+at /);
    expect(printed(format, () => console.error('then', error))).toMatch(
      /then RangeError: too far(\n|\\n)\s+at /,
    );
  });

  it.each<[string, unknown]>([
    ['a number that is a password', { port: 5432 }],
    ['a word of JSON that is one', { idle: false, level: 'debug' }],
    [
      'an accessor that throws',
      Object.defineProperty(new Error('x'), 'detail', {
        enumerable: true,
        get() {
          throw new Error('no detail');
        },
      }),
    ],
    ['a proxy that is revoked', revokedProxy()],
    [
      'a text that throws',
      {
        [Symbol.for('nodejs.util.inspect.custom')]() {
          throw new Error('no text');
        },
      },
    ],
    ['a number that JSON has none for', { big: 1n }],
  ])('does not throw for %s', (_, value) => {
    maskSecret('DATABASE_URL', 'postgresql://blog:5432@h/blog');
    maskSecret('STATUS_TOKEN', 'false');
    const run = () => {
      console.error(value);
      console.error('while serving:', value);
      console.error('%j', value);
      console.error(Object.assign(new Error('y'), { value, port: 5432, idle: false }));
    };
    expect(printed(format, run).split('\n').length).toBeGreaterThan(4);
  });
});

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe('logConsole', () => {
  it('makes the console write through the logger', () => {
    const { out } = written(() => {
      logConsole(createLogger('json'), () => false);
      console.info('%s is %d', 'it', 1);
    });
    expect(JSON.parse(out)).toMatchObject({ level: 30, msg: 'it is 1' });
  });

  it('omits what the log already has', () => {
    const known = new Error('known');
    expect(
      written(() => {
        logConsole(createLogger('lines'), (value) => value === known);
        console.error('while rendering:', known);
      }).err,
    ).toBe('');
  });
});
