import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requireNoClientComponents } from '#building/client-components.ts';

const OWN = '[project]/node_modules/next/dist/esm/client/components/layout-router.js';

let next: string;

beforeEach(() => {
  next = mkdtempSync(join(tmpdir(), 'sealed-next-'));
});

afterEach(() => rmSync(next, { recursive: true }));

function writeManifest(page: string, modules: string[]): void {
  const file = join(next, `server/app${page}_client-reference-manifest.js`);
  mkdirSync(dirname(file), { recursive: true });
  const manifest = { clientModules: Object.fromEntries(modules.map((module) => [module, { id: 1 }])) };
  writeFileSync(
    file,
    `globalThis.__RSC_MANIFEST = globalThis.__RSC_MANIFEST || {};\nglobalThis.__RSC_MANIFEST["${page}"] = ${JSON.stringify(manifest)};`,
  );
}

describe('requireNoClientComponents', () => {
  it('accepts the components that Next.js adds to every page', () => {
    writeManifest('/page', [OWN]);
    writeManifest('/posts/[slug]/page', [OWN]);
    expect(() => requireNoClientComponents(next)).not.toThrow();
  });

  it.each([
    '[project]/src/posts/copy-button.tsx',
    '[project]/src/app/error.tsx',
    '[project]/node_modules/next/dist/client/app-dir/link.js',
    '[project]/node_modules/next/dist/client/app-dir/form.js',
    '[project]/node_modules/next/dist/client/image-component.js',
    '[project]/node_modules/next/dist/client/script.js',
    '[project]/node_modules/some-package/dist/carousel.js',
  ])('names %s and the route that uses it', (component) => {
    writeManifest('/posts/[slug]/page', [OWN, component]);
    expect(() => requireNoClientComponents(next)).toThrow(
      `The route /posts/[slug] uses the client component ${component.slice('[project]/'.length)}, but its pages are served without scripts.`,
    );
  });

  it('fails if Next.js changes the format of the manifest', () => {
    mkdirSync(join(next, 'server/app'), { recursive: true });
    writeFileSync(join(next, 'server/app/page_client-reference-manifest.js'), 'self.manifest = {}');
    expect(() => requireNoClientComponents(next)).toThrow(/does not have the format of Next\.js 16/);
  });
});
