import { join } from 'node:path';
import { environment } from '#environment/variables.ts';

/** A file of the build that this process serves; in development, a file of the project. */
export function inBuild(path: string): string {
  // Without the remark, Next.js takes the path for "any file", and ships the whole project.
  return join(/*turbopackIgnore: true*/ environment.SEALED_BUILD ?? '.', path);
}

/** Tells the processes and bundles that serve a build which folder it is in. */
export function serveFrom(folder: string): void {
  environment.SEALED_BUILD = folder;
}
