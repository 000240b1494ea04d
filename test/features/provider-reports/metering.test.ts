import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { usd, usdToDecimal } from "../../../src/domain/money.ts";
import { addMs, DAY_MS, HOUR_MS, type Instant, instant } from "../../../src/domain/time.ts";
import type { PullReportsDeps } from "../../../src/features/provider-reports/index.ts";
import { createLedger } from "../../../src/sandbox/anthropic/ledger.ts";
import { useDatabase } from "../../support/database.ts";
import {
  ANA,
  aRequest,
  BO,
  type FakeAnthropic,
  fakeAnthropic,
  manyRequests,
  pullAll,
  puller,
} from "../../support/report-builders.ts";

const db = useDatabase();
const NOW = "2026-11-23T10:00:00Z";
const WINDOW = { from: instant("2026-11-20T00:00:00Z"), to: instant("2026-11-22T00:00:00Z") };

beforeEach(async () => {
  await db.pool.query(
    `truncate provider_report_rows, provider_report_pulls, request_budgets, usage_events, charges,
              spend_rollups, spend_days, usage_identities, rejected_events`,
  );
});

/** Everything that counts, by rollups and by charges: they must agree. */
async function counted(): Promise<{ readonly rollups: string; readonly charges: string }> {
  const { rows } = await db.pool.query<{ rollups: string; charges: string }>(
    `select (select coalesce(sum(r.list_cost_usd), 0) from spend_rollups r)::numeric(30, 12)::text as rollups,
            (select coalesce(sum(c.list_cost_usd), 0) from charges c)::numeric(30, 12)::text as charges`,
  );
  return rows[0] ?? { rollups: "", charges: "" };
}

function costing(pico: bigint): Awaited<ReturnType<typeof counted>> {
  const text = usdToDecimal(usd(pico));
  const cost = text.padEnd(text.indexOf(".") + 13, "0");
  return { rollups: cost, charges: cost };
}

async function sumBy(column: string): Promise<Readonly<Record<string, string>>> {
  const { rows } = await db.pool.query<{ key: string; output: string }>(
    `select coalesce(d.${column}, 'none') as key, sum(r.output_tokens)::text as output
       from spend_rollups r
       join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
      group by 1
     having sum(r.output_tokens) > 0`,
  );
  return Object.fromEntries(rows.map(({ key, output }) => [key, output]));
}

const from = async (deps: PullReportsDeps, at: Instant): Promise<void> => {
  await pullAll(deps, { from: at, to: undefined });
};

