import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { inTransaction } from "../../src/store/database.ts";
import { together } from "../../src/store/together.ts";
import { useDatabase } from "../support/database.ts";

const db = useDatabase();

test("gives the answers in the order of the questions", async () => {
  const later = new Promise<string>((resolve) => setImmediate(resolve, "later"));

  expect(await together([later, Promise.resolve(2), 3])).toEqual(["later", 2, 3]);
});

test("what one branch does after another has failed is undone with the transaction", async () => {
  await db.pool.query(`create table if not exists said (word text)`);
  const failed = inTransaction(db.pool, async (sql) => {
    const slow = async (): Promise<void> => {
      await sql.query(`select pg_sleep(0.02)`);
      await sql.query(`insert into said (word) values ('late')`);
    };
    await together([slow(), Promise.reject(new Error("broken"))]);
  });

  await expect(failed).rejects.toThrow("broken");

  const { rows } = await db.pool.query(`select s.word from said s`);
  expect(rows).toEqual([]);
});

test("waits for what is left when the database refuses a statement", async () => {
  let isDone = false;
  const failed = inTransaction(db.pool, async (sql) => {
    const left = async (): Promise<void> => {
      await sql.query(`select 1`).catch(() => {});
      await sql.query(`select 1`).catch(() => {});
      isDone = true;
    };
    await together([sql.query(`select nothing`), left()]);
  });

  await expect(failed).rejects.toThrow("nothing");
  expect(isDone).toBe(true);
});

test("no statements of a transaction are sent by Promise.all", async () => {
  const names = await readdir("src/features", { recursive: true });
  const files = names.filter((name) => name.endsWith(".ts"));
  const found = await Promise.all(
    files.map(async (name) => {
      const text = await readFile(`src/features/${name}`, "utf8");
      // In flows a transaction, and nothing else, is called sql.
      return /Promise\.all\((?:(?!\n {0,2}\}).)*?\bsql,/s.test(
        text.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, ""),
      )
        ? [name]
        : [];
    }),
  );

  expect(found.flat()).toEqual([]);
});
