import { beforeEach, describe, expect, test } from "vitest";
import { formatUsd, usd, usdFromDecimal } from "../../../src/domain/money.ts";
import { ORG_SCOPE } from "../../../src/domain/scope.ts";
import {
  addMs,
  DAY_MS,
  HOUR_MS,
  type Instant,
  instant,
  MINUTE_MS,
  type Period,
} from "../../../src/domain/time.ts";
import type { UsageEvent } from "../../../src/domain/usage.ts";
import { parseDiscountPercent, replaceDiscounts } from "../../../src/features/pricing/index.ts";
import { reconcileWhenDue } from "../../../src/features/reconciliation/flow/reconcile.ts";
import {
  acceptDifferences,
  basisOf,
  loadBillComparison,
  loadReconciliation,
  type ReconciliationReport,
  reconcile,
  reconciliationJson,
  reconciliationText,
} from "../../../src/features/reconciliation/index.ts";
import { createLedger, type LedgerRequest } from "../../../src/sandbox/anthropic/ledger.ts";
import { acme } from "../../support/budget-builders.ts";
import { useDatabase } from "../../support/database.ts";
import {
  reportedBy as byGateway,
  record,
  steadyRequests,
} from "../../support/reconciliation-builders.ts";
import {
  aRequest,
  type FakeAnthropic,
  fakeAnthropic,
  manyRequests,
  pullAll,
  puller,
} from "../../support/report-builders.ts";
import { SEED } from "../pricing/published-seed.ts";

const db = useDatabase();
const NOW = "2026-11-23T10:00:00Z";
const day = (text: string): Instant => instant(`${text}T00:00:00Z`);
const MONTH: Period = { start: day("2026-10-24"), end: day("2026-11-23") };
const WEEK: Period = { start: day("2026-11-16"), end: day("2026-11-23") };
/** Before the first judged day, so that all of it is covered. */
const FIRST = addMs(WEEK.start, -HOUR_MS);

beforeEach(async () => {
  await db.pool.query(
    `truncate provider_report_rows, provider_report_pulls, request_budgets, usage_events, charges,
              spend_rollups, spend_days, usage_identities, reconciliation_days, reconciliation_differences,
              reconciliation_acceptances, reconciliation_runs, reconciliation_settings, discounts,
              alerts, alert_threads, alert_deliveries, alert_thread_messages, alert_actions,
              alert_gatherings, outbox_messages`,
  );
  await acme(db.pool);
});

const gateway = (request: LedgerRequest, overrides: Partial<UsageEvent> = {}): UsageEvent =>
  byGateway("gateway", request, overrides);

/** Apps often do not know their workspace, least of all the default one. */
const withoutDefault = (request: LedgerRequest): UsageEvent =>
  request.workspaceId === "wrkspc_default"
    ? gateway(request, { workspaceId: undefined })
    : gateway(request);

/** Anthropic with these requests in its books, and our sources with what they made of them. */
async function organization(
  requests: readonly LedgerRequest[],
  events: readonly UsageEvent[],
  options: Parameters<typeof fakeAnthropic>[0] = {},
): Promise<FakeAnthropic> {
  const fake = await fakeAnthropic({ now: NOW, ...options });
  fake.ledger.add(...requests);
  // Of before and after the days that are looked at: all of those are here.
  await record(db.pool, fake.time, [
    gateway(aRequest(addMs(WEEK.start, -40 * DAY_MS))),
    gateway(aRequest(fake.time.clock())),
    ...events,
  ]);
  return fake;
}

async function judged(fake: FakeAnthropic, period = WEEK): Promise<ReconciliationReport> {
  await pullAll(puller(db.pool, fake));
  await reconcile({ database: db.pool, clock: fake.time.clock }, period);
  return await loadReconciliation({ database: db.pool }, period);
}

function causesOf({ standing }: ReconciliationReport): readonly string[] {
  return [...new Set(standing.totals.map(({ cause }) => cause))].toSorted();
}

