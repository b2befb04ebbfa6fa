import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

type Module = {
  /** The modules that it may import from. */
  imports: string[];
  /** The files that other modules may import. */
  public: string[];
};

/** Every module of `src/`. To allow an import or make a file public, add it here. */
const MODULES: Record<string, Module> = {
  app: { imports: ['newsletter', 'posts', 'status', 'support', 'page-cache', 'secrets', 'ui'], public: [] },
  commands: {
    imports: ['local', 'serving', 'building', 'post-files', 'database', 'secrets', 'environment'],
    public: [],
  },
  local: {
    imports: ['building', 'post-files', 'database', 'secrets', 'environment'],
    public: ['serve-locally.ts', 'progress.ts', 'docker-env-file.ts'],
  },
  serving: {
    imports: [
      'status',
      'requests',
      'build-output',
      'page-cache',
      'content-log',
      'database',
      'secrets',
      'environment',
    ],
    public: ['serve.ts', 'signals.ts', 'health-check.ts', 'render-thread.ts'],
  },
  building: {
    imports: [
      'newsletter',
      'posts',
      'build-output',
      'page-cache',
      'content-log',
      'database',
      'secrets',
      'environment',
    ],
    public: ['build.ts', 'build-secret.ts', 'dot-env.ts', 'project.ts', 'run.ts'],
  },
  newsletter: {
    imports: ['posts', 'build-output', 'secrets', 'environment'],
    public: ['mail-document.ts', 'newsletter.tsx', 'provider.ts', 'template.ts'],
  },
  status: {
    imports: ['requests', 'build-output', 'page-cache', 'database', 'secrets', 'environment'],
    public: [
      'access.ts',
      'report.ts',
      'sign-in.ts',
      'sign-in-form.tsx',
      'status-json.ts',
      'status-table.tsx',
    ],
  },
  support: {
    imports: ['requests', 'secrets', 'environment'],
    public: ['checkout.ts', 'offer.ts', 'support-form.tsx'],
  },
  posts: {
    imports: ['requests', 'page-cache', 'content-log', 'database', 'secrets', 'environment', 'ui'],
    public: [
      'article.tsx',
      'content-revision.ts',
      'content-time.ts',
      'generated-pages.ts',
      'images.ts',
      'language.ts',
      'navigation-links.ts',
      'post.ts',
      'post-listing.tsx',
      'queries.ts',
      'revalidation.ts',
      'slug.ts',
      'stored-images.ts',
    ],
  },
  'post-files': {
    imports: ['posts', 'page-cache', 'database', 'secrets', 'environment'],
    public: ['export.ts', 'import.ts', 'parse.ts', 'report.ts', 'watch.ts'],
  },
  requests: {
    imports: ['environment'],
    public: ['bearer.ts', 'body.ts', 'same-secret.ts', 'see-other.ts', 'site.ts'],
  },
  'page-cache': {
    imports: ['content-log', 'environment'],
    public: [
      'answer.ts',
      'finish.ts',
      'images.ts',
      'old-urls.ts',
      'pack.ts',
      'page.ts',
      'pages.ts',
      'placeholders.ts',
      'render.ts',
      'renders.ts',
      'routes.ts',
    ],
  },
  'content-log': {
    imports: ['database', 'secrets', 'environment'],
    public: ['append.ts', 'follow.ts', 'read.ts', 'tags.ts'],
  },
  'build-output': { imports: ['environment'], public: ['build-folder.ts', 'record.ts'] },
  database: {
    imports: ['secrets', 'environment'],
    public: [
      'ask.ts',
      'client.ts',
      'connection.ts',
      'generated/client.ts',
      'identity.ts',
      'migrate.ts',
      'open-client.ts',
      'sign-ins.ts',
      'preflight.ts',
      'problem.ts',
      'reachability.ts',
      'watch.ts',
    ],
  },
  secrets: {
    imports: ['environment'],
    public: ['index.ts', 'stores/open.ts', 'stores/across-threads.ts', 'taint.ts'],
  },
  environment: { imports: [], public: ['variables.ts', 'settings.ts', 'process-wide.ts'] },
  ui: {
    imports: [],
    public: ['notice.tsx', 'page-frame.tsx', 'theme.css', 'unavailable.tsx'],
  },
};

/** Package imports that are not paths; see `imports` in package.json. */
const ALIASES = ['#secrets/server-guard'];

/** The source by its path in `src/`, with forward slashes. */
type Source = Record<string, string>;

/** An import of a file in `src/` by another. */
type Import = { from: string; to: string };

function sourceOfProject(): Source {
  const paths = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /\.tsx?$/.test(path) && !path.startsWith('database/generated/'));
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join('src', path), 'utf8')]));
}

