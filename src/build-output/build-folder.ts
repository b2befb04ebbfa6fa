import { join } from 'node:path';
import { environment } from '#environment/variables.ts';

/** The path of a file in the build that this process serves; in development, in the project. */
export function inBuild(path: string): string {
  // Without the comment in the call, Next.js assumes that the path can be any file, and ships the whole project.
  return join(/*turbopackIgnore: true*/ environment.SEALED_BUILD ?? '.', path);
}

/** Sets the folder of the build for every process and bundle that serves it. */
export function serveFrom(folder: string): void {
  environment.SEALED_BUILD = folder;
}