describe("usage pulled as the metering source", () => {
  test("a month ends in the ledger's total, to the last pico-dollar", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    const month = { from: instant("2026-10-22T00:00:00Z"), to: instant("2026-11-22T00:00:00Z") };
    fake.ledger.add(...manyRequests(month, 250));
    fake.ledger.addCost({
      occurredAt: instant("2026-11-03T12:00:00Z"),
      costType: "code_execution",
      workspaceId: "wrkspc_search",
      apiKeyId: "apikey_rag",
      pico: 123_456_789_012n,
    });

    await from(puller(db.pool, fake, { metering: "analytics" }), month.from);

    expect(await counted()).toEqual(costing(fake.ledger.listPico(month.from, month.to)));
  });

  test("keeps person, key, workspace, model and tier", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    const tokens = { output_tokens: 100 };
    fake.ledger.add(
      aRequest(WINDOW.from, { user: ANA, apiKeyId: "apikey_1", tokens }),
      aRequest(WINDOW.from, { user: BO, apiKeyId: null, workspaceId: "wrkspc_default", tokens }),
      aRequest(WINDOW.from, { user: null, apiKeyId: "apikey_2", serviceTier: "batch", tokens }),
      aRequest(WINDOW.from, { user: BO, model: "claude-haiku-5-5", tokens }),
    );

    await from(puller(db.pool, fake, { metering: "analytics" }), WINDOW.from);

    expect(await sumBy("user_email")).toEqual({
      [ANA.email]: "100",
      [BO.email]: "200",
      none: "100",
    });
    expect(await sumBy("api_key_id")).toEqual({
      apikey_1: "100",
      apikey_2: "100",
      apikey_rag: "100",
      none: "100",
    });
    expect(await sumBy("workspace_id")).toEqual({ wrkspc_search: "300", wrkspc_default: "100" });
    expect(await sumBy("model_id")).toEqual({
      "claude-opus-5-5": "300",
      "claude-haiku-5-5": "100",
    });
    expect(await sumBy("source")).toEqual({ anthropic: "400" });
  });

  test("counts nothing unless it is asked to", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    fake.ledger.add(...manyRequests(WINDOW, 10));

    await from(puller(db.pool, fake), WINDOW.from);

    expect(await counted()).toEqual(costing(0n));
    const { rows } = await db.pool.query(`select 1 from usage_events`);
    expect(rows).toEqual([]);
  });

  test("does not count where another source was designated", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    fake.ledger.add(
      aRequest(WINDOW.from, { workspaceId: "wrkspc_search" }),
      aRequest(WINDOW.from, { workspaceId: "wrkspc_support", tokens: { output_tokens: 7 } }),
    );
    await db.pool.query(
      `insert into metering_designations (workspace_id, source, managed_by, valid_from)
       values ('wrkspc_search', 'default', 'command', '2026-01-01')`,
    );

    await from(puller(db.pool, fake, { metering: "analytics" }), WINDOW.from);
    await db.pool.query(`truncate metering_designations`);

    expect(await sumBy("workspace_id")).toEqual({ wrkspc_support: "7" });
  });

  test("counts from when it is turned on, not what went before", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    const deps = puller(db.pool, fake, { metering: "analytics" });
    fake.ledger.add(aRequest("2026-11-23T08:30:00Z"), aRequest("2026-11-23T10:30:00Z"));

    await pullAll(deps);
    fake.time.set("2026-11-23T11:05:00Z");
    await pullAll(deps);

    expect(await counted()).toEqual(
      costing(fake.ledger.listPico(instant(NOW), instant("2026-11-23T12:00:00Z"))),
    );
  });

  test("what passes while it is off does not count when it is on again", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    const on = puller(db.pool, fake, { metering: "analytics" });
    fake.ledger.add(
      aRequest("2026-11-23T10:30:00Z"),
      aRequest("2026-11-24T10:30:00Z"),
      aRequest("2026-11-25T10:30:00Z"),
    );
    await pullAll(on);
    fake.time.set("2026-11-23T11:05:00Z");
    await pullAll(on);

    fake.time.set("2026-11-24T12:00:00Z");
    await pullAll({ ...on, settings: { ...on.settings, metering: "off" } });
    fake.time.set("2026-11-25T12:00:00Z");
    await pullAll(on);

    expect(await counted()).toEqual(
      costing(2n * fake.ledger.listPico(instant(NOW), instant("2026-11-24T00:00:00Z"))),
    );
  });

  test("another report goes on where the one before stood: nothing twice, nothing left out", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    const analytics = puller(db.pool, fake, { metering: "analytics" });
    const messages = puller(db.pool, fake, { metering: "messages" });
    const models = { model: "claude-sonnet-5-5" };
    const hours = Array.from({ length: 60 }, (_, hour) => addMs(instant(NOW), hour * HOUR_MS + 1));
    fake.ledger.add(...hours.map((at) => aRequest(at, models)));
    await pullAll(analytics);
    for (const [at, deps] of [
      ["2026-11-24T10:05:00Z", analytics],
      ["2026-11-24T12:05:00Z", messages],
      ["2026-11-25T01:05:00Z", messages],
      ["2026-11-25T03:05:00Z", analytics],
      ["2026-11-25T23:05:00Z", analytics],
    ] as const) {
      fake.time.set(at);
      // oxlint-disable-next-line no-await-in-loop -- one day after the other
      await pullAll(deps);
    }

    expect(await counted()).toEqual(
      costing(fake.ledger.listPico(instant(NOW), instant("2026-11-25T23:00:00Z"))),
    );
  });
});

describe("a bucket that is revised", () => {
  async function pulled(): Promise<{ fake: FakeAnthropic; deps: PullReportsDeps }> {
    const fake = await fakeAnthropic({ now: NOW });
    fake.ledger.add(
      aRequest(WINDOW.from, { id: "a", user: BO }),
      aRequest(WINDOW.from, { id: "b", user: ANA }),
    );
    const deps = puller(db.pool, fake, { metering: "analytics" });
    await from(deps, WINDOW.from);
    return { fake, deps };
  }

  test("is restated by one event, and reading it again changes nothing", async () => {
    const { fake, deps } = await pulled();
    fake.ledger.add(aRequest(addMs(WINDOW.from, 1), { id: "late", user: BO }));

    await from(deps, WINDOW.from);
    const after = await counted();
    await from(deps, WINDOW.from);

    expect(await counted()).toEqual(costing(fake.ledger.listPico(WINDOW.from, WINDOW.to)));
    expect(await counted()).toEqual(after);
    const { rows } = await db.pool.query<{ corrects: string | null }>(
      `select e.corrects from usage_events e where e.source = 'anthropic' order by e.usage_event_id`,
    );
    expect(rows.filter(({ corrects }) => corrects !== null)).toHaveLength(1);
    expect(rows).toHaveLength(3);
  });

  test("that is gone is voided, and counts again when it is back", async () => {
    const { fake, deps } = await pulled();

    fake.ledger.remove("b");
    await from(deps, WINDOW.from);
    expect(await counted()).toEqual(costing(fake.ledger.listPico(WINDOW.from, WINDOW.to)));
    expect(await sumBy("user_email")).toEqual({ [BO.email]: "503" });

    fake.ledger.add(aRequest(WINDOW.from, { id: "b", user: ANA }));
    await from(deps, WINDOW.from);
    expect(await counted()).toEqual(costing(fake.ledger.listPico(WINDOW.from, WINDOW.to)));
  });

  test("whatever comes late, changes or goes, in any order: the same totals", async () => {
    const change = fc.record({
      id: fc.constantFrom("r1", "r2", "r3"),
      hour: fc.integer({ min: 0, max: 1 }),
      output: fc.integer({ min: 0, max: 9 }),
      isRemoved: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 2, maxLength: 5 }), async (changes) => {
        await db.pool.query(
          `truncate provider_report_rows, provider_report_pulls, request_budgets, usage_events,
                    charges, spend_rollups, spend_days, usage_identities`,
        );
        const fake = await fakeAnthropic({ now: NOW });
        const deps = puller(db.pool, fake, { metering: "analytics" });
        for (const { id, hour, output, isRemoved } of changes) {
          const at = addMs(WINDOW.from, hour * HOUR_MS);
          if (isRemoved) fake.ledger.remove(id);
          else fake.ledger.add(aRequest(at, { id, tokens: { output_tokens: output } }));
          // oxlint-disable-next-line no-await-in-loop -- after each change
          await pullAll(deps, { from: WINDOW.from, to: addMs(WINDOW.from, DAY_MS) });
        }
        expect(await counted()).toEqual(costing(fake.ledger.listPico(WINDOW.from, WINDOW.to)));
      }),
      { numRuns: 6 },
    );
  });
});

