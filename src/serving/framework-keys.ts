import { hkdfSync, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { type IncomingMessage, request, type Server } from 'node:http';
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

/** A route handler, which is answered sooner than any page; OPTIONS runs none of its code. */
const PROBE = { method: 'OPTIONS', path: '/health' };

/** Milliseconds: for the slowest machine. */
const PROBE_TIMEOUT = 30_000;

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
 * Asks the server, which need not listen yet, whether it takes the cookie of draft mode from these keys alone.
 *
 * @throws Error where the keys are not in force
 */
export async function requireFrameworkKeys(server: Server, keys: FrameworkKeys): Promise<void> {
  const { previewModeId } = keys.preview;
  const other = randomBytes(previewModeId.length / 2).toString('hex');
  const taken = [previewModeId, other].map((id) => takesDraftCookie(server, id));
  const [own, others] = await Promise.all(taken).catch((error: unknown) => {
    throw unfit({ cause: error });
  });
  if (!own || others) throw unfit();
}

/** Next.js deletes a cookie of draft mode that it does not know, whatever is asked for. */
async function takesDraftCookie(server: Server, id: string): Promise<boolean> {
  const response = await ask(server, { cookie: `__prerender_bypass=${id}` });
  const deleted = response.headers['set-cookie']?.some((cookie) => cookie.startsWith('__prerender_bypass=;'));
  return response.statusCode === 204 && !deleted;
}

function ask(server: Server, headers: Record<string, string>): Promise<IncomingMessage> {
  const [near, far] = duplexPair();
  server.emit('connection', far);
  return new Promise((resolve, reject) => {
    const asked = request({
      ...PROBE,
      createConnection: () => near,
      headers: { host: 'localhost', connection: 'close', ...headers },
      signal: AbortSignal.timeout(PROBE_TIMEOUT),
    });
    asked.once('response', (response) => {
      response.resume();
      resolve(response);
    });
    asked.once('error', reject);
    asked.end();
  });
}

function unfit(options?: ErrorOptions): Error {
  return new Error(
    'Next.js does not take the keys that the server made for it, and there are no others. ' +
      'Use the Next.js version in package-lock.json, or fit src/serving/framework-keys.ts to the new one.',
    options,
  );
}
