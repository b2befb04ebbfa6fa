import { createHash } from 'node:crypto';
import { Budget, counted, LimitReached } from '../contents/budget.ts';
import { Channel } from '../contents/channel.ts';
import { decompressed, kindOf, peek, type TarEntry } from '../contents/decode.ts';
import type { ContentScanner, Listener } from '../contents/scan.ts';
import { CouldNotCheck, messageOf } from '../verdict.ts';
import { LayerPaths } from './layer.ts';
import type { ImageFile, ImageSource } from './source.ts';

/** One file of the archive after it was read: what it is by its content, and what a finding needs to name it. */
export type Blob = {
  name: string;
  size: number;
  paths?: LayerPaths;
  json?: unknown;
  /** The name of the blob that a symbolic link in an older archive points to. */
  sameAs?: string;
};

// A registry accepts manifests of 4 MiB; parsed JSON is many times its size. Larger documents are only searched as
// bytes.
const LARGEST_DOCUMENT = 4 * 2 ** 20;
const MOST_DOCUMENTS = 8 * 2 ** 20;

/** What is left for documents that are kept parsed, in bytes. */
type Allowance = {
  bytes: number;
};

async function* metered(
  source: AsyncIterable<Buffer>,
  budget: Budget,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of source) {
    budget.read(chunk.length);
    yield chunk;
  }
}

// Another JSON reader may see what the last of two equal keys hides: both are searched as bytes in any case.
function parsed(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}

async function scanBlob(
  file: ImageFile,
  body: AsyncIterable<Buffer>,
  scanner: ContentScanner,
  blob: Blob,
  documents: Allowance,
  onPath?: (path: string) => void,
): Promise<void> {
  const where = { source: file.name, path: '', nested: [] };
  const { head: first, stream } = await peek(body);
  const kind = kindOf(first, '');
  const paths = new LayerPaths();
  const addPath = (entry: TarEntry): void => {
    paths.add(entry);
    onPath?.(entry.name);
  };
  if (kind === 'tar') {
    blob.paths = paths;
    await scanner.scanTar(where, stream, addPath);
    return;
  }
  if (kind === 'gzip' || kind === 'zstd' || kind === 'xz') {
    if (kind === 'gzip') scanner.scanText({ ...where, nested: ['(gzip header)'] }, first);
    const budget = new Budget(scanner.limits, scanner.limits.unpackedLayer);
    const { head: start, stream: unpacked } = await peek(
      counted(decompressed(kind, metered(stream, budget)), budget),
    );
    if (kindOf(start, '') === 'tar' || start.every((byte) => byte === 0)) {
      blob.paths = paths;
      await scanner.scanTar(where, unpacked, addPath);
    } else await scanner.scanFile({ ...where, nested: [`(${kind})`] }, unpacked, undefined);
    return;
  }
  if (first.length > 0 && first.every((byte) => byte === 0)) blob.paths = paths;
  const isDocument =
    /^\s*[{[]/.test(first.toString('latin1', 0, 64)) &&
    file.size <= Math.min(LARGEST_DOCUMENT, documents.bytes);
  if (isDocument) documents.bytes -= file.size;
  const kept: Buffer[] = [];
  async function* keeping(): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of stream) {
      if (isDocument) kept.push(Buffer.from(chunk));
      yield chunk;
    }
  }
  await scanner.scanFile(where, keeping(), file.size);
  if (isDocument) blob.json = parsed(Buffer.concat(kept));
}

async function readFile(
  file: ImageFile,
  scanner: ContentScanner,
  listener: Listener,
  documents: Allowance,
  onPath?: (path: string) => void,
): Promise<Blob> {
  const blob: Blob = { name: file.name, size: file.size };
  const where = { source: file.name, path: '', nested: [] };
  if (file.link) {
    const folder = file.name.split('/').slice(0, -1);
    for (const step of file.link.split('/')) {
      if (step === '..') folder.pop();
      else if (step !== '.') folder.push(step);
    }
    return { ...blob, sameAs: folder.join('/') };
  }
  scanner.scanText({ ...where, nested: ['(name)'] }, file.name);
  const digest = /^blobs\/(sha256|sha512)\/([0-9a-f]+)$/.exec(file.name);
  const hash = digest?.[1] ? createHash(digest[1]) : undefined;
  const channel = new Channel();
  let failure: unknown;
  const scanned = scanBlob(file, channel, scanner, blob, documents, onPath)
    .catch((error: unknown) => {
      failure = error;
    })
    .then(async () => {
      for await (const _ of channel);
    });
  let read = 0;
  try {
    for await (const chunk of file.body) {
      hash?.update(chunk);
      read += chunk.length;
      listener.progress(0);
      await channel.put(chunk);
    }
  } finally {
    channel.end();
    await scanned;
  }
  if (failure instanceof LimitReached) listener.incomplete(where, failure.message);
  else if (failure !== undefined) {
    listener.incomplete(
      where,
      `is damaged or cut short (${messageOf(failure)}); make the image archive again`,
    );
  }
  if (read !== file.size)
    listener.incomplete(where, `holds ${read} bytes where its header says ${file.size}`);
  if (hash && digest && hash.digest('hex') !== digest[2]) {
    listener.incomplete(
      where,
      'has another digest than its name says; the archive is damaged or was changed',
    );
  }
  return blob;
}

/**
 * Reads and scans every file of an image once, as a stream.
 *
 * @throws CouldNotCheck if the archive itself is damaged, truncated or unreadable.
 */
export async function readImage(
  source: ImageSource,
  scanner: ContentScanner,
  listener: Listener,
  onPath?: (path: string) => void,
): Promise<Map<string, Blob>> {
  const blobs = new Map<string, Blob>();
  const documents: Allowance = { bytes: MOST_DOCUMENTS };
  try {
    for await (const file of source.files()) {
      if (file.name.includes('\0'))
        throw new CouldNotCheck(`${source.name}: a file name in the archive holds a NUL`);
      blobs.set(file.name, { name: file.name, size: file.size });
      blobs.set(file.name, await readFile(file, scanner, listener, documents, onPath));
    }
  } catch (error) {
    const message =
      error instanceof CouldNotCheck
        ? error.message
        : `${source.name} is damaged or cut short (${messageOf(error)}); make the archive again`;
    if (blobs.size === 0) throw new CouldNotCheck(message);
    // What was read before the damage counts: a leak in it is a leak.
    listener.incomplete({ source: '', path: '', nested: [] }, message);
  }
  for (const blob of blobs.values()) {
    const target = blob.sameAs === undefined ? undefined : blobs.get(blob.sameAs);
    if (target?.paths) blob.paths = target.paths;
  }
  return blobs;
}
