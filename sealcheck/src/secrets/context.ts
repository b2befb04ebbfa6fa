import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import { CouldNotCheck } from '../verdict.ts';
import { type DeclaredSecret, secretsOfLines, shownPath } from './declare.ts';
import { textOf } from './text.ts';

const skippedFolders =
  /^(?:node_modules|\.next|\.nuxt|\.svelte-kit|\.cache|\.turbo|dist|build|out|coverage|vendor|target|\.venv|__pycache__)$/;
const examples = /\.(?:example|sample|template|tmpl|dist|defaults?|md)$|^README/i;
const largest = 256 * 1024;

/** Files that hold credentials according to their name, by the end of their path. */
const credentialFiles =
  /(?:^|\/)(?:\.npmrc|\.yarnrc(?:\.yml)?|\.netrc|_netrc|\.pgpass|\.my\.cnf|\.pypirc|pip\.conf|\.git-credentials|\.git\/config|\.docker\/config\.json|\.dockercfg|\.dockerconfigjson|\.kube\/config|kubeconfig|\.aws\/credentials|\.s3cfg|\.htpasswd|settings\.xml|nuget\.config|auth\.json|credentials(?:\.json|\.ya?ml)?|service[-_]?account[\w-]*\.json|secrets?\.(?:json|ya?ml|toml|txt)|[\w.-]*\.tfvars|[\w.-]*\.tfvars\.json|\.vault-token|gradle\.properties|\.composer\/auth\.json)$/i;
const envFiles = /(?:^|\/)(?:\.env(?:\.[\w.-]+)?|\.envrc|[\w-]+\.env)$/;
const secretFolders = /(?:^|\/)(?:env|secrets|\.secrets)\/[^/]+$/;
const keyFiles = /(?:^|\/)(?:id_(?:rsa|dsa|ecdsa|ed25519)|[\w.-]+\.(?:pem|key|p8|ppk))$/;

// Prefixes that services give their tokens, so that scanners find them.
const token =
  /\b(?:gh[pousr]_\w{36,}|github_pat_\w{22,}|glpat-[\w-]{20,}|npm_[A-Za-z0-9]{36}|[sr]k_live_\w{16,}|xox[abprs]-[\w-]{10,}|AIza[\w-]{35}|sk-(?:ant-|proj-)?[\w-]{32,}|SG\.[\w-]{16,}\.[\w-]{16,}|dckr_pat_[\w-]{20,}|hf_\w{30,}|shpat_\w{32}|pypi-[\w-]{50,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,})/g;
const privateKey = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[\s\S]+?-----END (?:[A-Z]+ )*PRIVATE KEY-----/g;

function* filesIn(folder: string): Generator<string> {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new CouldNotCheck(
      `the build context could not be read (${code} at ${shownPath(folder)}); give an existing folder as --context`,
    );
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isFile()) yield path;
    else if (!entry.isDirectory() || skippedFolders.test(entry.name)) continue;
    else if (entry.name === '.git') yield* existing(join(path, 'config'));
    else yield* filesIn(path);
  }
}

const existing = (path: string): string[] =>
  statSync(path, { throwIfNoEntry: false })?.isFile() ? [path] : [];

// Ids are shown and compared on the command line: a path with slashes would look like a location in the image.
const idOf = (path: string): string => path.replace(/[^\w.-]+/g, '_').replace(/^_+/, '');

function secretsOf(path: string, root: string): DeclaredSecret[] {
  const name = relative(root, path).split(sep).join('/');
  if (examples.test(basename(name)) || statSync(path).size > largest) return [];
  const value = readFileSync(path);
  const text = textOf(value);
  if (text === undefined || text.trim() === '') return [];
  const lines = envFiles.test(name) ? secretsOfLines(text, name) : [];
  if (lines.length > 0) return lines;
  const isSecretFile = keyFiles.test(name) || secretFolders.test(name);
  if (isSecretFile && !text.startsWith('#!') && !/\.(?:[cm]?[jt]sx?|d\.ts)$/.test(name))
    return [{ id: idOf(name), value, origin: name, isConfiguration: text.trim().includes('\n') }];
  if (credentialFiles.test(name) || envFiles.test(name))
    return [{ id: idOf(name), value, origin: name, isConfiguration: true }];
  const found = [...text.matchAll(token), ...text.matchAll(privateKey)].map(([match]) => match);
  return [...new Set(found)].map((match, at) => ({
    id: `${idOf(name)}_${at + 1}`,
    value: Buffer.from(match),
    origin: name,
  }));
}

/**
 * Finds the credentials in a build context by itself: files that hold them according to their name, and tokens and
 * private keys in any text. Symbolic links are not followed; dependencies, build output and examples are skipped.
 *
 * @throws CouldNotCheck if the folder cannot be read.
 */
export function readContext(folder: string): DeclaredSecret[] {
  const secrets: DeclaredSecret[] = [];
  for (const path of filesIn(folder)) secrets.push(...secretsOf(path, folder));
  return secrets.map((secret) => ({ ...secret, isFound: true }));
}