/** Includes imports of types and dynamic imports. */
function importsOf(source: Source): Import[] {
  return Object.entries(source).flatMap(([from, text]) =>
    [...text.matchAll(/\b(?:from|import)\s*\(?\s*'([#.][^']+)'/g)]
      .map(([, specifier = '']) => specifier)
      .filter((specifier) => !ALIASES.includes(specifier))
      .map((specifier) => ({
        from,
        to: specifier.startsWith('#')
          ? specifier.slice(1)
          : normalize(join(dirname(from), specifier)).replaceAll('\\', '/'),
      })),
  );
}

const moduleOf = (path: string) => path.split('/')[0] ?? '';

/** One sentence for each violation. */
function violations(source: Source): string[] {
  const imports = importsOf(source);
  const between = imports.filter(({ from, to }) => moduleOf(from) !== moduleOf(to));
  const unknown = Object.keys(source)
    .map(moduleOf)
    .filter((module) => !Object.hasOwn(MODULES, module));
  return [
    ...[...new Set(unknown)].map((module) => `${module} is not a module`),
    ...between
      .filter(({ from, to }) => !MODULES[moduleOf(from)]?.imports.includes(moduleOf(to)))
      .map(({ from, to }) => `${from} must not import from ${moduleOf(to)}`),
    ...between
      .filter(({ to }) => !MODULES[moduleOf(to)]?.public.includes(to.slice(moduleOf(to).length + 1)))
      .map(({ from, to }) => `${from} imports ${to}, which is not public`),
    ...Object.entries(source)
      .filter(([path, text]) =>
        [...text.matchAll(/'(#[^']+)'/g)].some(
          ([, specifier = '']) =>
            moduleOf(specifier.slice(1)) === moduleOf(path) && !ALIASES.includes(specifier),
        ),
      )
      .map(([path]) => `${path} imports its own module by the module's name`),
    ...cycles(imports).map((cycle) => `${cycle.join(' → ')} is a cycle`),
    ...Object.keys(source)
      .filter((path) => /(^|\/)(utils?|lib|helpers?|common|shared|misc)([/.]|$)/.test(path))
      .map((path) => `${path} is named for no purpose`),
  ];
}

/** The import cycles between files, each in the form in which it is found first. */
function cycles(imports: Import[]): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, path: string[]) => {
    const start = path.indexOf(file);
    if (start >= 0) found.push([...path.slice(start), file]);
    if (start >= 0 || done.has(file)) return;
    for (const { to } of imports.filter(({ from }) => from === file)) visit(to, [...path, file]);
    done.add(file);
  };
  for (const { from } of imports) visit(from, []);
  return found;
}

describe('the architecture', () => {
  it('has modules that import in one direction, only public files, and without cycles', () => {
    expect(violations(sourceOfProject())).toEqual([]);
  });

  it('lists public files that exist', () => {
    const listed = Object.entries(MODULES).flatMap(([module, { public: files }]) =>
      existsSync(join('src', module)) ? files.map((file) => `${module}/${file}`) : [],
    );
    expect(listed.filter((path) => !existsSync(join('src', path)))).toEqual([]);
  });

  it.each<[string, Source, string]>([
    [
      'an import in the wrong direction',
      { 'secrets/a.ts': "import { database } from '#database/client.ts';" },
      'secrets/a.ts must not import from database',
    ],
    [
      'one of a type',
      { 'environment/a.ts': "import type { SecretName } from '#secrets/index.ts';" },
      'environment/a.ts must not import from secrets',
    ],
    [
      'one at run time',
      { 'ui/a.ts': "const { database } = await import('#database/client.ts');" },
      'ui/a.ts must not import from database',
    ],
    [
      'one by a relative path',
      { 'environment/a.ts': "export { mask } from '../secrets/index.ts';" },
      'environment/a.ts must not import from secrets',
    ],
    [
      'one of a file that is not public',
      { 'database/a.ts': "import { readSecret } from '#secrets/reader.ts';" },
      'database/a.ts imports secrets/reader.ts, which is not public',
    ],
    [
      'one of its own module by name',
      { 'secrets/a.ts': "import { readSecret } from '#secrets/reader.ts';" },
      "secrets/a.ts imports its own module by the module's name",
    ],
    [
      'a cycle of files in one module',
      {
        'posts/a.ts': "import './b.ts';",
        'posts/b.ts': "import { c } from './c.ts';",
        'posts/c.ts': "export * from './a.ts';",
      },
      'posts/a.ts → posts/b.ts → posts/c.ts → posts/a.ts is a cycle',
    ],
    ['a folder that is not a module', { 'helpers/a.ts': '' }, 'helpers is not a module'],
    ['a file for everything', { 'posts/utils.ts': '' }, 'posts/utils.ts is named for no purpose'],
  ])('does not allow %s', (_, planted, violation) => {
    expect(violations({ ...sourceOfProject(), ...planted })).toContain(violation);
  });
});
