import { on } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ForeignJob, ForeignMessage } from './foreign-worker.ts';

/** The largest archive for 7-Zip, in bytes: it needs the whole archive in memory. */
export const LARGEST_FOREIGN = 128 * 2 ** 20;

const MOST_SECONDS = 120;
const SEVEN_ZIP_FORMATS: readonly (readonly [format: string, firstBytes: string])[] = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((level) => ['bzip2', `425a683${level}314159265359`] as const),
  ['lzma', '5d00008000'],
  ['lzma', '5d00000004'],
  ['lzma', '5d00001000'],
  ['7z', '377abcaf271c'],
  ['rar', '526172211a07'],
  ['compress', '1f9d90'],
  ['squashfs', '68737173'],
  ['cab', '4d53434600000000'],
  ['xar', '78617221001c'],
  ['wim', '4d5357494d000000'],
];
const OTHER_FORMATS: readonly (readonly [format: string, firstBytes: string])[] = [
  ['lz4', '04224d18'],
  ['lzip', '4c5a495001'],
  ['lzop', '894c5a4f000d0a1a0a'],
  ['snappy', 'ff060000734e61507059'],
  ['an encrypted file of OpenSSL', '53616c7465645f5f'],
  ['an encrypted file of age', '6167652d656e6372797074696f6e2e6f72672f'],
  ['an encrypted disk', '4c554b53babe'],
];

/** A format that Node.js can't decompress, by a file's first bytes, and whether 7-Zip opens it. */
export function foreignFormat(head: Buffer): { name: string; opens: boolean } | undefined {
  const start = head.toString('hex', 0, 24);
  for (const [formats, opens] of [[SEVEN_ZIP_FORMATS, true] as const, [OTHER_FORMATS, false] as const]) {
    const format = formats.find(([, firstBytes]) => start.startsWith(firstBytes));
    if (format) return { name: format[0], opens };
  }
  return undefined;
}

/** Thrown if an archive can't be opened completely. The message completes "the file …". */
export class NotOpened extends Error {
  override name = 'NotOpened';
}

function reasonOf(log: string): string {
  if (/encrypted|password/i.test(log)) return 'is encrypted';
  if (/Unsupported Method/i.test(log)) return 'is compressed by a method that is not supported';
  return 'is damaged, cut short or encrypted';
}

/**
 * Decompresses an archive with 7-Zip as WebAssembly, in a thread without file or network access. Yields the chunks of
 * its entries in order; an entry starts with an empty chunk.
 *
 * @throws NotOpened if the archive is damaged, encrypted or takes too long.
 */
export async function* foreignPieces(
  archive: Buffer,
): AsyncGenerator<{ path: string; bytes: Buffer }, void, undefined> {
  const unread = new Int32Array(new SharedArrayBuffer(4));
  const job: ForeignJob = { archive, unread };
  const script = new URL(`./foreign-worker${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(script, { workerData: job, env: {}, execArgv: [], stderr: true });
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), MOST_SECONDS * 1000);
  try {
    for await (const [message] of on(worker, 'message', { signal: abort.signal, close: ['exit'] })) {
      const told = message as ForeignMessage;
      if (told.kind === 'end') {
        if (told.code !== 0) throw new NotOpened(reasonOf(told.log));
        return;
      }
      yield { path: told.path, bytes: Buffer.from(told.bytes) };
      Atomics.sub(unread, 0, told.bytes.length);
      Atomics.notify(unread, 0);
    }
    throw new NotOpened(reasonOf(''));
  } catch (error) {
    if (error instanceof NotOpened) throw error;
    throw new NotOpened(
      abort.signal.aborted ? `takes more than ${MOST_SECONDS} seconds to open` : reasonOf(''),
    );
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}
