import { expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import { pauseWorkspace } from "../../../src/features/home/store/views.ts";
import { inTransaction } from "../../../src/store/database.ts";
import { useDatabase } from "../../support/database.ts";

const db = useDatabase();
const DUE = instant("2026-11-23T10:00:00Z");
const LATER = instant("2026-11-23T10:01:00Z");

test("a pause of a workspace waits for nobody who holds its Homes, and so for no deadlock", async () => {
  await db.pool.query(
    `insert into home_views (slack_team_id, slack_user_id, email, visited_at, due_at)
     select t, u, u || '@acme.test', $1, $1
       from unnest(array['T1', 'T2']) t, unnest(array['ana', 'bo']) u`,
    [DUE],
  );
  await inTransaction(db.pool, async (other) => {
    await other.query(`update home_views set attempts = 1 where slack_user_id = 'ana'`);
    await pauseWorkspace(db.pool, "T1", LATER);
    // It holds nothing either.
    await other.query(`update home_views set attempts = 1`);
  });

  const { rows } = await db.pool.query(
    `select slack_team_id || slack_user_id as home from home_views where due_at = $1`,
    [LATER],
  );
  expect(rows).toEqual([{ home: "T1bo" }]);
});
