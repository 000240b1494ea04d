import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MIGRATIONS_DIRECTORY, migrate } from "../../src/store/migrate.ts";
import { useDatabase, useEmptyDatabase } from "../support/database.ts";

const db = useEmptyDatabase();
const released = useDatabase();

async function tables(): Promise<unknown[]> {
  const { rows } = await db.pool.query<{ tablename: string }>(
    `select pg_tables.tablename from pg_tables
      where pg_tables.schemaname = 'public' and pg_tables.tablename <> 'schema_migrations'
      order by pg_tables.tablename`,
  );
  return rows.map((row) => row.tablename);
}

describe("migrate", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "claude-spend-migrations-"));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
    await db.pool.query("drop schema public cascade; create schema public");
  });

  async function add(name: string, sql: string): Promise<void> {
    await writeFile(join(directory, name), sql);
  }

  test("runs what is new, in order, and nothing twice", async () => {
    await add("0001_people.sql", "create table people (id int primary key);");
    await add("0002_pets.sql", "create table pets (person int references people (id));");

    expect(await migrate(db.pool, { directory })).toEqual(["0001_people.sql", "0002_pets.sql"]);
    expect(await migrate(db.pool, { directory })).toEqual([]);

    await add("0003_more.sql", "alter table pets add column name text;");
    expect(await migrate(db.pool, { directory })).toEqual(["0003_more.sql"]);
    expect(await tables()).toEqual(["people", "pets"]);
  });

  test("takes a pool's settings instead of a pool, and closes what it opened", async () => {
    await add("0001_people.sql", "create table people (id int primary key);");

    expect(await migrate(db.poolConfig, { directory })).toEqual(["0001_people.sql"]);

    const countSessions = async (): Promise<number | undefined> => {
      const { rows } = await db.pool.query<{ sessions: number }>(
        `select count(*)::int as sessions from pg_stat_activity
          where pg_stat_activity.datname = current_database() and pg_stat_activity.pid <> pg_backend_pid()
            and pg_stat_activity.query like '%schema_migrations%'`,
      );
      return rows[0]?.sessions;
    };
    // The server ends a session a moment after its client has.
    await expect.poll(countSessions).toBe(0);
  });

  test("runs each file once when three replicas start together, also one that builds an index concurrently", async () => {
    await add("0001_runs.sql", "create table runs (number int generated always as identity);");
    await add("0002_count.sql", "select pg_sleep(0.3); insert into runs default values;");
    await add(
      "0003_index.sql",
      "-- no-transaction\ncreate index concurrently runs_number on runs (number);",
    );
    await add("0004_count.sql", "insert into runs default values;");

    const ran = await Promise.all(
      [1, 2, 3].map(async () => await migrate(db.openPool({ max: 1 }), { directory })),
    );

    expect(ran.flat().toSorted()).toEqual([
      "0001_runs.sql",
      "0002_count.sql",
      "0003_index.sql",
      "0004_count.sql",
    ]);
    const { rows } = await db.pool.query("select count(*)::int as count from runs");
    expect(rows).toEqual([{ count: 2 }]);
  });

  test("runs the statements of a file without transaction one by one", async () => {
    await add("0001_people.sql", "create table people (id int, name text);");
    await add(
      "0002_indexes.sql",
      `-- no-transaction
drop index concurrently if exists people_name;
-- next statement
create index concurrently people_name on people (name);`,
    );

    await migrate(db.pool, { directory });

    const { rows } = await db.pool.query(
      "select pg_index.indisvalid from pg_index where pg_index.indexrelid = 'people_name'::regclass",
    );
    expect(rows).toEqual([{ indisvalid: true }]);
  });

  test("undoes a file that fails, keeps those before it, names it, and runs it once it is mended", async () => {
    await add("0001_good.sql", "create table good (id int);");
    await add("0002_bad.sql", "create table half (id int); select 1 / 0;");

    await expect(migrate(db.pool, { directory })).rejects.toThrow(
      /0002_bad\.sql failed.*division by zero/,
    );
    expect(await tables()).toEqual(["good"]);

    await add("0002_bad.sql", "create table whole (id int);");
    expect(await migrate(db.pool, { directory })).toEqual(["0002_bad.sql"]);
  });

  test("is not stopped by the pool's time limit for people's questions", async () => {
    await add("0001_slow.sql", "select pg_sleep(0.3);");

    const ran = await migrate(db.openPool({ statement_timeout: 100 }), { directory });

    expect(ran).toEqual(["0001_slow.sql"]);
  });

  test("refuses a file that was edited after it ran, and changes nothing", async () => {
    await add("0001_people.sql", "create table people (id int);");
    await migrate(db.pool, { directory });
    await add("0001_people.sql", "create table people (id bigint);");
    await add("0002_pets.sql", "create table pets (id int);");

    await expect(migrate(db.pool, { directory })).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("0001_people.sql was edited") as string,
    });
    expect(await tables()).toEqual(["people"]);
  });

  test("takes a file with other line ends for the same file", async () => {
    await add("0001_people.sql", "create table people (\n  id int\n);\n");
    await migrate(db.pool, { directory });
    await add("0001_people.sql", "create table people (\r\n  id int\r\n);\r\n");

    expect(await migrate(db.pool, { directory })).toEqual([]);
  });

  test("refuses a database that a newer version has migrated", async () => {
    await add("0001_people.sql", "create table people (id int);");
    await add("0002_pets.sql", "create table pets (id int);");
    await migrate(db.pool, { directory });
    await rm(join(directory, "0002_pets.sql"));

    await expect(migrate(db.pool, { directory })).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringMatching(/newer than this program.*0002_pets\.sql/) as string,
    });
  });

  test("refuses a file that was slipped in before one that ran", async () => {
    await add("0001_people.sql", "create table people (id int);");
    await migrate(db.pool, { directory });
    await db.pool.query("update schema_migrations set name = '0002_people.sql'");
    await rm(join(directory, "0001_people.sql"));
    await add("0001_late.sql", "create table late (id int);");
    await add("0002_people.sql", "create table people (id int);");

    await expect(migrate(db.pool, { directory })).rejects.toThrow(
      /0001_late\.sql was added before/,
    );
  });

  test.each([
    ["a duplicate number", ["0001_a.sql", "0001_b.sql"], /0001_b\.sql has number 0001, as another/],
    ["a name of another form", ["1-Create.sql"], /1-Create\.sql must be named/],
  ])("refuses %s among the files", async (_, names, message) => {
    for (const name of names) await add(name, "select 1;");

    await expect(migrate(db.pool, { directory })).rejects.toThrow(message);
  });

  test("is unavailable, not wrong, when the database is away", async () => {
    await add("0001_people.sql", "create table people (id int);");

    await expect(migrate({ host: "/nonexistent" }, { directory })).rejects.toMatchObject({
      code: "unavailable",
      retryable: true,
    });
  });
});

test("the released migrations build an empty database, and each is recorded", async () => {
  const names = (await readdir(MIGRATIONS_DIRECTORY)).filter((name) => name.endsWith(".sql"));

  const { rows } = await released.pool.query<{ name: string }>(
    "select schema_migrations.name from schema_migrations order by schema_migrations.name",
  );

  expect(rows.map((row) => row.name)).toEqual(names.toSorted());
  expect(await migrate(released.pool)).toEqual([]);
});
