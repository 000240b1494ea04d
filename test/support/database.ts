/** A real, empty, migrated Postgres for one test file: `const db = useDatabase()`. */
import { randomUUID } from "node:crypto";
import type { PoolConfig } from "pg";
import { afterAll, beforeAll, inject } from "vitest";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { inDatabase, runSql } from "./global-setup.ts";

export interface TestDatabase {
  /** Read it inside a test or a hook. */
  readonly pool: Database;
  readonly poolConfig: PoolConfig;
  /** One more pool on the same database, as another replica has; closed after the file. */
  openPool(overrides?: PoolConfig): Database;
}

const CONNECTIONS_MAX = 8;
/**
 * What a busy machine may need for a statement, a lock or a connection. The program's own bounds are
 * for people who wait; what they do is the business of tests that set one.
 */
export const PATIENT = {
  statement_timeout: 200_000,
  query_timeout: 240_000,
  connectionTimeoutMillis: 120_000,
};

/** Copies the migrated template before the file's tests and drops the copy after them. */
export function useDatabase(): TestDatabase {
  return useDatabaseFrom(inject("templateName"));
}

/** The same without any table, for tests of the migrations themselves. */
export function useEmptyDatabase(): TestDatabase {
  return useDatabaseFrom("template0");
}

function useDatabaseFrom(template: string): TestDatabase {
  const name = `claude_spend_test_${randomUUID().replaceAll("-", "")}`;
  const admin = inject("adminConfig");
  const poolConfig = inDatabase(admin, name);
  const pools: Database[] = [];
  const openPool = (overrides: PoolConfig = {}): Database => {
    const pool = openDatabase({ max: CONNECTIONS_MAX, ...PATIENT, ...poolConfig, ...overrides });
    pools.push(pool);
    return pool;
  };
  let first: Database | undefined;

  beforeAll(async () => {
    await runSql(admin, `create database ${name} template ${template}`);
    first = openPool();
  });

  afterAll(async () => {
    await Promise.all(pools.map(async (pool) => (pool.ended ? undefined : await pool.end())));
    await runSql(admin, `drop database if exists ${name} with (force)`);
  });

  return {
    get pool() {
      if (first === undefined) throw new Error("useDatabase: read the pool inside a test");
      return first;
    },
    poolConfig,
    openPool,
  };
}