async function alerts(): Promise<readonly { text: string; sent: boolean }[]> {
  const { rows } = await db.pool.query<{ text: string; sent: boolean }>(
    `select a.content ->> 'brief' || ' | ' || (a.content ->> 'follows') || ' | ' || (a.content -> 'happened')::text as text,
            exists (select 1 from alert_deliveries d where d.alert_id = a.alert_id and d.carried_by is not null) as sent
       from alerts a
      where a.kind = 'drift'
      order by a.alert_number`,
  );
  return rows;
}

/** Whether the differences of each day add up to what the two sides differ by. */
function expectWhole({ days }: ReconciliationReport): void {
  for (const { day: one } of days) {
    const sum = one.differences.reduce((total, { amount }) => total + amount, 0n);
    expect(sum).toBe(one.charged - one.anthropicBilled);
  }
}

describe("a month with every known trap", () => {
  test("reconciles to nothing unexplained, whatever Anthropic's side leaves out", async () => {
    const requests = manyRequests({ from: MONTH.start, to: MONTH.end }, 400);
    const at = addMs(MONTH.start, 3 * DAY_MS);
    const priority = aRequest(at, { serviceTier: "priority" });
    const unlinked = aRequest(at, { workspaceId: "wrkspc_lab", apiKeyId: "apikey_lab" });
    const silent = aRequest(addMs(at, DAY_MS), { workspaceId: "wrkspc_quiet", webSearches: 3 });
    const reported = aRequest(at, { workspaceId: "wrkspc_reported" });
    const fake = await fakeAnthropic({ now: NOW, discountPercent: 13 });
    fake.ledger.add(...requests, priority, unlinked, silent, reported);
    const share = parseDiscountPercent("13");
    if (share === undefined) throw new Error("a percentage");
    await replaceDiscounts(db.pool, [
      {
        modelPattern: undefined,
        workspaceId: undefined,
        share,
        validFrom: undefined,
        validUntil: undefined,
      },
    ]);
    fake.ledger.addCost({
      occurredAt: at,
      costType: "code_execution",
      workspaceId: "wrkspc_search",
      apiKeyId: null,
      pico: 12_345_678_901n,
    });
    fake.ledger.addCost({
      occurredAt: at,
      costType: "session_usage",
      workspaceId: "wrkspc_search",
      apiKeyId: null,
      pico: 5_000_000_000n,
    });
    await record(db.pool, fake.time, [
      gateway(aRequest(addMs(MONTH.start, -DAY_MS))),
      gateway(aRequest(NOW)),
      ...requests.map((request) => withoutDefault(request)),
      gateway(priority),
      gateway(silent, { usage: { ...gateway(silent).usage, webSearchRequests: 0 } }),
      gateway(aRequest(at), { provider: "bedrock", model: "us.anthropic.claude-opus-5-5-v1:0" }),
      gateway(aRequest(at), { provider: "vertex_ai" }),
      gateway(reported, { costBasis: "reported", reportedCost: usdFromDecimal("0.5") }),
    ]);

    const report = await judged(fake, MONTH);

    expectWhole(report);
    expect(report.pendingDays).toEqual([]);
    expect(report.standing.unexplained).toBe(0n);
    expect(report.standing.drift).toBe(0n);
    expect(causesOf(report)).toEqual([
      "code_execution",
      "other_provider",
      "priority_tier",
      "reported_cost",
      "rounding",
      "session_usage",
      "unlinked_workspace",
      "web_search",
    ]);
    expect(await alerts()).toEqual([]);
  });
});

