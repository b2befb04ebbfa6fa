import { connection } from 'next/server';
import { reachability } from '#database/reachability.ts';

/** For `HEALTHCHECK` and load balancers: 200 for as long as this process can answer. */
export async function GET(): Promise<Response> {
  await connection();
  return Response.json(
    { status: 'ok', database: reachability() },
    { headers: { 'Cache-Control': 'no-store' } },
  );
}
