import type { Finding, Report } from './findings.ts';

const ROTATE = 'then rotate the secret';
const CREDENTIALS = /(^|\/)\.(npmrc|netrc|pypirc|git-credentials)$/;
const ENV_FILE = /(^|\/)\.env[^/]*$/;
const SHIPPED_CODE = /\.(js|mjs|cjs|html|rsc|body|meta|css|data|json)(\.(gz|br|zst))?$/;

/** How a framework publishes values by name, by the files that it builds. */
const PUBLISHERS: readonly { files: RegExp; names: string }[] = [
  {
    files: /(^|\/)\.next\/|(^|\/)_next\//,
    names: 'NEXT_PUBLIC_*, env in next.config and props of client components',
  },
  {
    files: /(^|\/)(\.svelte-kit|_app)\//,
    names: 'PUBLIC_*, $env/static and what a load function returns',
  },
  { files: /(^|\/)_astro\//, names: 'PUBLIC_* and props of islands' },
  { files: /(^|\/)(\.nuxt|\.output|_nuxt)\//, names: 'runtimeConfig.public and the payload of useAsyncData' },
];
const ANY_NAMES =
  "variables with a public prefix (NEXT_PUBLIC_, VITE_, PUBLIC_), the bundler's define and props";

/** How to fix a finding, in one sentence that names the step at fault if it is known. */
export function remedyFor(finding: Omit<Finding, 'remedy'>, command: Report['command']): string {
  const advice =
    command === 'site' ? siteRemedy(finding) : command === 'dir' ? treeRemedy(finding) : imageRemedy(finding);
  return `${advice}; ${ROTATE}`;
}

const inlined = (path: string): string =>
  `the build inlined it: keep it out of ${PUBLISHERS.find(({ files }) => files.test(path))?.names ?? ANY_NAMES}`;

function siteRemedy({ path }: Omit<Finding, 'remedy'>): string {
  if (ENV_FILE.test(path)) return 'the server hands out this file: keep it out of the folder that it serves';
  if (/\.map$/.test(path))
    return 'a source map carries the source: keep the value out of the source and do not publish maps';
  return `the server sends it to visitors: keep it out of ${PUBLISHERS.find(({ files }) => files.test(path))?.names ?? 'public variables, props, data routes and headers'}`;
}

function treeRemedy({ path }: Omit<Finding, 'remedy'>): string {
  if (/(^|\/)\.git\//.test(path))
    return "it is in the repository's history: rewrite the history, for instance with git filter-repo";
  if (ENV_FILE.test(path) || CREDENTIALS.test(path))
    return `${path} was copied here: keep it out of what you ship`;
  if (/\.map$/.test(path))
    return 'a source map carries the source: keep the value out of the source and do not ship maps';
  if (/(^|\/)\.?cache\//.test(path))
    return "do not ship the build's cache, and find the step that put the value there";
  if (SHIPPED_CODE.test(path)) return inlined(path);
  return 'find the step that writes this file, and read the value only when the program runs';
}

function imageRemedy(finding: Omit<Finding, 'remedy'>): string {
  const { place, path, secret: id } = finding;
  const instruction = finding.layer?.instruction ?? '';
  const mount = `RUN --mount=type=secret,id=${id},required=true`;
  if (/^config\.(Env|Labels|Cmd|Entrypoint|Healthcheck|OnBuild)/.test(path)) {
    const key = path.split(/[.[]/)[1]?.toUpperCase();
    return `take it out of ${key} and read it where it is needed with ${mount}, or when the container starts`;
  }
  if (path.startsWith('history'))
    return `an ARG, ENV or RUN put it into the history: pass it with ${mount} instead`;
  if (place.startsWith('attestation'))
    return `a build argument or file put it into the ${place}: pass it with --secret, not --build-arg`;
  if (place === 'build cache')
    return `a step writes it to its layer, and the cache export carries that: read it from ${mount} without writing it`;
  if (place === 'manifest' || place === 'index')
    return 'an annotation holds it: take it out of --annotation and of the metadata action';
  if (ENV_FILE.test(path))
    return 'list .env* in .dockerignore, and delete the copy that the build makes in the same step';
  if (CREDENTIALS.test(path))
    return `mount the file with --mount=type=secret,id=${id},target=… instead of copying it`;
  if (/\.map$/.test(path))
    return 'a source map carries the source: keep the value out of the source and do not ship maps';
  if (/\.next\/cache|\.cache\//.test(path))
    return "do not ship the build's cache, and find the step that put the value there";
  if (finding.visibility === 'deleted')
    return `deleting it in a later step leaves it in the layer: mount it with ${mount} in the step that needs it`;
  if (/^(COPY|ADD)\b/.test(instruction) && !/--from=/.test(instruction) && !SHIPPED_CODE.test(path))
    return `list the file in .dockerignore and pass it with --secret id=${id}`;
  if (SHIPPED_CODE.test(path)) return inlined(path);
  return `the step writes it to its layer: read it from ${mount} without writing it`;
}
