import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './generated/client';

const kept = globalThis as { prisma?: PrismaClient };

/** The one client of this process, made on first use: compiling the app needs no database. */
export function db(): PrismaClient {
  const connectionString = process.env.DATABASE_URL;
  // Prevents a silent attempt to reach 127.0.0.1:5432, where pg looks if it is given nothing.
  if (!connectionString) throw new Error('DATABASE_URL is not set. Pass it with --env-file .env.');
  // Prevents a new pool at each reload of `next dev`.
  kept.prisma ??= new PrismaClient({
    adapter: new PrismaPg({ connectionString, connectionTimeoutMillis: 5_000 }),
  });
  return kept.prisma;
}
