import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";

const db = useDatabase();

test("a test file gets a migrated database", async () => {
  const { rows } = await db.pool.query("select count(*)::int as n from charges");
  expect(rows).toEqual([{ n: 0 }]);
});