describe("a fault is found and named, and the alert says so", () => {
  const requests = steadyRequests(WEEK, 2 * HOUR_MS);
  const found = async (
    events: readonly UsageEvent[],
    options: Parameters<typeof fakeAnthropic>[0] & {
      readonly bill?: readonly LedgerRequest[];
    } = {},
  ): Promise<ReconciliationReport> => {
    const { bill = requests, ...rest } = options;
    const report = await judged(await organization(bill, events, rest));
    expectWhole(report);
    return report;
  };
  /** What requests of those come to by the table that Anthropic prints; shares no code with ours. */
  const published = (
    of: readonly LedgerRequest[],
    counts: (tokens: LedgerRequest["tokens"]) => Partial<LedgerRequest["tokens"]> = (all) => all,
  ): bigint =>
    of.reduce((sum, { model, tokens, webSearches }) => {
      const counted = counts(tokens);
      const rates = SEED.findLast(({ ids }) => ids.includes(model))?.rates;
      if (rates === undefined) throw new Error(`no published price of ${model}`);
      // Of dollars a million tokens a millionth is pico-dollars a token, times a million.
      const [input, write5m, write1h, read, output] = rates.map((rate) =>
        BigInt(Math.round(Number(rate) * 1_000_000)),
      );
      const cost = (rate: bigint | undefined, count = 0): bigint => (rate ?? 0n) * BigInt(count);
      const searches = counted === tokens ? BigInt(webSearches) * 10_000_000_000n : 0n;
      return (
        sum +
        cost(input, counted.uncached_input_tokens) +
        cost(write5m, counted["cache_creation.ephemeral_5m_input_tokens"]) +
        cost(write1h, counted["cache_creation.ephemeral_1h_input_tokens"]) +
        cost(read, counted.cache_read_input_tokens) +
        cost(output, counted.output_tokens) +
        searches
      );
    }, 0n);
  /** The whole gap is what the seeded fault comes to, and the alert names that amount. */
  const expectAmount = async (
    { standing }: ReconciliationReport,
    expected: bigint,
  ): Promise<void> => {
    expect(standing.charged - standing.anthropicBilled).toBe(expected);
    const size = usd(expected < 0n ? -expected : expected);
    expect((await alerts()).map(({ text }) => text)).toEqual([
      expect.stringContaining(formatUsd(size)),
    ]);
  };
  const isOn = ({ occurredAt }: LedgerRequest, date: string): boolean =>
    occurredAt.toISOString().startsWith(date);

  test("nothing, where both sides agree", async () => {
    const report = await found(requests.map((request) => gateway(request)));

    expect(report.standing.totals).toEqual([]);
    expect(await alerts()).toEqual([]);
  });

  test("a wrong cache lifetime", async () => {
    const report = await found(
      requests.map((request) => {
        const event = gateway(request);
        if (request.workspaceId !== "wrkspc_search" || !isOn(request, "2026-11-20")) return event;
        const { cacheCreation5mInputTokens: short, cacheCreation1hInputTokens: long } = event.usage;
        return {
          ...event,
          usage: {
            ...event.usage,
            cacheCreation5mInputTokens: short + long,
            cacheCreation1hInputTokens: 0,
          },
        };
      }),
    );

    expect(causesOf(report)).toEqual(["wrong_cache_lifetime"]);
    expect(report.standing.totals).toMatchObject([
      { workspaceId: "wrkspc_search", evidence: ["1-hour writes counted as 5-minute writes"] },
    ]);
    const [alert] = await alerts();
    expect(alert?.text).toContain("wrong cache lifetime");
    expect(alert?.sent).toBe(true);
    const wrong = requests.filter(
      (request) => request.workspaceId === "wrkspc_search" && isOn(request, "2026-11-20"),
    );
    const long = "cache_creation.ephemeral_1h_input_tokens";
    const asLong = published(wrong, (tokens) => ({ [long]: tokens[long] }));
    const asShort = published(wrong, (tokens) => ({
      "cache_creation.ephemeral_5m_input_tokens": tokens[long],
    }));
    await expectAmount(report, asShort - asLong);
  });

  test("a lost hour", async () => {
    const bill = steadyRequests(WEEK, 15 * MINUTE_MS);
    const report = await found(
      bill
        .filter((request) => !request.occurredAt.toISOString().startsWith("2026-11-18T14"))
        .map((request) => gateway(request)),
      { bill },
    );

    expect(causesOf(report)).toEqual(["lost_hour"]);
    const [alert] = await alerts();
    expect(alert?.text).toContain("lost hour");
    expect(alert?.text).toContain("source gateway sent nothing from 14:00 to 15:00 UTC");
    expect(alert?.text).toContain("On Nov 18 (UTC)");
    const lost = bill.filter(({ occurredAt }) =>
      occurredAt.toISOString().startsWith("2026-11-18T14"),
    );
    await expectAmount(report, -published(lost));
  });

  test("a doubled source", async () => {
    const report = await found([
      ...requests.map((request) => gateway(request)),
      ...requests
        .filter((request) => isOn(request, "2026-11-19"))
        .map((request) => gateway(request, { eventId: `again-${request.id}` })),
    ]);

    expect(causesOf(report)).toEqual(["doubled_source"]);
    const [alert] = await alerts();
    expect(alert?.text).toContain("gateway reports its usage twice");
    expect(alert?.text).toContain("request_id");
    const doubled = requests.filter((request) => isOn(request, "2026-11-19"));
    await expectAmount(report, published(doubled));
  });

  test("two sources of the same usage", async () => {
    const report = await found([
      ...requests.map((request) => gateway(request)),
      ...requests
        .filter(({ workspaceId }) => workspaceId === "wrkspc_support")
        .map((request) => byGateway("telemetry", request)),
    ]);

    expect(causesOf(report)).toEqual(["doubled_source"]);
    expect(report.standing.totals[0]?.evidence).toEqual([
      "gateway and telemetry report the same usage",
    ]);
    // Seven days in a row are one thing to say.
    expect(await alerts()).toHaveLength(1);
  });

  test("a missed discount, said once though it goes on", async () => {
    const fake = await organization(
      requests,
      requests.map((request) => gateway(request)),
      { discountPercent: 8 },
    );
    await judged(fake, { start: WEEK.start, end: addMs(WEEK.start, 3 * DAY_MS) });
    expect(await alerts()).toHaveLength(1);

    const report = await judged(fake);

    expect(causesOf(report)).toEqual(["missed_discount"]);
    const said = await alerts();
    expect(said).toHaveLength(1);
    expect(said[0]?.text).toContain("Anthropic takes 8 % off");
    expect(said[0]?.text).toContain("claude-spend reprice --from DAY");
    // Said of the three days that were known then; the report has it of the whole week.
    const missed = (of: readonly LedgerRequest[]): bigint => (published(of) * 8n) / 100n;
    expect(report.standing.charged - report.standing.anthropicBilled).toBe(missed(requests));
    const three = requests.filter(({ occurredAt }) => occurredAt < addMs(WEEK.start, 3 * DAY_MS));
    expect(said[0]?.text).toContain(formatUsd(usd(missed(three))));
  });

  test("a discount that Anthropic does not give", async () => {
    const share = parseDiscountPercent("12.5");
    if (share === undefined) throw new Error("a percentage");
    await replaceDiscounts(db.pool, [
      {
        modelPattern: "claude-opus-*",
        workspaceId: undefined,
        share,
        validFrom: undefined,
        validUntil: undefined,
      },
    ]);

    const report = await found(requests.map((request) => gateway(request)));

    expect(causesOf(report)).toEqual(["undue_discount"]);
    expect(report.standing.totals[0]?.models).toEqual(["claude-opus-5-5"]);
  });

  test("an unknown model at the fallback price", async () => {
    const bill = [...requests, aRequest("2026-11-20T10:00:00Z", { model: "claude-haiku-4-5" })];
    const [last] = bill.slice(-1);
    const odd = last === undefined ? [] : [gateway(last, { model: "claude-tanka-9" })];
    const fake = await organization(bill, [...requests.map((request) => gateway(request)), ...odd]);
    await pullAll(puller(db.pool, fake));
    await db.pool.query(
      `alter table provider_report_rows disable trigger provider_report_rows_append_only`,
    );
    await db.pool.query(
      `update provider_report_rows set model = 'claude-tanka-9' where model = 'claude-haiku-4-5'`,
    );
    await db.pool.query(
      `alter table provider_report_rows enable trigger provider_report_rows_append_only`,
    );
    await reconcile({ database: db.pool, clock: fake.time.clock }, WEEK);

    const report = await loadReconciliation({ database: db.pool }, WEEK);

    expect(causesOf(report)).toEqual(["unknown_model"]);
  });

  test("batches that were priced in full", async () => {
    const bill = requests.map((request) =>
      isOn(request, "2026-11-20") ? { ...request, serviceTier: "batch" } : request,
    );

    const report = await found(
      requests.map((request) => gateway(request)),
      { bill },
    );

    expect(causesOf(report)).toEqual(["unpriced_tier"]);
    expect(report.standing.totals[0]?.evidence).toEqual(["batches, priced in full"]);
  });

  test("fast mode that was priced as standard", async () => {
    const bill = requests.map((request) =>
      isOn(request, "2026-11-20") && request.model === "claude-opus-5-5"
        ? { ...request, speed: "fast" }
        : request,
    );

    const report = await found(
      requests.map((request) => gateway(request)),
      { bill },
    );

    expect(causesOf(report)).toEqual(["unpriced_tier"]);
    expect(report.standing.totals[0]?.evidence).toEqual(["fast mode costs twice as much"]);
  });

  test("a clock in another zone", async () => {
    const bill = steadyRequests(WEEK, 47 * MINUTE_MS);
    const report = await found(
      bill.map((request) =>
        gateway(request, { occurredAt: addMs(request.occurredAt, 2 * HOUR_MS) }),
      ),
      { bill },
    );

    expect(causesOf(report)).toEqual(["time_zone_shift"]);
    expect(report.standing.totals[0]?.evidence).toEqual(["times of gateway are 2 hours late"]);
  });

  test("what the data do not prove is unexplained", async () => {
    const report = await found(
      requests.filter((_request, index) => index % 9 !== 0).map((request) => gateway(request)),
    );

    expect(causesOf(report)).toEqual(["unexplained"]);
    expect((await alerts())[0]?.text).toContain("unexplained");
  });
});

