import { hkdfSync, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { request, type Server } from 'node:http';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { environment } from '#secrets/environment.ts';
import { readSecret } from '#secrets/reader.ts';

/** The keys that Next.js makes while building, and that anyone who has the build could read there. */
export type FrameworkKeys = {
  /** What `server/preview-props.json` holds: who knows the id may render a page anew and turn draft mode on. */
  preview: {
    /** 32 hexadecimal digits; the value of `x-prerender-revalidate` and of the cookie `__prerender_bypass`. */
    previewModeId: string;
    /** 64 hexadecimal digits. */
    previewModeSigningKey: string;
    /** 64 hexadecimal digits. */
    previewModeEncryptionKey: string;
  };
  /** An AES key of 256 bits in base64; encrypts what a server action closes over. */
  serverActions: string;
};

/** A page that needs no database, so that the keys can be tried before anything else works. */
const PROBED_PATH = '/unavailable';

/**
 * Makes a key from AUTH_SECRET, so that every replica makes the same one; a random key where there is none.
 * HKDF with SHA-256, see https://www.rfc-editor.org/rfc/rfc5869.
 *
 * @param label what the key is for; two labels give two keys that tell nothing of each other
 * @param bytes the key's length
 * @throws SecretError where AUTH_SECRET is there but can't be read
 */
export function derivedKey(label: string, bytes: number): Buffer {
  const root = readSecret('AUTH_SECRET');
  return root
    ? Buffer.from(hkdfSync('sha256', root.value, '', `sealed ${label}`, bytes))
    : randomBytes(bytes);
}

/** Makes a set of {@link FrameworkKeys} of this server's own. */
export function ownFrameworkKeys(): FrameworkKeys {
  return {
    preview: {
      previewModeId: derivedKey('next preview mode id', 16).toString('hex'),
      previewModeSigningKey: derivedKey('next preview mode signing', 32).toString('hex'),
      previewModeEncryptionKey: derivedKey('next preview mode encryption', 32).toString('hex'),
    },
    serverActions: derivedKey('next server actions', 32).toString('base64'),
  };
}

/**
 * Has Next.js use these keys instead of the build's, without a file. Must run before `prepare()`.
 *
 * @param folder the standalone build, as it is given to Next.js
 * @throws Error where this version of Next.js keeps its manifests another way
 */
export async function installFrameworkKeys(folder: string, keys: FrameworkKeys): Promise<void> {
  // Next.js prefers it to the manifest's: https://nextjs.org/docs/app/guides/data-security#overwriting-encryption-keys-advanced
  environment.NEXT_SERVER_ACTIONS_ENCRYPTION_KEY = keys.serverActions;

  const prerender = join(folder, '.next/prerender-manifest.json');
  await presetManifest(join(folder, '.next/server/preview-props.json'), keys.preview);
  await presetManifest(prerender, {
    ...JSON.parse(fs.readFileSync(prerender, 'utf8')),
    preview: keys.preview,
  });
}

/** There is no setting for these keys. But every part of Next.js reads a manifest once, through one cache. */
async function presetManifest(path: string, manifest: object): Promise<void> {
  const content = JSON.stringify(manifest);
  try {
    const { loadManifest } = await import('next/dist/server/load-manifest.external.js');
    const { readFileSync } = fs;
    try {
      fs.readFileSync = ((file: string, encoding: 'utf8') =>
        file === path ? content : readFileSync(file, encoding)) as typeof readFileSync;
      loadManifest(path);
    } finally {
      fs.readFileSync = readFileSync;
    }
    if (JSON.stringify(loadManifest(path)) === content) return;
  } catch (error) {
    throw unfit({ cause: error });
  }
  throw unfit();
}

/**
 * Asks the server, which need not listen yet, for a page with the key that it should know.
 *
 * @throws Error where the key is not in force: whoever has the image would have the keys of this server
 */
export async function requireFrameworkKeys(server: Server, keys: FrameworkKeys): Promise<void> {
  const answer = await ask(server, { 'x-prerender-revalidate': keys.preview.previewModeId }).catch(
    (error: unknown) => {
      throw unfit({ cause: error });
    },
  );
  if (answer !== 'REVALIDATED') throw unfit();
}

function ask(server: Server, headers: Record<string, string>): Promise<unknown> {
  const [near, far] = duplexPair();
  server.emit('connection', far);
  return new Promise((resolve, reject) => {
    const asked = request({
      createConnection: () => near,
      path: PROBED_PATH,
      headers: { host: 'localhost', connection: 'close', ...headers },
    });
    asked.once('response', (response) => {
      response.resume();
      response.once('end', () => resolve(response.headers['x-nextjs-cache']));
      response.once('error', reject);
    });
    asked.once('error', reject);
    asked.end();
  });
}

function unfit(options?: ErrorOptions): Error {
  return new Error(
    "Next.js does not take the keys that the server made for it, and must not serve with the build's. " +
      'Use the Next.js version in package-lock.json, or fit src/serving/framework-keys.ts to the new one.',
    options,
  );
}
