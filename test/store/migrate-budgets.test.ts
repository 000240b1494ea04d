import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { instant } from "../../src/domain/time.ts";
import { listBudgetStatus, replaceGovernedBudgets } from "../../src/features/budgets/index.ts";
import { aGovernedBudget } from "../support/budget-builders.ts";
import { usd } from "../support/builders.ts";
import { useEmptyDatabase } from "../support/database.ts";

const db = useEmptyDatabase();
const NOW = instant("2026-11-23T12:00:00Z");

async function migrate(isWanted: (number: string) => boolean): Promise<void> {
  for (const file of (await readdir("migrations")).toSorted()) {
    if (isWanted(file.slice(0, 4)))
      // oxlint-disable-next-line no-await-in-loop -- one migration after the other
      await db.pool.query(await readFile(`migrations/${file}`, "utf8"));
  }
}

test("budgets from before the history had their limit all along, and can roll over at once", async () => {
  await migrate((number) => number < "0004");
  await db.pool.query(
    `insert into budgets (budget_id, scope, base_limit_usd, period, time_zone, week_starts_on,
                          threshold_percents, forecast_threshold_percents, managed_by)
     values ('search-monthly', 'team:search', 500, 'monthly', 'UTC', 'monday', '{50,80,100}', '{}',
             'governance');
     insert into spend_dimensions (team_key, model_id, source) values ('search', 'claude-opus-4-5', 'default');
     insert into spend_rollups values (1, '2026-10-10T10:00:00Z', 1, 0, 0, 0, 0, 0, 0, 120, 120)`,
  );
  await migrate((number) => number >= "0004");

  await replaceGovernedBudgets(db.pool, [aGovernedBudget({ rollOverMaxPercent: 100 })], NOW);

  const [status] = await listBudgetStatus(db.pool, { now: NOW });
  expect(status).toMatchObject({ baseLimit: usd(500), carriedOver: usd(380), limit: usd(880) });
  const { rows } = await db.pool.query(
    "select v.changed_by, v.valid_until from budget_limit_validity v",
  );
  expect(rows).toEqual([{ changed_by: "migration", valid_until: null }]);
});
