import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { useEmptyDatabase } from "../support/database.ts";
import { listWrongDays } from "../support/spend-days.ts";

const db = useEmptyDatabase();
const FILE = "0031_team_spend.sql";

async function migrate(isWanted: (file: string) => boolean): Promise<void> {
  for (const file of (await readdir("migrations")).toSorted()) {
    // oxlint-disable-next-line no-await-in-loop -- one migration after the other
    if (isWanted(file)) await db.pool.query(await readFile(`migrations/${file}`, "utf8"));
  }
}

/** Its statements one by one, as the program runs them; `beside` happens after each. */
async function migrateBeside(
  beside: (step: number) => Promise<void>,
  statementsMax?: number,
): Promise<void> {
  const text = await readFile(`migrations/${FILE}`, "utf8");
  const statements = text.split(/^-- next statement$/m).slice(0, statementsMax);
  for (const [step, statement] of statements.entries()) {
    // oxlint-disable-next-line no-await-in-loop -- one statement after the other
    await db.pool.query(statement);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await beside(step);
  }
}

/** As every version since `spend_days` writes them: quarters and days, and nothing else. */
async function addAsBefore(dimension: number, at: string, cost: string): Promise<void> {
  const sums = "1, 10, 20, 30, 40, 50, 0";
  const columns = `request_count, uncached_input_tokens, cache_creation_5m_input_tokens,
                   cache_creation_1h_input_tokens, cache_read_input_tokens, output_tokens,
                   web_search_requests, list_cost_usd, billed_cost_usd`;
  const added = columns
    .split(",")
    .map((column) => `${column.trim()} = s.${column.trim()} + excluded.${column.trim()}`)
    .join(", ");
  await db.pool.query(
    `with quarters as (
       insert into spend_rollups as s (spend_dimension_id, bucket_start, ${columns})
       values ($1, $2, ${sums}, $3, $3)
           on conflict (spend_dimension_id, bucket_start) do update set ${added}
     )
     insert into spend_days as s (spend_dimension_id, day_start, ${columns})
     values ($1, date_trunc('day', $2::timestamptz, 'UTC'), ${sums}, $3, $3)
         on conflict (spend_dimension_id, day_start) do update set ${added}`,
    [dimension, at, cost],
  );
}

async function addDimension(team: string | null, user: string): Promise<number> {
  const { rows } = await db.pool.query<{ readonly id: number }>(
    `insert into spend_dimensions (team_key, user_email, model_id, source)
     values ($1, $2, 'claude-opus-5-5', 'default') returning spend_dimension_id as id`,
    [team, user],
  );
  return rows[0]?.id ?? 0;
}

test("what was spent before is summed, and what an older version goes on to record", async () => {
  await migrate((file) => file < FILE);
  const [bo, ana, nobody] = [
    await addDimension("search", "bo@acme.test"),
    await addDimension("search", "ana@acme.test"),
    await addDimension(null, "bo@acme.test"),
  ];
  await addAsBefore(bo, "2026-10-31T23:45:00Z", "1.5");
  await addAsBefore(ana, "2026-10-31T10:00:00Z", "2");
  await addAsBefore(nobody, "2026-11-01T00:00:00Z", "4");

  await migrate((file) => file === FILE);

  const { rows } = await db.pool.query(
    `select d.team_key, t.day_start, t.request_count, t.output_tokens, t.billed_cost_usd
       from team_spend_days t
       join spend_dimensions d on d.spend_dimension_id = t.spend_dimension_id
      order by t.day_start`,
  );
  expect(rows).toEqual([
    {
      team_key: "search",
      day_start: new Date("2026-10-31T00:00:00Z"),
      request_count: "2",
      output_tokens: "100",
      billed_cost_usd: "3.500000000000",
    },
    {
      team_key: null,
      day_start: new Date("2026-11-01T00:00:00Z"),
      request_count: "1",
      output_tokens: "50",
      billed_cost_usd: "4.000000000000",
    },
  ]);

  await addAsBefore(bo, "2026-10-31T23:45:00Z", "0.25"); // To sums that there are …
  await addAsBefore(await addDimension("search", "dan@acme.test"), "2026-11-02T08:00:00Z", "8");
  expect(await listWrongDays(db.pool)).toEqual([]);

  // A crash in the middle runs all of it again.
  await migrate((file) => file === FILE);
  expect(await listWrongDays(db.pool)).toEqual([]);

  await migrate((file) => file > FILE);
  await addAsBefore(ana, "2026-11-02T08:00:00Z", "16");
  expect(await listWrongDays(db.pool)).toEqual([]);
  const { rows: totals } = await db.pool.query(
    `select sum(t.billed_cost_usd)::text as cost, count(distinct t.spend_dimension_id)::integer as owners
       from team_spend_days t`,
  );
  expect(totals).toEqual([{ cost: "31.750000000000", owners: 2 }]);
});

test("an older version that records between any two steps, before and after a crash, is summed once", async () => {
  await db.pool.query(`truncate spend_rollups, spend_days`);
  const known = await addDimension("search", "dana@acme.test");
  const recordBeside = async (step: number): Promise<void> => {
    const person = `p${String(step)}@acme.test`;
    const dimension = await addDimension(step % 2 === 0 ? "search" : null, person);
    await addAsBefore(dimension, "2026-10-31T23:45:00Z", "0.5");
    await addAsBefore(known, "2026-10-31T23:45:00Z", "2");
    await addAsBefore(known, "2026-11-30T08:00:00Z", "-0.25"); // A correction takes back.
  };
  const undone = `drop trigger spend_rollups_inserted on spend_rollups;
    drop trigger spend_rollups_updated on spend_rollups;
    drop trigger spend_rollups_truncated on spend_rollups;
    drop trigger spend_dimensions_team on spend_dimensions;
    drop table team_spend_days, model_spend_quarters, spend_months;
    alter table spend_dimensions drop column team_dimension_id`;
  await db.pool.query(undone);
  await recordBeside(0);

  // It crashes between the triggers, then between what they left out; then it goes through.
  await migrateBeside(async (step) => await recordBeside(100 + step), 20);
  await migrateBeside(async (step) => await recordBeside(200 + step), 24);
  await migrateBeside(async (step) => await recordBeside(300 + step));

  expect(await listWrongDays(db.pool)).toEqual([]);
  const { rows } = await db.pool.query(
    `select count(*)::integer as rows from team_spend_days t where t.billed_cost_usd <> 0`,
  );
  expect(rows).not.toEqual([{ rows: 0 }]);
});

test("sums that others rest on can't be deleted", async () => {
  await expect(db.pool.query(`delete from spend_rollups`)).rejects.toThrow(/append-only|can't|not/);
});
