/**
 * Applies migrations/NNNN_name.sql in order, each once, however many replicas start together. A
 * file that ran is never edited: its checksum is kept. Why not a library: those at hand run all
 * files in one transaction, do not notice edits, or fail when two replicas start at once.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Pool, type PoolConfig } from "pg";
import { AppError } from "../domain/errors.ts";
import { connect, type Database, isConnectionLoss, openDatabase, type Sql } from "./database.ts";

/** Two levels up is the package, both from src/store and from dist/store. */
export const MIGRATIONS_DIRECTORY = fileURLToPath(new URL("../../migrations", import.meta.url));

/** Arbitrary, but the same in every version of the program. */
const MIGRATION_LOCK = 7_316_004_219;
const LOCK_POLL_MS = 200;
/** Another replica may be building an index over a year of charges. */
const LOCK_POLLS_MAX = (30 * 60_000) / LOCK_POLL_MS;
/** `unique nulls not distinct` came with 15. */
const SERVER_VERSION_MIN = 150_000;

/** An index over years of charges takes long; anything is better than ending it halfway. */
const STATEMENT_MS_MAX = 24 * 60 * 60_000;

const FILE_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;
const NO_TRANSACTION = "-- no-transaction";
const NEXT_STATEMENT = /^-- next statement$/m;

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

/**
 * Brings the database to the newest schema and returns the names of the files that it ran.
 * Waits while another caller migrates. Needs a session of its own, so not a transaction pooler.
 *
 * Each file is one transaction, unless its first line is `-- no-transaction` (for `create index
 * concurrently`): then its statements, separated by lines `-- next statement`, run one by one and
 * must be repeatable, because a crash in the middle runs all of them again.
 */
export async function migrate(
  target: Database | PoolConfig,
  { directory = MIGRATIONS_DIRECTORY }: { readonly directory?: string } = {},
): Promise<string[]> {
  const migrations = await readMigrations(directory);
  const ownPool = target instanceof Pool ? undefined : openDatabase({ ...target, max: 1 });
  const database = target instanceof Pool ? target : ownPool;
  if (database === undefined) return [];
  try {
    const session = await connect(database);
    try {
      return await runPending(session, migrations);
    } catch (error) {
      if (!(error instanceof AppError) && isConnectionLoss(error)) {
        throw new AppError({
          code: "unavailable",
          message: "The connection to the database broke while migrating.",
          retryable: true,
          cause: error,
        });
      }
      throw error;
    } finally {
      session.release(true); // Closing the session frees the lock and forgets its settings.
    }
  } finally {
    await ownPool?.end();
  }
}

async function runPending(session: Sql, migrations: readonly Migration[]): Promise<string[]> {
  await session.query("set statement_timeout = 0");
  await refuseOldServer(session);
  await takeTurn(session);
  await session.query(
    `create table if not exists schema_migrations (
       name text primary key,
       sha256 text not null,
       applied_at timestamptz not null default now()
     )`,
  );
  const pending = findPending(migrations, await listApplied(session));
  for (const migration of pending) await run(session, migration);
  return pending.map((migration) => migration.name);
}

interface AppliedMigration {
  readonly name: string;
  readonly sha256: string;
}

async function listApplied(sql: Sql): Promise<readonly AppliedMigration[]> {
  const { rows } = await sql.query<AppliedMigration>(
    "select schema_migrations.name, schema_migrations.sha256 from schema_migrations order by schema_migrations.name",
  );
  return rows;
}

/** What `migrate` would run, and the same refusals; changes nothing. */
export async function listPendingMigrations(
  sql: Sql,
  { directory = MIGRATIONS_DIRECTORY }: { readonly directory?: string } = {},
): Promise<readonly string[]> {
  const { rows } = await sql.query<{ is_there: boolean }>(
    "select to_regclass('schema_migrations') is not null as is_there",
  );
  const applied = rows[0]?.is_there === true ? await listApplied(sql) : [];
  return findPending(await readMigrations(directory), applied).map(({ name }) => name);
}

