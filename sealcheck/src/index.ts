import { defaultLimits, type Limits } from './contents/budget.ts';
import { checkImage as checkOpenImage } from './image/check-image.ts';
import { openImage } from './image/source.ts';
import type { CheckOptions } from './options.ts';
import type { Report } from './report/findings.ts';
import { prepare } from './secrets/prepare.ts';
import { checkSite as crawlSite } from './site/check-site.ts';
import { checkTree as checkFiles } from './tree/check-tree.ts';

export type { Limits } from './contents/budget.ts';
export type { Finding, LayerPicture, MountingStep, Report } from './report/findings.ts';
export { htmlReport } from './report/html.ts';
export { sarifReport } from './report/sarif.ts';
export { inColour, plainly, textReport } from './report/text.ts';
export { CouldNotCheck } from './verdict.ts';

/** The options of a check. */
export type Options = {
  /** The secrets to search for: each value by a name, which the report shows instead. */
  secrets: Readonly<Record<string, string | Uint8Array>>;
  /** How far archives are unpacked. */
  limits?: Partial<Limits>;
  /** Lists a framework's own live keys without treating them as a leak. */
  allowFrameworkKeys?: boolean;
  /** A file that was not opened keeps the check from ending clean. */
  strict?: boolean;
  /** Called with the number of bytes searched so far. */
  onProgress?: (bytes: number) => void;
};

function checkOptions({ secrets, limits, ...rest }: Options): CheckOptions {
  const declared = Object.entries(secrets).map(([id, value]) => ({
    id,
    value: Buffer.from(value),
    origin: 'the caller',
  }));
  return {
    allowFrameworkKeys: false,
    ...rest,
    prepared: prepare(declared),
    limits: { ...defaultLimits, ...limits },
  };
}

/**
 * Searches an image: a reference (streamed from `docker save`), a tar, or an OCI layout or cache directory. `dockerfile`
 * is the path of the Dockerfile that made it, for the report.
 *
 * @throws CouldNotCheck if the check can't start.
 */
export async function checkImage(image: string, options: Options & { dockerfile?: string }): Promise<Report> {
  const { dockerfile, ...rest } = options;
  return checkOpenImage(openImage(image), {
    ...checkOptions(rest),
    ...(dockerfile !== undefined && { dockerfile }),
  });
}

/**
 * Searches a directory or a file.
 *
 * @throws CouldNotCheck if it does not exist.
 */
export async function checkTree(path: string, options: Options): Promise<Report> {
  return checkFiles(path, checkOptions(options));
}

/**
 * Crawls a running site and searches all its responses. `maxRequests` limits how many are read, `alsoOrigins` are other
 * origins whose files are read too.
 *
 * @throws CouldNotCheck if it does not respond.
 */
export async function checkSite(
  url: string,
  options: Options & { maxRequests?: number; alsoOrigins?: readonly string[] },
): Promise<Report> {
  const { maxRequests, alsoOrigins, ...rest } = options;
  return crawlSite(url, checkOptions(rest), {
    ...(maxRequests !== undefined && { requests: maxRequests }),
    ...(alsoOrigins !== undefined && { alsoOrigins }),
  });
}
