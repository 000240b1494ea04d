import { beforeAll, expect, test } from "vitest";
import { ORG_SCOPE } from "../../src/domain/scope.ts";
import { instant, timeZone } from "../../src/domain/time.ts";
import { listMovers, loadTotals } from "../../src/features/alerts/store/movers.ts";
import { loadSpendByMember } from "../../src/features/budgets/store/spend.ts";
import { loadCurrentCharges } from "../../src/features/ingest/store/charges.ts";
import { findKeptEvents, listEventsAfter } from "../../src/features/ingest/store/usage-events.ts";
import { listOperations } from "../../src/features/showback/store/operations.ts";
import { listSpend } from "../../src/features/showback/store.ts";
import { spend } from "../support/budget-builders.ts";
import { usd } from "../support/builders.ts";
import { useDatabase } from "../support/database.ts";
import { tablesReadBy } from "../support/query-plans.ts";

const db = useDatabase();
const NOVEMBER = {
  start: instant("2026-11-01T00:00:00Z"),
  end: instant("2026-12-01T00:00:00Z"),
};
const OCTOBER = { start: instant("2026-10-01T00:00:00Z"), end: NOVEMBER.start };
const SCOPE = { kind: "tag", key: "env=prod" } as const;

/** In each month as many events as make joins of whole tables tempting. */
beforeAll(async () => {
  await spend(db.pool, { amount: usd(1), at: "2026-01-01T00:00:00Z" });
  await db.pool.query(`select ensure_usage_partitions(make_timestamptz(2026, m, 1, 0, 0, 0, 'UTC'))
                         from generate_series(1, 11) m`);
  await db.pool.query(
    `insert into usage_events
            (usage_event_id, source, event_id, occurred_at, received_at, provider, model, usage, tags,
             operation_id)
     select gen_random_uuid(), 'test', m || '-' || n, at, at, 'anthropic', 'claude-opus-5-5', '{}',
            '{"env": "prod"}', 'op-' || n / 2
       from generate_series(1, 11) m
      cross join generate_series(1, 400) n
      cross join lateral (
            select make_timestamptz(2026, m, 1, 0, 0, 0, 'UTC') + n * interval '1 hour' as at) t`,
  );
  await db.pool.query(
    `insert into charges
            (usage_event_id, charge_number, charge_category, charge_period_start, spend_dimension_id,
             sku_id, price_id, pricing_basis, consumed_quantity, consumed_unit, list_unit_price_usd,
             list_cost_usd, billed_cost_usd)
     select u.usage_event_id, 1, 'Usage', u.occurred_at, d.spend_dimension_id, 'sku', 'price',
            'list', 1, 'Tokens', 1, 1, 1
       from usage_events u
      cross join spend_dimensions d
      where u.operation_id is not null`,
  );
  await db.pool.query("analyze");
});

const months = (tables: readonly string[]): readonly string[] =>
  tables.filter((table) => /_\d{4}_\d{2}$/.test(table));

const BOTH_OF = (month: string): readonly string[] => [`charges_${month}`, `usage_events_${month}`];

test("why something moved reads the months of its two spans alone", async () => {
  const spans = { span: NOVEMBER, before: OCTOBER, scope: SCOPE };
  const read = await tablesReadBy(db.pool, async (sql) => {
    expect(await loadTotals(sql, spans)).toEqual({ now: usd(400), before: usd(400) });
    await listMovers(sql, { ...spans, by: "user", moversMax: 4 });
  });
  expect(months(read)).toEqual([...BOTH_OF("2026_10"), ...BOTH_OF("2026_11")].toSorted());
});

test("budgets by tag read the months of their period alone", async () => {
  const coverage = { kind: "one", scope: SCOPE } as const;
  const read = await tablesReadBy(db.pool, async (sql) => {
    const sums = await loadSpendByMember(sql, { coverage, memberKeys: undefined }, NOVEMBER);
    expect(sums.get("")).toBe(usd(400));
  });
  expect(months(read)).toEqual(BOTH_OF("2026_11"));
});

test("operations read the months of their period alone", async () => {
  const read = await tablesReadBy(db.pool, async (sql) => {
    await listOperations(sql, {
      scope: ORG_SCOPE,
      period: NOVEMBER,
      attemptsMin: 2,
      rowsMax: 10,
    });
  });
  expect(months(read)).toEqual(BOTH_OF("2026_11"));
});

test("reports by tag read the months of their period alone", async () => {
  const read = await tablesReadBy(db.pool, async (sql) => {
    await listSpend(sql, {
      scope: SCOPE,
      period: NOVEMBER,
      groupBy: [],
      zone: timeZone("UTC"),
    });
  });
  expect(months(read)).toEqual(BOTH_OF("2026_11"));
});

test("charges of a portion of events, and events with estimated ones, are read in their month", async () => {
  const walk = { period: NOVEMBER, place: undefined, eventsMax: 400 };
  const events = (await listEventsAfter(db.pool, { ...walk, onlyEstimated: false })).map(
    ({ usageEventId, event: { occurredAt } }) => ({ usageEventId, occurredAt }),
  );
  const read = await tablesReadBy(db.pool, async (sql) => {
    await listEventsAfter(sql, { ...walk, onlyEstimated: true });
    expect((await loadCurrentCharges(sql, events)).size).toBe(400);
    expect((await findKeptEvents(sql, events)).size).toBe(400);
  });
  expect(months(read)).toEqual(BOTH_OF("2026_11"));
});
