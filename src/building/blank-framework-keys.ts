import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { z } from 'zod';

const hexadecimal = z.string().regex(/^([0-9a-f]{2}){16,}$/);
const previewProps = z.object({
  previewModeId: hexadecimal,
  previewModeSigningKey: hexadecimal,
  previewModeEncryptionKey: hexadecimal,
});

/** Where Next.js 16 stores the keys of a build, relative to `.next`. */
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

/** A copy as a script, for edge functions, of which there are none. */
const COPIES = ['server/server-reference-manifest.js'];

/** A lone surrogate in JSON: neither a header nor a cookie can contain it, so no client can send it as the key. */
const UNSENDABLE = '\\ud800';

/**
 * Removes the keys that Next.js generated for this build from what is shipped: anyone who has the image has its files.
 * The replacements are unusable: draft mode can't be enabled, and nothing can be encrypted. The server needs neither.
 *
 * @param next the build's `.next`, which contains the keys
 * @param standalone the folder that is shipped
 * @throws Error if this version of Next.js stores its keys elsewhere, or also somewhere they can't be replaced, such as
 *   an edge function; or if a prerendered page needs one of them
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
        `The page in ${relative(standalone, path)} was prerendered with a server action that closes over a value, ` +
          'encrypted with a key that no server has. Render it for each request, or pass the value in a form field.',
      );
    if (left.some((form) => content.includes(form)))
      throw new Error(
        `${relative(standalone, path)} holds a key of Next.js, and no server could replace it there. ` +
          'Remove what put it there (an edge function?), or adapt src/building/blank-framework-keys.ts to it.',
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
        'Adapt src/building/blank-framework-keys.ts to this version of Next.js.',
    );
  });
  return [...new Set(keys)];
}

/** Matches a server action that closes over a value, as React serializes it into a page: `{"id":…,"bound":…}`. */
function encryptedArguments(next: string): RegExp {
  const { node } = actions.parse(
    JSON.parse(readFileSync(join(next, 'server/server-reference-manifest.json'), 'utf8')),
  );
  // The text of a post may look like this too, but can't contain the id of a function of this build.
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
