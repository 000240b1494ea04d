import type { PoolClient } from "pg";
import { beforeEach, describe, expect, test } from "vitest";
import { usd, usdToDecimal } from "../../../src/domain/money.ts";
import { addMs, DAY_MS, HOUR_MS, instant, MINUTE_MS } from "../../../src/domain/time.ts";
import {
  listPulls,
  type Pull,
  type PullReportsDeps,
  pullReports,
  type Report,
} from "../../../src/features/provider-reports/index.ts";
import { createLedger } from "../../../src/sandbox/anthropic/ledger.ts";
import type { Database } from "../../../src/store/database.ts";
import { useDatabase } from "../../support/database.ts";
import {
  ANA,
  aRequest,
  BO,
  fakeAnthropic,
  manyRequests,
  pullAll,
  puller,
} from "../../support/report-builders.ts";

const db = useDatabase();
const NOW = "2026-11-23T10:00:00Z";
const DAY = instant("2026-11-20T00:00:00Z");

beforeEach(clear);

async function clear(): Promise<void> {
  await db.pool.query(
    `truncate provider_report_rows, provider_report_pulls, request_budgets, usage_events, charges,
              spend_rollups, spend_days, usage_identities, rejected_events`,
  );
}

async function costOf(report: Report, column: "billed" | "list" = "billed"): Promise<string> {
  const { rows } = await db.pool.query<{ cost: string }>(
    `select coalesce(sum(r.${column}_cost_usd), 0)::numeric(30, 12)::text as cost
       from current_provider_report_rows r
      where r.report = $1`,
    [report],
  );
  return rows[0]?.cost ?? "";
}

function decimal(pico: bigint): string {
  const text = usdToDecimal(usd(pico));
  return text.padEnd(text.indexOf(".") + 13, "0");
}

async function stateOf(report: Report): Promise<Pull | undefined> {
  return (await listPulls(db.pool)).find((pull) => pull.report === report);
}

describe("costs as the reference", () => {
  test("are kept by day, workspace and model, as Anthropic bills them, and count as nothing", async () => {
    const fake = await fakeAnthropic({ now: NOW, discountPercent: 10 });
    fake.ledger.add(...manyRequests({ from: DAY, to: addMs(DAY, 2 * DAY_MS) }, 40));
    const list = fake.ledger.listPico(DAY, instant(NOW));

    await pullAll(puller(db.pool, fake));

    expect(await costOf("analytics_cost", "list")).toBe(decimal(list));
    const { rows } = await db.pool.query<{ difference: boolean }>(
      `select abs(sum(r.billed_cost_usd) - $1::numeric * 0.9) < 0.000000001 as difference
         from current_provider_report_rows r
        group by r.report`,
      [decimal(list)],
    );
    expect(rows).toEqual([{ difference: true }, { difference: true }]);
    const { rows: events } = await db.pool.query(`select 1 from usage_events`);
    expect(events).toEqual([]);
  });

  test("of an Enterprise organization come from the one report that it has", async () => {
    const fake = await fakeAnthropic({ now: NOW, kind: "enterprise", scopes: ["read:analytics"] });
    fake.ledger.add(aRequest(DAY, { product: "chat" }));

    await pullAll(puller(db.pool, fake, { kind: "enterprise" }));

    const { rows } = await db.pool.query(
      `select r.report, r.product, r.workspace_id from current_provider_report_rows r group by 1, 2, 3`,
    );
    expect(rows).toEqual([{ report: "analytics_cost", product: "chat", workspace_id: null }]);
  });

  test("a day that is revised gets a new revision; what was said before stays", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    fake.ledger.add(aRequest(DAY, { id: "a" }));
    await pullAll(puller(db.pool, fake));
    const before = await costOf("cost_report");

    fake.ledger.revise("a", { model: "claude-haiku-5-5" });
    fake.time.advance(2 * DAY_MS);
    await pullAll(puller(db.pool, fake));

    expect(await costOf("cost_report")).toBe(decimal(fake.ledger.listPico(DAY, instant(NOW))));
    expect(await costOf("cost_report")).not.toBe(before);
    const { rows } = await db.pool.query<{ first: string }>(
      `select sum(r.billed_cost_usd)::numeric(30, 12)::text as first
         from provider_report_rows r
        where r.report = 'cost_report' and r.revision = 1 and r.model = 'claude-opus-5-5'`,
    );
    expect(rows).toEqual([{ first: before }]);
    await expect(db.pool.query(`delete from provider_report_rows`)).rejects.toThrow("append-only");
  });

  test("are never taken for a day that is not complete", async () => {
    const fake = await fakeAnthropic({ now: NOW, ledger: createLedger({ lagMs: 12 * HOUR_MS }) });
    fake.ledger.add(aRequest("2026-11-22T03:00:00Z"), aRequest("2026-11-23T03:00:00Z"));

    await pullAll(puller(db.pool, fake));

    expect(await costOf("analytics_cost")).toBe(decimal(0n));
    expect((await stateOf("analytics_cost"))?.completeUntil).toEqual(
      instant("2026-11-22T00:00:00Z"),
    );
    fake.time.set("2026-11-23T12:05:00Z");
    await pullAll(puller(db.pool, fake));
    expect((await stateOf("analytics_cost"))?.completeUntil).toEqual(
      instant("2026-11-23T00:00:00Z"),
    );
  });
});

