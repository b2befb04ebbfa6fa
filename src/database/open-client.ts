import { processWide } from '#environment/process-wide.ts';

/** The part of the Prisma client that the server needs, typed here so that it does not load Prisma. */
type Client = {
  $disconnect(): Promise<void>;
  post: { findFirst(query: { select: { id: true } }): Promise<unknown> };
};

/** The connections of the client's pool. */
type PoolCounts = { totalCount: number; idleCount: number; waitingCount: number };

/** The process's client and its pool, if a page or a command has used the database. */
export const openClient = processWide('database.client', (): { client?: Client; pool?: PoolCounts } => ({}));

/** Closes the process's database connections; the next use opens new ones. Does nothing if there are none. */
export async function disconnect(): Promise<void> {
  const { client } = openClient;
  openClient.client = undefined;
  openClient.pool = undefined;
  await client?.$disconnect();
}
