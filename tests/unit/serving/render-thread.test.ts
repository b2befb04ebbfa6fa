import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { createRenderThread } from '#serving/render-thread.ts';

const folder = mkdtempSync(join(tmpdir(), 'sealed-thread-'));
const file = join(folder, 'renders.mjs');

// A thread that speaks as the real one does, without Next.js.
writeFileSync(
  file,
  `import { parentPort } from 'node:worker_threads';
  parentPort.on('message', (order) => {
    if (order === 'stop') process.exit();
    if (order.path === '/breaks') throw new Error('out of order');
    const result = order.path === '/fails' ? { failure: 'no such page' } : { status: 200, html: order.path };
    parentPort.postMessage({ id: order.id, result });
  });`,
);

afterAll(() => rmSync(folder, { recursive: true }));

describe('the render thread', () => {
  it('returns what was rendered, or why it was not, to each caller', async () => {
    const thread = createRenderThread(file);
    const [one, two, failed] = await Promise.allSettled(['/1', '/2', '/fails'].map(thread.render));
    expect(one).toMatchObject({ value: { status: 200, html: '/1' } });
    expect(two).toMatchObject({ value: { html: '/2' } });
    expect(failed).toMatchObject({ reason: new Error('no such page') });
    await thread.stop();
  });

  it('is started again after it broke, and fails only the renders that it was working on', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const thread = createRenderThread(file);
    await expect(thread.render('/breaks')).rejects.toThrow('The thread that renders pages has ended.');
    expect(logged).toHaveBeenCalledWith(expect.objectContaining({ message: 'out of order' }));
    expect(await thread.render('/1')).toMatchObject({ html: '/1' });
    await thread.stop();
    logged.mockRestore();
  });

  it('stops even if it was never started', async () => {
    await createRenderThread(file).stop();
  });
});
