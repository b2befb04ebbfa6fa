import { join } from 'node:path';
import { environment } from '#secrets/environment.ts';

/** A file of the build that this process serves, or of the project's folder where it serves none, as in development. */
export function inBuild(path: string): string {
  return join(environment.SEALED_BUILD ?? '.', path);
}

/** Tells the processes and bundles that serve a build where it is. */
export function serveFrom(folder: string): void {
  environment.SEALED_BUILD = folder;
}