describe("time", () => {
  const requests = steadyRequests({ start: day("2026-11-20"), end: instant(NOW) }, HOUR_MS);

  test("a day that is not final is never judged", async () => {
    const fake = await organization(
      requests,
      requests.slice(0, 30).map((request) => gateway(request)),
      { ledger: createLedger({ lagMs: 12 * HOUR_MS }) },
    );

    const report = await judged(fake, { start: day("2026-11-22"), end: day("2026-11-24") });

    expect(report.days).toEqual([]);
    expect(report.pendingDays).toEqual(["2026-11-22", "2026-11-23"]);
    expect(await alerts()).toEqual([]);
  });

  test("nor one from before our first usage", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    fake.ledger.add(aRequest("2026-11-10T10:00:00Z"), ...requests);
    await record(
      db.pool,
      fake.time,
      requests.map((request) => gateway(request)),
    );

    const report = await judged(fake, WEEK);

    expect(report.days.map((one) => one.day.day)).toEqual([
      "2026-11-20",
      "2026-11-21",
      "2026-11-22",
    ]);
    expect(report.standing.totals).toEqual([]);
  });

  test("late events and revised bills settle by themselves, and the thread says so once", async () => {
    const late = requests.filter((_request, index) => index % 5 === 0);
    const fake = await organization(
      requests,
      requests.filter((request) => !late.includes(request)).map((request) => gateway(request)),
    );
    expect(causesOf(await judged(fake))).toContain("unexplained");
    expect(await alerts()).toHaveLength(1);

    await record(
      db.pool,
      fake.time,
      late.map((request) => gateway(request)),
    );
    const settled = await judged(fake);

    expect(settled.standing.totals).toEqual([]);
    const { rows } = await db.pool.query<{ resolved_because: string | null }>(
      `select t.resolved_because from alert_threads t`,
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.resolved_because).toContain("agrees with Anthropic's bill");

    const [first] = requests;
    fake.ledger.revise(first?.id ?? "", { model: "claude-haiku-5-5" });
    fake.time.advance(2 * DAY_MS);
    expect(causesOf(await judged(fake))).not.toEqual([]);
    fake.ledger.revise(first?.id ?? "", { model: first?.model ?? "" });
    fake.time.advance(2 * DAY_MS);
    expect((await judged(fake)).standing.totals).toEqual([]);
  });

  test("run twice, and by two replicas at once, it changes nothing", async () => {
    const fake = await organization(
      requests,
      requests.slice(10).map((request) => gateway(request)),
    );
    await judged(fake);
    const state = async (): Promise<unknown> =>
      (
        await db.pool.query(
          `select (select count(*) from reconciliation_days) as days,
                  (select count(*) from reconciliation_differences) as differences,
                  (select count(*) from alerts) as alerts,
                  (select count(*) from outbox_messages) as messages`,
        )
      ).rows;
    const before = await state();

    const deps = { database: db.pool, clock: fake.time.clock };
    const outcomes = await Promise.all([reconcile(deps, WEEK), reconcile(deps, WEEK)]);

    expect(outcomes.map(({ changed }) => changed)).toEqual([[], []]);
    expect(await state()).toEqual(before);
  });
});