describe("what the reports can't tell exactly", () => {
  test("tokens of Priority Tier have no cost there and count by the price list", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    fake.ledger.add(aRequest(WINDOW.from, { serviceTier: "priority" }));

    await from(puller(db.pool, fake, { metering: "analytics" }), WINDOW.from);

    expect(fake.ledger.listPico(WINDOW.from, WINDOW.to)).toBe(0n);
    const { rows } = await db.pool.query<{ basis: string }>(
      `select distinct c.pricing_basis as basis from charges c where c.list_cost_usd > 0`,
    );
    expect(rows).toEqual([{ basis: "list" }]);
  });

  test("messages: usage by hour is priced by our list, person by id", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    fake.ledger.add(
      aRequest(WINDOW.from, { user: ANA, inferenceGeo: "us" }),
      aRequest(WINDOW.from, { user: ANA, inferenceGeo: "global", speed: "fast" }),
      aRequest(WINDOW.from, { user: BO, serviceTier: "batch", webSearches: 3 }),
    );

    await from(puller(db.pool, fake, { metering: "messages" }), WINDOW.from);

    expect(await counted()).toEqual(costing(fake.ledger.listPico(WINDOW.from, WINDOW.to)));
    expect(await sumBy("user_email")).toEqual({ [ANA.email]: "1006", [BO.email]: "503" });
  });

  test("messages: many small prompts in an hour are not one large prompt", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    const small = { model: "claude-haiku-5-5", tokens: { uncached_input_tokens: 30_000 } };
    fake.ledger.add(...Array.from({ length: 5 }, () => aRequest(WINDOW.from, small)));

    await from(puller(db.pool, fake, { metering: "messages" }), WINDOW.from);

    expect(await counted()).toEqual(costing(fake.ledger.listPico(WINDOW.from, WINDOW.to)));
    const { rows } = await db.pool.query(`select distinct c.pricing_basis from charges c`);
    expect(rows).toEqual([{ pricing_basis: "estimated" }]);
  });

  test("Claude Code: each person's day, at the cost that Anthropic estimates", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    fake.ledger.add(
      aRequest("2026-11-20T09:00:00Z", { user: ANA, product: "claude_code" }),
      aRequest("2026-11-20T15:00:00Z", { user: ANA, product: "claude_code" }),
      aRequest("2026-11-20T15:00:00Z", { user: BO, product: "messages_api" }),
    );

    await from(puller(db.pool, fake, { metering: "claude_code" }), WINDOW.from);

    expect(await sumBy("user_email")).toEqual({ [ANA.email]: "1006" });
    const { rows } = await db.pool.query<{ basis: string; cost: string }>(
      `select min(c.pricing_basis) as basis, sum(c.list_cost_usd)::text as cost from charges c`,
    );
    const cents =
      (fake.ledger.listPico(WINDOW.from, instant("2026-11-20T15:00:00Z")) * 2n) / 100_000_000n;
    expect(rows).toEqual([
      { basis: "reported", cost: usdToDecimal(usd(cents * 100_000_000n)).padEnd(14, "0") },
    ]);
  });

  test("what is not complete yet is not taken, though the report shows some of it", async () => {
    const ledger = createLedger({ lagMs: 4 * HOUR_MS });
    const fake = await fakeAnthropic({ now: NOW, ledger });
    const deps = puller(db.pool, fake, { metering: "analytics" });
    const day = instant("2026-11-23T00:00:00Z");
    ledger.add(...Array.from({ length: 20 }, (_, n) => aRequest(addMs(day, n * 0.5 * HOUR_MS))));

    await from(deps, day);
    expect(await counted()).toEqual(costing(ledger.listPico(day, instant("2026-11-23T06:00:00Z"))));

    fake.time.advance(4 * HOUR_MS);
    await pullAll(deps);
    expect(await counted()).toEqual(costing(ledger.listPico(day, instant(NOW))));
  });
});
