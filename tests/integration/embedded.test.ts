import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEmbeddedPostgres } from '#local/embedded-postgres.ts';

let folder: string;

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'sealed-embedded-')), 'with spaces');
  mkdirSync(folder);
});

afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

async function query(urlFile: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: readFileSync(urlFile, 'utf8').trim() });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('startEmbeddedPostgres', () => {
  it('finds its data again on the second start', async () => {
    const first = await startEmbeddedPostgres(folder);
    await query(first.urlFile, 'CREATE TABLE kept (x int); INSERT INTO kept VALUES (1)');
    first.stop();
    const second = await startEmbeddedPostgres(folder);
    try {
      expect(await query(second.urlFile, 'SELECT x FROM kept')).toEqual([{ x: 1 }]);
    } finally {
      second.stop();
    }
  });

  it('shares a running server, and leaves it to the process that started it', async () => {
    const first = await startEmbeddedPostgres(folder);
    try {
      const second = await startEmbeddedPostgres(folder);
      second.stop();
      expect(await query(first.urlFile, 'SELECT 1 AS x')).toEqual([{ x: 1 }]);
    } finally {
      first.stop();
    }
  });

  it('listens on the loopback interface only', async () => {
    const postgres = await startEmbeddedPostgres(folder);
    try {
      expect(await query(postgres.urlFile, 'SHOW listen_addresses')).toEqual([
        { listen_addresses: '127.0.0.1' },
      ]);
      expect(await query(postgres.urlFile, 'SHOW unix_socket_directories')).toEqual([
        { unix_socket_directories: '' },
      ]);
    } finally {
      postgres.stop();
    }
  });
});