describe("by itself", () => {
  const requests = steadyRequests({ start: day("2026-11-20"), end: instant(NOW) }, HOUR_MS);

  test("a day is judged as soon as it is final, by one of two replicas, and every night", async () => {
    const fake = await organization(
      requests,
      requests.map((request) => gateway(request)),
      { now: "2026-11-22T03:00:00Z" },
    );
    const replica = { database: db.pool, clock: fake.time.clock };
    expect(await reconcileWhenDue(replica)).toBeUndefined();
    await pullAll(puller(db.pool, fake));

    const outcomes = await Promise.all([reconcileWhenDue(replica), reconcileWhenDue(replica)]);
    expect(outcomes.filter((outcome) => outcome !== undefined)).toHaveLength(1);
    expect(await reconcileWhenDue(replica)).toBeUndefined();

    fake.time.set("2026-11-22T04:01:00Z");
    expect((await reconcileWhenDue(replica))?.changed).toEqual([]);
    expect(await reconcileWhenDue(replica)).toBeUndefined();

    fake.time.set("2026-11-23T01:30:00Z");
    await pullAll(puller(db.pool, fake));
    expect((await reconcileWhenDue(replica))?.changed).toEqual(["2026-11-22"]);
  });

  test("while something drifts it looks every hour", async () => {
    const late = requests.slice(0, 12);
    const fake = await organization(
      requests,
      requests.slice(12).map((request) => gateway(request)),
    );
    const replica = { database: db.pool, clock: fake.time.clock };
    await pullAll(puller(db.pool, fake));
    await reconcileWhenDue(replica);
    expect(await alerts()).toHaveLength(1);

    await record(
      db.pool,
      fake.time,
      late.map((request) => gateway(request)),
    );
    expect(await reconcileWhenDue(replica)).toBeUndefined();
    fake.time.advance(HOUR_MS);

    expect((await reconcileWhenDue(replica))?.changed).toEqual(["2026-11-20"]);
    fake.time.advance(HOUR_MS);
    expect(await reconcileWhenDue(replica)).toBeUndefined();
  });

  test("usage that is arriving from the oldest on is waited for", async () => {
    const fake = await fakeAnthropic({ now: NOW });
    fake.ledger.add(...requests);
    const sent = requests.filter(({ occurredAt }) => occurredAt < instant("2026-11-21T12:00:00Z"));
    await record(
      db.pool,
      fake.time,
      sent.map((request) => gateway(request)),
    );

    expect((await judged(fake, WEEK)).days.map((one) => one.day.day)).toEqual(["2026-11-20"]);
    fake.time.advance(16 * MINUTE_MS);
    expect((await judged(fake, WEEK)).pendingDays).not.toContain("2026-11-22");
  });
});