async function refuseOldServer(session: Sql): Promise<void> {
  const { rows } = await session.query<{ server_version_num: string }>("show server_version_num");
  const version = Number(rows[0]?.server_version_num);
  if (version >= SERVER_VERSION_MIN) return;
  throw new AppError({
    code: "invalid",
    message: `The database is Postgres ${String(Math.trunc(version / 10_000))}; version 15 or newer is needed.`,
  });
}

/** Polls, because sessions blocked in `pg_advisory_lock` deadlock with `create index concurrently`. */
async function takeTurn(session: Sql): Promise<void> {
  for (let poll = 0; poll < LOCK_POLLS_MAX; poll += 1) {
    const { rows } = await session.query<{ taken: boolean }>(
      "select pg_try_advisory_lock($1) as taken",
      [MIGRATION_LOCK],
    );
    if (rows[0]?.taken === true) return;
    await sleep(LOCK_POLL_MS);
  }
  throw new AppError({
    code: "unavailable",
    message: "Another replica has been migrating the database for half an hour.",
    retryable: true,
  });
}

/** What is left to run; refuses a history that these files can't have produced. */
function findPending(
  migrations: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly Migration[] {
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const { name, sha256 } of applied) {
    const migration = known.get(name);
    if (migration === undefined) {
      throw refused(
        `The database is newer than this program: it ran migration ${name}, which is not here. Start a newer version.`,
      );
    }
    if (migration.sha256 !== sha256) {
      throw refused(
        `Migration ${name} was edited after it ran on this database. Restore the file and put the change into a new migration.`,
      );
    }
  }
  const ran = new Set(applied.map(({ name }) => name));
  const pending = migrations.filter((migration) => !ran.has(migration.name));
  const late = pending.find((migration) => applied.some(({ name }) => name > migration.name));
  if (late !== undefined) {
    throw refused(
      `Migration ${late.name} was added before ones that ran on this database already. Give it the next free number.`,
    );
  }
  return pending;
}

async function run(session: Sql, { name, sql, sha256 }: Migration): Promise<void> {
  const record = async (): Promise<void> => {
    await session.query("insert into schema_migrations (name, sha256) values ($1, $2)", [
      name,
      sha256,
    ]);
  };
  try {
    if (sql.startsWith(NO_TRANSACTION)) {
      for (const statement of sql.split(NEXT_STATEMENT)) await session.query(patient(statement));
      await record();
      return;
    }
    // An error ends the session, and with it the transaction.
    await session.query("begin");
    await session.query(patient(sql));
    await record();
    await session.query("commit");
  } catch (error) {
    if (isConnectionLoss(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError({
      code: "internal",
      message: `Migration ${name} failed and changed nothing that it could undo: ${reason}`,
      cause: error,
    });
  }
}

/** Without the pool's limit on how long an answer may take. */
function patient(text: string): { readonly text: string; readonly query_timeout: number } {
  return { text, query_timeout: STATEMENT_MS_MAX };
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".sql")).toSorted();
  const numbers = new Set<string>();
  for (const name of names) {
    const number = FILE_NAME.exec(name)?.[1];
    if (number === undefined) {
      throw refused(`Migration ${name} must be named NNNN_what_it_does.sql, in lower case.`);
    }
    // A gap is fine: work that was done at the same time may have left a number unused.
    if (numbers.has(number)) {
      throw refused(`Migration ${name} has number ${number}, as another file has.`);
    }
    numbers.add(number);
  }
  return await Promise.all(
    names.map(async (name) => {
      // A checkout with Windows line ends is the same migration.
      const sql = (await readFile(join(directory, name), "utf8")).replaceAll("\r\n", "\n");
      return { name, sql, sha256: createHash("sha256").update(sql).digest("hex") };
    }),
  );
}

function refused(message: string): AppError {
  return new AppError({ code: "conflict", message });
}
