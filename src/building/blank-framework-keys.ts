import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { z } from 'zod';

const hexadecimal = z.string().regex(/^([0-9a-f]{2}){16,}$/);
const previewProps = z.object({
  previewModeId: hexadecimal,
  previewModeSigningKey: hexadecimal,
  previewModeEncryptionKey: hexadecimal,
});

/** Where Next.js 16 keeps the keys of a build, below its `.next`. */
const MANIFESTS = {
  'server/preview-props.json': previewProps.transform((props) => Object.values(props)),
  'prerender-manifest.json': z
    .object({ preview: previewProps })
    .transform(({ preview }) => Object.values(preview)),
  'server/server-reference-manifest.json': z
    .object({ encryptionKey: z.base64().min(24) })
    .transform(({ encryptionKey }) => [encryptionKey]),
};

const actions = z.object({ node: z.record(z.string(), z.unknown()) });

/** For edge functions, of which there is none: a copy as a script. */
const COPIES = ['server/server-reference-manifest.js'];

/** In JSON, half of a character: neither a header nor a cookie can carry it, so that nobody can claim to know it. */
const UNSENDABLE = '\\ud800';

/**
 * Removes the keys that Next.js made for this build from what is shipped: anyone who has an image has its files.
 * What replaces them works for nobody: draft mode can't be turned on, and nothing is encrypted. The server needs neither.
 *
 * @param next the build with its keys, Next.js's `.next`
 * @param standalone the folder that is shipped
 * @throws Error where this version of Next.js has its keys elsewhere, or one of them in another place too, such as
 *   an edge function, where no server could replace it; or where a generated page needs one of them
 */
export function blankFrameworkKeys(next: string, standalone: string): void {
  const keys = frameworkKeys(next);
  const files = [...Object.keys(MANIFESTS), ...COPIES].map((name) => join(standalone, '.next', name));
  for (const path of files.filter((file) => existsSync(file))) {
    const content = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      keys.reduce((text, key) => text.replaceAll(key, isHexadecimal(key) ? UNSENDABLE : ''), content),
    );
  }
  const left = keys.flatMap(forms);
  const encrypted = encryptedArguments(next);
  for (const path of filesBelow(standalone)) {
    const content = readFileSync(path, 'latin1');
    if (path.endsWith('.rsc') && encrypted.test(content))
      throw new Error(
        `The page in ${relative(standalone, path)} was generated with a server action that closes over a value, ` +
          'encrypted with a key that no server has. Render it for each request, or hand the value over in a form field.',
      );
    if (left.some((form) => content.includes(form)))
      throw new Error(
        `${relative(standalone, path)} holds a key of Next.js, and no server could replace it there. ` +
          'Do without what put it there (an edge function?), or fit src/building/blank-framework-keys.ts to it.',
      );
  }
}

function frameworkKeys(next: string): string[] {
  const keys = Object.entries(MANIFESTS).flatMap(([path, schema]) => {
    const file = join(next, path);
    const manifest = schema.safeParse(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined);
    if (manifest.success) return manifest.data;
    throw new Error(
      `.next/${path} holds no keys where Next.js 16 has them, so they may be elsewhere. ` +
        'Fit src/building/blank-framework-keys.ts to this version of Next.js.',
    );
  });
  return [...new Set(keys)];
}

/** How a generated page names a server action with the value that it closes over: React's `{"id":…,"bound":…}`. */
function encryptedArguments(next: string): RegExp {
  const { node } = actions.parse(
    JSON.parse(readFileSync(join(next, 'server/server-reference-manifest.json'), 'utf8')),
  );
  // A post may hold such a line as its text, but not one with the id of a function of this very build.
  return new RegExp(`\\{"id":"(${Object.keys(node).join('|')})","bound":"\\$`);
}

function forms(key: string): string[] {
  const bytes = bytesOf(key);
  const hex = bytes.toString('hex');
  return [
    bytes.toString('latin1'),
    hex,
    hex.toUpperCase(),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
  ];
}

function bytesOf(key: string): Buffer {
  return Buffer.from(key, isHexadecimal(key) ? 'hex' : 'base64');
}

function isHexadecimal(key: string): boolean {
  return hexadecimal.safeParse(key).success;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