describe("a difference that is accepted", () => {
  const requests = steadyRequests({ start: day("2026-11-20"), end: day("2026-11-23") }, HOUR_MS);

  test("no longer counts, is on record, and makes the figures reconciled", async () => {
    const fake = await organization(
      requests,
      requests.filter((_request, index) => index % 9 !== 0).map((request) => gateway(request)),
    );
    await judged(fake);
    const deps = { database: db.pool, clock: fake.time.clock };
    const figure = {
      scope: ORG_SCOPE,
      period: { start: day("2026-11-20"), end: day("2026-11-23") },
    };
    expect((await basisOf(deps, figure)).kind).toBe("billed");

    const accepted = await acceptDifferences(deps, {
      cause: "unexplained",
      period: WEEK,
      workspaceId: undefined,
      reason: "the batch job of the lab, agreed with Anthropic",
      actor: "dana@acme.test",
    });

    expect(accepted.length).toBeGreaterThan(0);
    const report = await loadReconciliation(deps, WEEK);
    expect(report.standing.drift).toBe(0n);
    expect(report.standing.totals.every(({ acceptance }) => acceptance !== undefined)).toBe(true);
    const basis = await basisOf(deps, figure);
    expect(basis.kind).toBe("reconciled");
    expect(basis.asOf).toEqual(fake.time.clock());
    const { rows } = await db.pool.query(
      `select a.actor, a.action from audit_entries a where a.subject = 'reconciliation:2026-11-20'`,
    );
    expect(rows[0]).toEqual({
      actor: "dana@acme.test",
      action: "reconciliation.difference_accepted",
    });
    expect(
      (await db.pool.query(`select 1 from alert_threads t where t.resolved_at is not null`)).rows,
    ).toHaveLength(1);
  });

  test("counts again when it amounts to something else", async () => {
    const missing = requests.filter((_request, index) => index % 9 === 0);
    const fake = await organization(
      requests,
      requests.filter((request) => !missing.includes(request)).map((request) => gateway(request)),
    );
    await judged(fake);
    const deps = { database: db.pool, clock: fake.time.clock };
    await acceptDifferences(deps, {
      cause: "unexplained",
      period: WEEK,
      workspaceId: undefined,
      reason: "known",
      actor: "dana@acme.test",
    });

    await record(
      db.pool,
      fake.time,
      missing.slice(0, 2).map((request) => gateway(request)),
    );
    const report = await judged(fake);

    expect(report.standing.drift).toBeGreaterThan(0n);
  });
});

