import { expect, test } from "vitest";
import { sumUsd } from "../../../src/domain/money.ts";
import { ORG_SCOPE } from "../../../src/domain/scope.ts";
import { instant, timeZone } from "../../../src/domain/time.ts";
import { querySpend } from "../../../src/features/showback/flow.ts";
import type { Database } from "../../../src/store/database.ts";
import { spend } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { useDatabase } from "../../support/database.ts";

const db = useDatabase();
const AT = "2026-11-23T12:00:00Z";

/** Somebody spends a dollar before every question. */
function busy(): Database {
  return new Proxy(db.pool, {
    get: (pool, name) =>
      name === "query"
        ? async (text: string, values: unknown[]) => {
            await spend(pool, { amount: usd(1), at: AT });
            return await pool.query(text, values);
          }
        : undefined,
  });
}

test.each([[["team"]], [["model", "day"]]] as const)(
  "the total of %j is the sum of its rows, also while usage arrives",
  async (groupBy) => {
    const period = { start: instant("2026-11-01T00:00:00Z"), end: instant("2026-12-01T00:00:00Z") };

    const { total, rows } = await querySpend(
      { database: busy() },
      { scope: ORG_SCOPE, period, zone: timeZone("UTC"), groupBy: [...groupBy] },
    );

    expect(rows.length).toBeGreaterThan(0);
    expect(total.cost).toBe(sumUsd(rows.map(({ cost }) => cost)));
    expect(total.requests).toBe(rows.reduce((sum, { requests }) => sum + requests, 0));
  },
);