describe("what is read when", () => {
  test("nothing before it is due, the last days hourly, the last month daily", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    const deps = puller(db.pool, fake);
    const windows = async (): Promise<readonly string[]> => {
      fake.asked.splice(0);
      await pullAll(deps);
      return fake.asked
        .filter(({ pathname }) => pathname.endsWith("/cost_report"))
        .map(({ searchParams: query }) =>
          [query.get("starting_at"), query.get("ending_at")]
            .map((at) => at?.slice(5, 10))
            .join(" to "),
        );
    };
    await windows();

    expect(await windows()).toEqual([]);
    fake.time.advance(HOUR_MS);
    expect(await windows()).toEqual(["11-21 to 11-23"]);
    fake.time.set("2026-11-24T12:00:00Z");
    expect(await windows()).toEqual([
      "11-23 to 11-24",
      "11-21 to 11-23",
      "10-24 to 11-13",
      "11-13 to 11-23",
    ]);
  });

  test("a window that was asked for is read at once and leaves the rest as it is", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    await pullAll(puller(db.pool, fake));
    const before = await stateOf("cost_report");
    fake.ledger.add(aRequest("2026-09-02T12:00:00Z"), aRequest("2026-09-05T12:00:00Z"));

    await pullAll(puller(db.pool, fake), {
      from: instant("2026-09-01T00:00:00Z"),
      to: instant("2026-09-04T00:00:00Z"),
    });

    expect(await costOf("cost_report")).toBe(
      decimal(
        fake.ledger.listPico(instant("2026-09-01T00:00:00Z"), instant("2026-09-04T00:00:00Z")),
      ),
    );
    expect((await stateOf("cost_report"))?.completeUntil).toEqual(before?.completeUntil);
  });
});

