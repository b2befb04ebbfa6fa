import { describe, expect, it } from 'vitest';
import { run } from '#building/run.ts';

const node = (script: string, options: Parameters<typeof run>[2] = {}) =>
  run(process.execPath, ['--eval', script], options);

describe('run', () => {
  it('returns what a command printed on both outputs', async () => {
    expect(await node('console.log("one"); console.error("two")')).toEqual({
      status: 0,
      output: expect.stringMatching(/^(one\ntwo|two\none)$/),
    });
  });

  it('passes on what a command prints while it runs', async () => {
    const printed: [string, string][] = [];
    await node('console.error("one")', { onOutput: (text, stream) => printed.push([stream, text]) });
    expect(printed).toEqual([['stderr', 'one\n']]);
  });

  it('adds variables to those of this process', async () => {
    const { output } = await node('console.log(typeof process.env.PATH, process.env.ADDED)', {
      env: { ADDED: 'yes' },
    });
    expect(output).toBe('string yes');
  });

  it.each([
    ['its exit code', 'process.exit(3)', 3],
    [
      'the signal that ended it',
      'process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 1_000)',
      'SIGKILL',
    ],
  ])('gives %s if a command fails', async (_, script, status) => {
    expect(await node(script)).toMatchObject({ status });
  });

  it('names a command that is not installed', async () => {
    await expect(run('no-such-command', [])).rejects.toThrow(
      'no-such-command is not installed, or is not on the PATH.',
    );
  });

  it('waits for a command that stops slowly', async () => {
    const stop = new AbortController();
    const { status, output } = await node(
      'process.on("SIGTERM", () => setTimeout(() => { console.log("stopped"); process.exit(0); }, 200));' +
        'console.log("started"); setInterval(() => {}, 1_000)',
      { signal: stop.signal, onOutput: () => stop.abort() },
    );
    expect({ status, output }).toEqual({ status: 0, output: 'started\nstopped' });
  });

  it('starts nothing after it was told to stop', async () => {
    await expect(node('', { signal: AbortSignal.abort(new Error('Stopped.')) })).rejects.toThrow('Stopped.');
  });
});
