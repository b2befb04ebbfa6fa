import { parentPort, workerData } from 'node:worker_threads';
import SevenZip, { type SevenZipModuleFactory } from '7z-wasm';

/** The worker's input: the archive, and the number of bytes that were sent but not consumed yet. */
export type ForeignJob = { archive: Uint8Array; unread: Int32Array };

/** The worker's output: a chunk of an entry (empty when the entry is opened), or how the archive ended. */
export type ForeignMessage =
  | { kind: 'piece'; path: string; bytes: Uint8Array }
  | { kind: 'end'; code: number; log: string };

const OUT = '/out/';
const MOST_UNREAD = 4 * 2 ** 20;

const { archive, unread } = workerData as ForeignJob;
const send = (message: ForeignMessage): void => parentPort?.postMessage(message);

let log = '';
const print = (line: string): void => {
  if (log.length < 4000) log += `${line}\n`;
};
const sevenZip = await (SevenZip as unknown as SevenZipModuleFactory)({ print, printErr: print });
const files = sevenZip.FS as unknown as {
  write(stream: { path: string; position: number }, from: Uint8Array, at: number, length: number): number;
  open(path: string, flags: number, mode: number): unknown;
  writeFile(path: string, bytes: Uint8Array): void;
  mkdir(path: string): void;
};
files.writeFile('/archive', archive);
files.mkdir(OUT);

// 7-Zip's output is passed on in chunks and never kept, so memory does not grow with the content.
const { write, open } = files;
files.open = (path, flags, mode) => {
  if (typeof path === 'string' && path.startsWith(OUT) && (flags & 3) !== 0)
    send({ kind: 'piece', path: path.slice(OUT.length), bytes: new Uint8Array() });
  return open.call(files, path, flags, mode);
};
files.write = (stream, from, at, length) => {
  if (!stream.path?.startsWith(OUT)) return write.call(files, stream, from, at, length);
  send({ kind: 'piece', path: stream.path.slice(OUT.length), bytes: from.slice(at, at + length) });
  stream.position += length;
  Atomics.add(unread, 0, length);
  for (let waiting = Atomics.load(unread, 0); waiting > MOST_UNREAD; waiting = Atomics.load(unread, 0))
    Atomics.wait(unread, 0, waiting);
  return length;
};

// A random password: without one, 7-Zip would prompt for it.
const parameters = ['x', '/archive', `-o${OUT}`, '-y', '-p?', '-bso0', '-bsp0', '-smemx512m'];
let code: unknown;
try {
  code = sevenZip.callMain(parameters);
} catch (error) {
  print(String(error));
}
send({ kind: 'end', code: typeof code === 'number' ? code : -1, log });