describe("one replica at a time", () => {
  test("reads a report; when it dies another takes over once its lease is over", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    const first = puller(db.pool, fake, { holder: "first" });
    const second = puller(db.openPool(), fake, { holder: "second" });
    fake.faults.add({ fault: { kind: "silence" }, path: "/analytics/cost" });

    const stopping = new AbortController();
    const dying = pullReports({ ...first, signal: stopping.signal });
    await expect.poll(() => fake.asked.length).toBeGreaterThan(0);
    const outcomes = await pullReports(second);
    expect(outcomes).toMatchObject([
      { report: "analytics_cost", kind: "skipped" },
      { report: "cost_report", kind: "pulled" },
    ]);
    await db.pool.query(
      `update provider_report_pulls set leased_by = 'dead' where report = 'analytics_cost'`,
    );
    stopping.abort(new Error("killed"));
    await dying;

    expect(await pullReports(second)).toMatchObject([{ kind: "skipped" }, { kind: "skipped" }]);
    fake.time.advance(11 * MINUTE_MS);
    expect(await pullReports(second)).toMatchObject([{ kind: "pulled" }, { kind: "pulled" }]);
  });

  test("that lost its lease while it read saves nothing", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    fake.ledger.add(aRequest(DAY));
    const deps = puller(db.pool, fake, {
      clock: () => {
        void db.pool.query(
          `update provider_report_pulls set leased_by = 'other' where leased_by = 'replica-1'`,
        );
        return fake.time.clock();
      },
    });

    const outcomes = await pullReports(deps);

    expect(outcomes.map(({ kind }) => kind)).toEqual(["failed", "failed"]);
    const { rows } = await db.pool.query(`select 1 from provider_report_rows`);
    expect(rows).toEqual([]);
  });

  test("that stops gives its lease back and blames nobody", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    fake.faults.add({ fault: { kind: "silence" } });
    const stopping = new AbortController();
    const pulling = pullReports(puller(db.pool, fake, { signal: stopping.signal }));
    await expect.poll(() => fake.asked.length).toBeGreaterThan(0);

    stopping.abort(new Error("the program stops"));

    expect(await pulling).toEqual([{ kind: "skipped", report: "analytics_cost" }]);
    expect(await stateOf("analytics_cost")).toMatchObject({ failures: 0, leasedUntil: undefined });
  });
});

test("two replicas together stay within 60 requests a minute", async () => {
  const fake = await fakeAnthropic({ now: NOW });
  const replicas = ["first", "second"].map((holder) =>
    puller(db.openPool(), fake, { holder, metering: "claude_code" }),
  );

  await Promise.all(
    replicas.map(
      async (deps) => await pullReports(deps, { from: addMs(DAY, -70 * DAY_MS), to: undefined }),
    ),
  );

  expect(fake.statuses.length).toBeGreaterThan(70);
  expect([...new Set(fake.statuses)]).toEqual([200]);
});

/** A pool whose process is killed before a statement: that one and all after it never happen. */
function killedBefore(
  pool: Database,
  isFatal: (statement: { readonly count: number; readonly text: string }) => boolean,
): { readonly database: Database; readonly count: () => number } {
  const state = { count: 0, isDead: false };
  const guarded = <Target extends Database | PoolClient>(target: Target): Target =>
    new Proxy(target, {
      get: (own, name): unknown => {
        const value: unknown = Reflect.get(own, name);
        if (name === "connect") return async () => guarded(await pool.connect());
        if (typeof value !== "function") return value;
        if (name !== "query") return value.bind(own);
        return (...given: readonly unknown[]): unknown => {
          state.count += 1;
          const text = JSON.stringify(given);
          state.isDead ||= isFatal({ count: state.count, text });
          if (state.isDead && given[0] !== "rollback") throw new Error("killed");
          return Reflect.apply(value, own, given);
        };
      },
    });
  return { database: guarded(pool), count: () => state.count };
}

test("what was saved and not counted yet counts with the next pull, though that has nothing to read", async () => {
  const fake = await fakeAnthropic({ now: NOW });
  fake.ledger.add(aRequest(DAY));
  let isSaved = false;
  const { database } = killedBefore(db.pool, ({ text }) => {
    isSaved ||=
      text.includes("insert into provider_report_rows") && text.includes("analytics_usage");
    return isSaved && text.includes("provider_report_row_id > $2");
  });
  const window = { from: DAY, to: addMs(DAY, DAY_MS) };
  const settings = { metering: "analytics" as const };
  await pullReports(puller(database, fake, settings), window).catch(() => {});
  expect((await db.pool.query(`select 1 from usage_events`)).rows).toEqual([]);

  fake.time.advance(11 * MINUTE_MS);
  fake.asked.splice(0);
  await pullAll(puller(db.pool, fake, settings));

  expect((await db.pool.query(`select 1 from usage_events`)).rows).toHaveLength(1);
});

