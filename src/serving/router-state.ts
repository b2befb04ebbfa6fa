import * as z from 'zod/mini';

/** Characters, as Next.js allows them. */
const LONGEST = 40_000;

const segment = z.union([
  z.string(),
  z.tuple([
    z.string(),
    z.string(),
    z.string().check(z.regex(/^(?:oc|[cd](?:i(?:\(\.{1,3}\)|\(\.\.\)\(\.\.\)))?)$/)),
    z.nullable(z.array(z.string())),
  ]),
]);

/** What Next.js's router sends, see `flightRouterStateSchema` in `next/dist/server/app-render/types.js`. */
const routerState = z.tuple([
  segment,
  z.record(
    z.string(),
    z.lazy((): z.ZodMiniType => routerState),
  ),
  z.optional(z.nullable(z.tuple([z.string(), z.string()]))),
  z.optional(z.nullable(z.enum(['refetch', 'inside-shared-layout', 'metadata-only']))),
  z.optional(z.nullable(z.number())),
  z.optional(z.string()),
]);

/**
 * Whether the header `Next-Router-State-Tree` is one that a browser sends. Next.js fails on another with 500 and two
 * stacks in the log, though it is the client's mistake.
 */
export function isRouterState(header: string): boolean {
  if (header.length > LONGEST) return false;
  try {
    return routerState.safeParse(JSON.parse(decodeURIComponent(header))).success;
  } catch {
    return false;
  }
}