test("a bill that Anthropic has revised in one report only raises no alert, and the report says so", async () => {
  const requests = steadyRequests(WEEK, 2 * HOUR_MS);
  const fake = await organization(
    requests,
    requests.map((request) => gateway(request)),
  );
  await pullAll(puller(db.pool, fake));
  await db.pool.query(
    `insert into provider_report_rows
            (report, bucket_start, bucket_end, group_key, revision, content_sha256, is_withdrawn,
             workspace_id, model, service_tier, cost_type, token_type, list_cost_usd, billed_cost_usd,
             data_refreshed_at, pulled_at)
     select r.report, r.bucket_start, r.bucket_end, r.group_key, r.revision + 1, '\\x01', false,
            r.workspace_id, r.model, r.service_tier, r.cost_type, r.token_type,
            r.list_cost_usd + 7, r.billed_cost_usd + 7, r.data_refreshed_at, r.pulled_at
       from current_provider_report_rows r
      where r.report = 'analytics_cost' and r.bucket_start = '2026-11-19' and r.token_type = 'output_tokens'
      limit 1`,
  );
  const deps = { database: db.pool, clock: fake.time.clock };
  await reconcile(deps, WEEK);

  const report = await loadReconciliation(deps, WEEK);
  expectWhole(report);
  expect(causesOf(report)).toEqual(["bills_differ"]);
  expect(report.standing.drift).toBe(0n);
  expect(await alerts()).toEqual([]);
  const bills = await loadBillComparison(deps, WEEK, fake.time.clock());
  expect(bills?.days).toHaveLength(7);
  expect(bills?.differences).toMatchObject([
    {
      day: "2026-11-19",
      component: "output",
      cause: "may_be_revised",
      amount: usdFromDecimal("7"),
    },
  ]);
  expect(reconciliationText(report, bills)).toContain("apart by $7.00");
  expect(reconciliationJson(report, bills)).toMatchObject({
    anthropic_reports: { difference: "7.000000", causes: [{ cause: "may_be_revised" }] },
  });
});

test("a figure with today in it is an estimate", async () => {
  const basis = await basisOf(
    { database: db.pool },
    { scope: ORG_SCOPE, period: { start: FIRST, end: instant(NOW) } },
  );

  expect(basis).toEqual({ kind: "estimated", asOf: undefined });
});
