import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILD_RECORD, buildRecord, IMAGES_FOLDER, PAGES_FILE } from '#build-output/record.ts';
import { hasPosts } from '#database/preflight.ts';
import { fetchTemplate } from '#newsletter/provider.ts';
import { type MailTemplate, TEMPLATE_FILE } from '#newsletter/template.ts';
import { MissingDatabaseUrl, phaseVariables, readDatabaseAddress, SecretError } from '#secrets/index.ts';
import { storedVariables } from '#secrets/stores/open.ts';
import { copyAssets } from './assets.ts';
import { blankFrameworkKeys } from './blank-framework-keys.ts';
import { bundleCommands } from './bundle.ts';
import { requireNoClientComponents } from './client-components.ts';
import { packImages } from './pack-images.ts';
import { packPages, prerenderedPaths, removePages, requireKnownRoutes } from './pack-pages.ts';
import { readContent, readPageSource } from './page-source.ts';
import { PROJECT, STANDALONE } from './project.ts';
import { runTool, type ToolOptions } from './tool.ts';

type Options = Pick<ToolOptions, 'output' | 'signal'>;

/** Exists only if the build's pages have been generated, not just its source compiled. */
const GENERATED = join(STANDALONE, PAGES_FILE);

/** Whether there is a complete build: compiled, and with its pages generated. */
export function isBuilt(): boolean {
  return existsSync(GENERATED);
}

/** The first phase: compiles the source. Needs no database, no secret and no network. */
export async function compile(options: Options = {}): Promise<void> {
  await generatePrismaClient(options.signal);
  await buildWithNext('compile', options);
  rmSync(join(STANDALONE, PAGES_FILE), { force: true });
  rmSync(join(STANDALONE, IMAGES_FOLDER), { recursive: true, force: true });
  await assemble();
  requireKnownRoutes();
  requireNoClientComponents(join(PROJECT, '.next'));
}

