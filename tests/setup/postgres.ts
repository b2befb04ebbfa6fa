import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '#database/embedded.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL of an embedded PostgreSQL; a test makes its own database in it. */
    postgresUrl: string;
  }
}

/** A real PostgreSQL for the whole run, in a temporary folder. */
export default async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'sealed-postgres-'));
  const postgres = await startEmbeddedPostgres(folder);
  project.provide('postgresUrl', readFileSync(postgres.urlFile, 'utf8').trim());
  return () => {
    postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