test("killed at any statement, the next pull ends in the same rows and totals", async () => {
  const fake = await fakeAnthropic({ now: NOW });
  fake.ledger.add(
    aRequest(DAY, { id: "a", user: BO }),
    aRequest(addMs(DAY, HOUR_MS), { id: "b", user: ANA }),
    aRequest(addMs(DAY, HOUR_MS), { id: "c", apiKeyId: null }),
  );
  const window = { from: DAY, to: addMs(DAY, DAY_MS) };
  const run = async (deps: Partial<PullReportsDeps>): Promise<void> => {
    await pullReports(puller(db.pool, fake, { metering: "analytics", ...deps }), window);
  };
  const result = async () => {
    const { rows } = await db.pool.query<Readonly<Record<string, string | number>>>(
      `select (select count(*)::integer from provider_report_rows) as report_rows,
              (select count(*)::integer from usage_events) as events,
              (select sum(r.list_cost_usd)::numeric(30, 12)::text from spend_rollups r) as cost`,
    );
    return rows;
  };
  const counting = killedBefore(db.pool, () => false);
  await run({ database: counting.database });
  const expected = await result();
  expect(expected).toMatchObject([
    { events: 3, cost: decimal(fake.ledger.listPico(DAY, instant(NOW))) },
  ]);
  const statements = counting.count();
  expect(statements).toBeGreaterThan(40);

  for (let statement = 1; statement <= statements; statement += 4) {
    // oxlint-disable no-await-in-loop -- one death after the other
    await clear();
    await run({
      database: killedBefore(db.pool, ({ count }) => count >= statement).database,
    }).catch(() => {});
    fake.time.advance(11 * MINUTE_MS);
    await run({ holder: "next" });
    expect(await result(), `killed at statement ${String(statement)}`).toEqual(expected);
    // oxlint-enable no-await-in-loop
  }
});

describe("a report that can't be read", () => {
  test("does not keep the others back, says what to do, and is tried again later", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    fake.faults.add({
      fault: { kind: "error", type: "permission_error" },
      path: "/analytics/cost",
    });

    const outcomes = await pullReports(puller(db.pool, fake));

    expect(outcomes).toMatchObject([
      { report: "analytics_cost", kind: "failed", needsOperator: true },
      { report: "cost_report", kind: "pulled" },
    ]);
    const state = await stateOf("analytics_cost");
    expect(state?.lastError).toContain("read:analytics");
    expect(state?.nextAttemptAt).toEqual(addMs(instant(NOW), HOUR_MS));
    fake.time.advance(HOUR_MS);
    await pullAll(puller(db.pool, fake));
    expect(await stateOf("analytics_cost")).toMatchObject({ failures: 0, lastError: undefined });
  });

  test("comes back sooner when it will pass by itself, and goes on where it was", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    fake.ledger.add(...manyRequests({ from: addMs(DAY, -20 * DAY_MS), to: DAY }, 30));
    fake.faults.add({
      fault: { kind: "error", type: "overloaded_error" },
      path: "/analytics/cost",
      after: 3,
      times: 100,
    });

    const outcomes = await pullReports(puller(db.pool, fake));

    expect(outcomes[0]).toMatchObject({ kind: "failed", needsOperator: false });
    const state = await stateOf("analytics_cost");
    expect(state?.completeUntil).toEqual(instant("2026-11-05T00:00:00Z"));
    fake.faults.clear();
    fake.asked.splice(0);
    fake.time.advance(MINUTE_MS);
    await pullAll(puller(db.pool, fake));
    expect(fake.asked[1]?.searchParams.get("starting_at")).toBe("2026-11-05T00:00:00.000Z");
    expect(await costOf("analytics_cost")).toBe(
      decimal(fake.ledger.listPico(addMs(DAY, -30 * DAY_MS), DAY)),
    );
  });
});
