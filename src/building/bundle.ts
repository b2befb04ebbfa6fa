import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { PROJECT, STANDALONE } from './project.ts';

/** Packages that the standalone build contains anyway, or that a library needs only outside Node.js. */
const EXTERNAL = [
  /^next($|\/)/,
  /^@prisma\/client($|\/)/,
  'pg-native',
  'pg-cloudflare',
  'cloudflare:sockets',
];

/** Bundles the image's commands into the standalone build, which does not contain the packages that they import. */
export async function bundleCommands(): Promise<void> {
  const bundle = await rolldown({
    cwd: PROJECT,
    input: { sealed: join(PROJECT, 'src/commands/sealed.ts') },
    platform: 'node',
    external: EXTERNAL,
    onLog(level, log, handle) {
      // Prisma generates an `eval` for CommonJS, which can't be changed here.
      if (log.code !== 'EVAL') handle(level, log);
    },
  });
  await bundle.write({
    dir: STANDALONE,
    // An ES module that imports node:http or node:fs loads all that they export, such as fetch: 30 ms at each start.
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: 'sealed-[name].js',
    comments: false,
  });
  await bundle.close();
}
