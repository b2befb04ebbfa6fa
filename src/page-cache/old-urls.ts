import type { ContentChanges } from '#content-log/read.ts';

/** The old URLs of posts. */
export type OldUrls = {
  /** The slug of the post to which a request's path leads. */
  find: (path: string) => string | undefined;
  update: (changes: ContentChanges) => void;
};

/** @param known the paths of each post, by slug */
export function createOldUrls(known: Map<string, string[]> = new Map()): OldUrls {
  const pathsOf = new Map(known);
  let slugs: Map<string, string> | undefined;
  return {
    find: (path) => {
      // Made when it is first needed: during an import, each change would make it again.
      slugs ??= new Map(
        [...pathsOf].flatMap(([slug, paths]) => paths.map((old) => [comparablePath(old), slug])),
      );
      return slugs.get(comparablePath(path));
    },
    update: ({ everything, posts, oldUrls }) => {
      if (everything) pathsOf.clear();
      const removed = [...posts.keys()].filter((slug) => pathsOf.delete(slug));
      for (const [slug, paths] of oldUrls ?? []) pathsOf.set(slug, paths);
      if (everything || removed.length > 0 || oldUrls) slugs = undefined;
    },
  };
}

/** The same text for every spelling of a path: with and without a slash at the end, and in any percent-encoding. */
export function comparablePath(path: string): string {
  try {
    return encodeURI(decodeURIComponent(path))
      .replace(/[?#]/g, encodeURIComponent)
      .replace(/\/{2,}/g, '/')
      .replace(/(?<=.)\/+$/, '');
  } catch {
    return path;
  }
}
