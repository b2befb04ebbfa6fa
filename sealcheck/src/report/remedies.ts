import type { Finding } from './findings.ts';

/** How to mend a finding, in one sentence that names the step at fault where it is known. */
export function remedyFor(finding: Omit<Finding, 'remedy'>): string {
  const instruction = finding.layer?.instruction ?? '';
  const id = finding.secret;
  const mount = `RUN --mount=type=secret,id=${id},required=true`;
  const rotate = 'then rotate the secret';
  const { place, path } = finding;
  if (/^config\.(Env|Labels|Cmd|Entrypoint|Healthcheck|OnBuild)/.test(path)) {
    const key = path.split(/[.[]/)[1]?.toUpperCase();
    return `take it out of ${key} and read it where it is needed with ${mount}, or when the container starts; ${rotate}`;
  }
  if (path.startsWith('history'))
    return `an ARG, ENV or RUN put it into the history: pass it with ${mount} instead; ${rotate}`;
  if (place.startsWith('attestation'))
    return `a build argument or file put it into the ${place}: pass it with --secret, not --build-arg; ${rotate}`;
  if (place === 'build cache')
    return `a step writes it to its layer, and the cache export carries that: read it from ${mount} without writing it; ${rotate}`;
  if (place === 'site')
    return `the server sends it to visitors: keep it out of props, public variables and bundles; ${rotate}`;
  if (place === 'manifest' || place === 'index')
    return `an annotation holds it: take it out of --annotation and of the metadata action; ${rotate}`;
  if (/(^|\/)\.env[^/]*$/.test(path))
    return `list .env* in .dockerignore and delete the copy that the build makes in the same step; ${rotate}`;
  if (/(^|\/)\.(npmrc|netrc|pypirc|git-credentials)$/.test(path))
    return `mount the file with --mount=type=secret,id=${id},target=… instead of copying it; ${rotate}`;
  if (/\.map$/.test(path))
    return `a source map carries the source: keep the value out of the source and do not ship maps; ${rotate}`;
  if (/\.next\/cache|\.cache\//.test(path))
    return `do not ship the build's cache, and find the step that put the value there; ${rotate}`;
  if (finding.visibility === 'deleted')
    return `deleting in a later step leaves it in the layer: mount it with ${mount} in the step that needs it; ${rotate}`;
  if (/^(COPY|ADD)\b/.test(instruction))
    return `list the file in .dockerignore and pass it with --secret id=${id}; ${rotate}`;
  if (/\.(js|mjs|cjs|html|rsc|body|meta)$/.test(path))
    return `the build inlined it: keep it out of NEXT_PUBLIC_*, next.config env and props of client components; ${rotate}`;
  return `the step writes it to its layer: read it from ${mount} without writing it; ${rotate}`;
}
