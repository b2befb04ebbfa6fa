import { spawn } from 'node:child_process';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { decompressed, kindOf, peek, tarEntries } from '../contents/decode.ts';
import { foreignFormat } from '../contents/foreign.ts';
import { CouldNotCheck, messageOf } from '../verdict.ts';

/** One file of an image archive or layout: a blob, an index, a manifest. */
export type ImageFile = {
  name: string;
  /** Where a symbolic link of an older archive points, else ''. */
  link: string;
  size: number;
  body: AsyncIterable<Buffer>;
};

/** An image as a sequence of files that is read once, in its order. */
export type ImageSource = {
  /** The given target: a reference, a tar or a directory. */
  name: string;
  kind: 'engine' | 'archive' | 'layout';
  files(): AsyncIterable<ImageFile>;
};

// Like "docker load", it accepts an archive that was compressed as a whole.
async function* filesOfTar(source: AsyncIterable<Buffer>): AsyncGenerator<ImageFile, void, undefined> {
  const { head, stream } = await peek(source);
  const kind = kindOf(head, '');
  const format = kind === 'tar' || kind === undefined ? foreignFormat(head)?.name : undefined;
  if (format) throw new CouldNotCheck(`the archive is ${format}; decompress it first`);
  const tar = kind === undefined || kind === 'tar' ? stream : decompressed(kind, stream);
  for await (const entry of tarEntries(tar)) {
    if (entry.type === 'directory') continue;
    yield { name: entry.name.replace(/^\.\//, ''), link: entry.link, size: entry.size, body: entry.body };
  }
}

async function* filesOfDirectory(root: string, folder = root): AsyncGenerator<ImageFile, void, undefined> {
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesOfDirectory(root, path);
    else if (entry.isFile()) {
      yield {
        name: relative(root, path).split('\\').join('/'),
        link: '',
        size: statSync(path).size,
        body: createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>,
      };
    }
  }
}

async function* outputOf(
  command: string,
  parameters: string[],
  reference: string,
): AsyncGenerator<Buffer, void, undefined> {
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < 2000) complaint += chunk.toString();
  });
  const ended = new Promise<{ code: number | null; error?: Error }>((resolve) => {
    child.once('error', (error) => resolve({ code: null, error }));
    child.once('close', (code) => resolve({ code }));
  });
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    const { code, error } = await ended;
    if (error) {
      throw new CouldNotCheck(
        `image "${reference}": ${command} could not be started; install Docker, or give a tar made by "docker save" or an OCI layout directory`,
      );
    }
    if (code !== 0) {
      throw new CouldNotCheck(
        `image "${reference}": docker save failed: ${messageOf(complaint.trim()) || `exit ${code}`}`,
      );
    }
  } finally {
    if (child.exitCode === null) child.kill();
  }
}

/**
 * Opens an image: a directory (OCI layout, or a BuildKit `--cache-to type=local` export), a tar (docker save, or an OCI
 * layout in a tar, compressed or not; `-` is standard input), or otherwise a reference, which is streamed from `docker
 * save` and never written to disk.
 *
 * @throws CouldNotCheck if a directory is not a layout.
 */
export function openImage(given: string): ImageSource {
  if (given === '-')
    return { name: 'standard input', kind: 'archive', files: () => filesOfTar(process.stdin) };
  if (existsSync(given)) {
    if (statSync(given).isDirectory()) {
      if (!existsSync(join(given, 'index.json'))) {
        throw new CouldNotCheck(
          `${given} is a directory without index.json, so it is not an OCI layout; use "sealcheck dir" for a tree of files`,
        );
      }
      return { name: given, kind: 'layout', files: () => filesOfDirectory(given) };
    }
    return {
      name: given,
      kind: 'archive',
      files: () => filesOfTar(createReadStream(given, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>),
    };
  }
  if (given.startsWith('-') || !/^[\w][\w./:@-]*$/.test(given)) {
    throw new CouldNotCheck(
      `"${given}" is neither a file, a directory nor an image reference; check its spelling`,
    );
  }
  if (/\.(tar|oci|tgz|gz|zst)$/.test(given))
    throw new CouldNotCheck(`${given} does not exist; give the path of an existing archive`);
  return { name: given, kind: 'engine', files: () => filesOfTar(outputOf('docker', ['save', given], given)) };
}
