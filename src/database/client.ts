import { PrismaPg } from '@prisma/adapter-pg';
import { environment } from '#environment/variables.ts';
import { liveDatabaseAddress, maskError } from '#secrets/index.ts';
import { PrismaClient } from './generated/client.ts';
import { openClient } from './open-client.ts';
import type { PooledClient } from './pooled-client.ts';
import { addressProblem, databaseProblem } from './problem.ts';
import { reportReachable, reportUnreachable } from './reachability.ts';
import { RotatingPool } from './rotating-pool.ts';

/** Connections of a serving process, and of each worker that generates pages: five workers stay within ten. */
const POOL = { serving: 10, generating: 2 };

type Database = ReturnType<typeof connect>;

/**
 * The process's one Prisma client, made on first use, so that importing this module needs no database.
 *
 * Every query throws {@link DatabaseUnavailable} if the database can't be used; other errors pass through.
 */
export function database(): Database {
  openClient.client ??= connect();
  return openClient.client as Database;
}

/**
 * Asks the database for one post, whichever it is.
 *
 * @throws DatabaseUnavailable if it does not answer, or lacks the tables
 */
export async function askDatabase(): Promise<void> {
  await database().post.findFirst({ select: { id: true } });
}

function connect() {
  const address = readAddress();
  const max = environment.NEXT_PHASE === 'phase-production-build' ? POOL.generating : POOL.serving;
  const pool = new RotatingPool({ max });
  // Without a listener, an idle connection that PostgreSQL ends would end this process too.
  pool.on('error', (error, client) => {
    const { answeredAt } = client as unknown as PooledClient;
    reportUnreachable(databaseProblem(error, pool.address) ?? error, answeredAt);
  });
  const adapter = new PrismaPg(pool, { schema: address.schema, disposeExternalPool: true });
  return new PrismaClient({ adapter }).$extends({
    query: {
      async $allOperations({ args, query }) {
        const since = performance.now();
        try {
          const result = await query(args);
          reportReachable();
          return result;
        } catch (error) {
          const problem = databaseProblem(error, pool.address);
          if (!problem) throw maskError(error);
          reportUnreachable(problem, since);
          throw problem;
        }
      },
    },
  });
}

function readAddress() {
  try {
    return liveDatabaseAddress();
  } catch (error) {
    const problem = addressProblem(error);
    if (!problem) throw error;
    reportUnreachable(problem);
    throw problem;
  }
}
