import { PrismaPg } from '@prisma/adapter-pg';
import { environment } from '#environment/variables.ts';
import { liveDatabaseAddress, maskError } from '#secrets/index.ts';
import { PrismaClient } from './generated/client.ts';
import { openClient } from './open-client.ts';
import type { PooledClient } from './pooled-client.ts';
import { addressProblem, databaseProblem } from './problem.ts';
import { reportReachable, reportUnreachable } from './reachability.ts';
import { RotatingPool } from './rotating-pool.ts';

/** Maximum connections of the server, and of each build worker: five workers use ten in total. */
const POOL = { serving: 10, generating: 2 };

type Database = ReturnType<typeof connect>;

/**
 * The process's only Prisma client. It is created on first use, so importing this module needs no database.
 *
 * Every query throws {@link DatabaseUnavailable} if the database can't be used; other errors are rethrown, masked.
 */
export function database(): Database {
  openClient.client ??= connect();
  return openClient.client as Database;
}

/**
 * Checks the database by querying for any one post.
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
  openClient.pool = pool;
  // Without a listener, PostgreSQL closing an idle connection would crash this process.
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
