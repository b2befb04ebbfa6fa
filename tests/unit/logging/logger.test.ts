import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { logConsole } from '#logging/console.ts';
import { createLogger } from '#logging/logger.ts';
import { maskSecret } from '#secrets/masking.ts';

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

  it('masks a secret that was read, wherever it stands', () => {
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

  it('writes lines as they were said, and problems to the standard error', () => {
    expect(
      written(() => {
        const logger = createLogger('lines');
        logger.info('ready');
        logger.warn('careful');
      }),
    ).toEqual({ out: 'ready\n', err: 'careful\n' });
  });
});

describe('logConsole', () => {
  it('has the console write through the logger', () => {
    const { out } = written(() => {
      logConsole(createLogger('json'), () => false);
      console.info('%s is %d', 'it', 1);
    });
    expect(JSON.parse(out)).toMatchObject({ level: 30, msg: 'it is 1' });
  });

  it('leaves out what the log has already', () => {
    const known = new Error('known');
    expect(
      written(() => {
        logConsole(createLogger('lines'), (value) => value === known);
        console.error('while rendering:', known);
      }).err,
    ).toBe('');
  });
});
