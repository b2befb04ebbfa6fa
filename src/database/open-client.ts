import { processWide } from '#environment/process-wide.ts';

/** The part of the Prisma client that the server needs, typed here so that it does not load Prisma. */
type Client = {
  $disconnect(): Promise<void>;
  post: { findFirst(query: { select: { id: true } }): Promise<unknown> };
};

/** The process's client, if a page or a command has used the database. */
export const openClient = processWide('database.client', (): { client?: Client } => ({}));

/** Closes the process's database connections; the next use opens new ones. Does nothing if there are none. */
export async function disconnect(): Promise<void> {
  const { client } = openClient;
  openClient.client = undefined;
  await client?.$disconnect();
}