/** Generates the Prisma client that the source imports, if it is missing or older than the schema. */
export async function generatePrismaClient(signal?: AbortSignal): Promise<void> {
  const modified = (path: string) => statSync(join(PROJECT, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (modified('src/database/generated/client.ts') > modified('prisma/schema.prisma')) return;
  await runTool('prisma', ['generate', '--no-hints'], { output: 'on failure', signal });
}

/**
 * The second phase: prerenders the pages from the database. Needs a compiled build, and `DATABASE_URL`.
 *
 * @throws SecretError or DatabaseUnavailable if the database can't be used, before any page is rendered
 */
export async function generate(options: Options = {}): Promise<void> {
  if (!existsSync(join(PROJECT, '.next/BUILD_ID')))
    throw new Error('Nothing is compiled yet. Run npm run build:compile first.');
  const address = addressForBuild();
  await hasPosts(address);
  // Read before the pages are rendered, so that a post that changes meanwhile counts as newer than this revision.
  const source = await readPageSource(address, await keepTemplate());
  const content = await readContent(address);
  removePages(PROJECT);
  await buildWithNext('generate', options);
  writeFileSync(join(PROJECT, BUILD_RECORD), buildRecord(source, content.position, prerenderedPaths()));
  await assemble();
  await packPages(content.changes, (slugs) => packImages(address, slugs));
}

/** Stores the newsletter's template for pages that are rendered later: the key to fetch it is a build secret. */
async function keepTemplate(): Promise<MailTemplate | undefined> {
  const file = join(PROJECT, TEMPLATE_FILE);
  const template = await fetchTemplate();
  if (template) writeFileSync(file, JSON.stringify(template));
  else rmSync(file, { force: true });
  return template;
}

/** Also fails if a page caught the error of a refused secret, or if Next.js would ship every file of the project. */
async function buildWithNext(phase: 'compile' | 'generate', options: Options): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sealed-build-'));
  const refusedReads = join(folder, 'refused-reads');
  const refused = () =>
    existsSync(refusedReads) ? readFileSync(refusedReads, 'utf8').split('\n', 1)[0] : '';
  try {
    const variables = { ...storedVariables(phase), ...phaseVariables(phase, refusedReads) };
    const printed = await runTool('next', ['build', '--experimental-build-mode', phase], {
      ...options,
      variables,
    });
    requireNarrowTrace(printed);
    if (refused()) throw new SecretError(refused());
  } catch (error) {
    throw refused() ? new SecretError(refused()) : error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function requireNarrowTrace(printed: string): void {
  const [warning, place] = /(?:(\S+)\s+Warning:)?[^\n]*tracing of the whole project/.exec(printed) ?? [];
  if (!warning) return;
  throw new Error(
    `${place ?? 'A module'} reads a path that Next.js can't know, so it would ship every file of the project. ` +
      'Put /*turbopackIgnore: true*/ before the first argument of that call.',
  );
}

function addressForBuild() {
  try {
    return readDatabaseAddress();
  } catch (error) {
    if (!(error instanceof MissingDatabaseUrl)) throw error;
    throw new MissingDatabaseUrl(
      'The build secret DATABASE_URL is missing. Pass --secret id=database_url,src=env/database_url.txt to docker build, ' +
        'or build without a database with --target deferred; outside Docker, set DATABASE_URL.',
    );
  }
}

/** The entries that the standalone folder may contain at its top level. */
const SHIPPED = /^(\.next|node_modules|package\.json|prisma|sealed(-.+)?\.js)$/;

/** Completes the standalone folder with the assets that Next.js does not copy, the image's commands, and their files. */
async function assemble(): Promise<void> {
  copyAssets();
  copyFiles('prisma/migrations', /(^|[\\/])(migration\.sql|migration_lock\.toml)$/);
  copyFiles('prisma/seed', /^[^\\/.][^\\/]*\.md$/);
  for (const file of [TEMPLATE_FILE, BUILD_RECORD]) {
    rmSync(join(STANDALONE, file), { force: true });
    if (existsSync(join(PROJECT, file))) cpSync(join(PROJECT, file), join(STANDALONE, file));
  }
  // Next.js copies these regardless of its configuration, and they may contain a secret.
  for (const name of readdirSync(STANDALONE).filter((entry) => entry.startsWith('.env')))
    rmSync(join(STANDALONE, name));
  // The bundled command is the only way to serve; a second one would behave differently.
  rmSync(join(STANDALONE, 'server.js'), { force: true });
  writePackage();
  await bundleCommands();
  requireKnownContent();
  blankFrameworkKeys(join(PROJECT, '.next'), STANDALONE);
}

/** Says that the bundled commands are CommonJS; the status page shows the versions. */
function writePackage(): void {
  const { version, dependencies } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
  const shipped = { private: true, type: 'commonjs', version, dependencies };
  writeFileSync(join(STANDALONE, 'package.json'), JSON.stringify(shipped));
}

/** Copies only the matching files of a folder. */
function copyFiles(folder: string, pattern: RegExp): void {
  const from = join(PROJECT, folder);
  const to = join(STANDALONE, folder);
  rmSync(to, { recursive: true, force: true });
  for (const path of readdirSync(from, { recursive: true, encoding: 'utf8' }))
    if (pattern.test(path)) cpSync(join(from, path), join(to, path));
}

function requireKnownContent(): void {
  const unknown = readdirSync(STANDALONE).filter((name) => !SHIPPED.test(name));
  if (unknown.length === 0) return;
  throw new Error(
    `.next/standalone holds ${unknown.slice(0, 5).join(', ')}, which serving does not need, and which may hold a secret. ` +
      'A module reads a path that Next.js takes for them: find it in the *.nft.json of .next/server, and put /*turbopackIgnore: true*/ ' +
      'before the first argument of that call. If serving needs it, add it to SHIPPED in src/building/build.ts.',
  );
}
