import { beforeEach, describe, expect, test } from "vitest";
import { addMs, DAY_MS, HOUR_MS, instant } from "../../../src/domain/time.ts";
import { usd, usdToDecimal } from "../../../src/domain/money.ts";
import { useDatabase } from "../../support/database.ts";
import { aRequest, fakeAnthropic, manyRequests, pullAll, puller } from "../../support/report-builders.ts";

const db = useDatabase();
const NOW = "2026-11-23T10:00:00Z";

beforeEach(async () => {
  await db.pool.query(
    `truncate provider_report_rows, provider_report_pulls, request_budgets, usage_events, charges,
              spend_rollups, usage_identities`,
  );
});

async function totals() {
  const { rows } = await db.pool.query<Record<string, string>>(
    `select coalesce(sum(r.list_cost_usd), 0)::text as cost,
            coalesce(sum(r.output_tokens), 0)::text as output
       from spend_rollups r`,
  );
  const { rows: charged } = await db.pool.query<{ cost: string }>(
    `select coalesce(sum(c.list_cost_usd), 0)::text as cost from charges c`,
  );
  return { cost: rows[0]?.["cost"] ?? "", output: rows[0]?.["output"] ?? "", charged: charged[0]?.cost };
}

const decimal = (pico: bigint): string => {
  const text = usdToDecimal(usd(pico));
  return text.padEnd(text.indexOf(".") + 13, "0");
};

describe("usage pulled from Anthropic", () => {
  test("a month ends in the ledger's total, to the last pico-dollar", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    const window = { from: instant("2026-10-22T00:00:00Z"), to: instant("2026-11-22T00:00:00Z") };
    fake.ledger.add(...manyRequests(window, 800));
    fake.ledger.addCost({
      occurredAt: instant("2026-11-03T12:00:00Z"),
      costType: "code_execution",
      workspaceId: "wrkspc_search",
      apiKeyId: "apikey_rag",
      pico: 123_456_789_012n,
    });
    const deps = puller(db.pool, fake, { metering: "analytics" });

    await pullAll(deps, { from: window.from, to: undefined });

    const expected = decimal(fake.ledger.listPico(window.from, window.to));
    expect(await totals()).toMatchObject({ cost: expected, charged: expected });
    void [aRequest, DAY_MS, HOUR_MS, addMs];
  });
});
