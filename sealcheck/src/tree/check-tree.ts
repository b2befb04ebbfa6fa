import { createReadStream, lstatSync, readlinkSync, statSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { Collector } from '../contents/collect.ts';
import { ContentScanner, type Where } from '../contents/scan.ts';
import { frameworkRules } from '../frameworks/rules.ts';
import type { CheckOptions } from '../options.ts';
import type { Report } from '../report/findings.ts';
import { reportOf } from '../report/make-report.ts';
import { CouldNotCheck, messageOf } from '../verdict.ts';

async function scanTree(
  root: string,
  folder: Buffer,
  scanner: ContentScanner,
  collector: Collector,
): Promise<void> {
  const names: Buffer[] = [];
  for await (const entry of await opendir(folder, { encoding: 'buffer' as BufferEncoding })) {
    names.push(Buffer.from(entry.name as unknown as Uint8Array));
  }
  for (const name of names.sort(Buffer.compare)) {
    const path = Buffer.concat([folder, Buffer.from('/'), name]);
    const where: Where = {
      source: '',
      path: relative(root, path.toString()).replaceAll(sep, '/'),
      nested: [],
    };
    try {
      scanner.scanText({ ...where, nested: ['(name)'] }, name);
      const stat = lstatSync(path);
      if (stat.isSymbolicLink()) {
        scanner.scanText({ ...where, nested: ['(link target)'] }, readlinkSync(path, { encoding: 'buffer' }));
      } else if (stat.isDirectory()) await scanTree(root, path, scanner, collector);
      else if (stat.isFile()) {
        const body = createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>;
        await scanner.scanFile(where, body, stat.size);
      } else collector.note(where, 'is neither a file, a directory nor a link; it holds no bytes to read');
    } catch (error) {
      collector.incomplete(
        where,
        `could not be read (${(error as NodeJS.ErrnoException).code ?? messageOf(error)})`,
      );
    }
  }
}

/**
 * Checks a directory such as `.next` or `dist`, a file, or standard input (`-`). Symbolic links are not followed: the
 * paths they point to are searched.
 *
 * @throws CouldNotCheck if the path does not exist.
 */
export async function checkTree(path: string, options: CheckOptions): Promise<Report> {
  const startedAt = performance.now();
  const stat = path === '-' ? undefined : statSync(path, { throwIfNoEntry: false });
  if (path !== '-' && !stat) throw new CouldNotCheck(`${path} does not exist. Check the path.`);
  const collector = new Collector(options.onProgress);
  const scanner = new ContentScanner(options.prepared.search, frameworkRules, options.limits, collector);
  if (stat?.isDirectory()) await scanTree(path, Buffer.from(join(path, '.')), scanner, collector);
  else {
    const body = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: 1 << 18 });
    const where: Where = { source: '', path: path === '-' ? 'standard input' : basename(path), nested: [] };
    await scanner.scanFile(where, body as AsyncIterable<Buffer>, stat?.size);
  }
  return reportOf({
    command: 'dir',
    target: path,
    options,
    collector,
    locate: ({ where }) => [{ place: 'tree', path: where.path }],
    nameOf: (where) => [where.path, ...where.nested].filter(Boolean).join(' › ') || path,
    startedAt,
  });
}
