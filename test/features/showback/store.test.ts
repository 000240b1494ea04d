import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { sumUsd } from "../../../src/domain/money.ts";
import { ORG_SCOPE, scopeFrom } from "../../../src/domain/scope.ts";
import {
  addMs,
  HOUR_MS,
  instant,
  localDate,
  type Period,
  parseTimeZone,
  startOfLocalDay,
  timeZone,
} from "../../../src/domain/time.ts";
import {
  GROUP_KEYS,
  type GroupKey,
  type SpendRow,
  type SpendTotals,
} from "../../../src/features/showback/rules.ts";
import { listCourse } from "../../../src/features/showback/store/course.ts";
import { listSpend, loadCost } from "../../../src/features/showback/store.ts";
import { useDatabase } from "../../support/database.ts";
import { recordEvents, spendTotals } from "../../support/showback-builders.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const db = useDatabase();
const UTC = timeZone("UTC");
/** Wide ones and narrow ones, which are read in different ways. */
const COURSE_SCOPES = [
  "org",
  "team:search",
  "project:checkout",
  "user:bo@acme.test",
  "api_key:key_1",
  "workspace:ws_1",
  "model:claude-opus-5-5",
];
const SPAN = period("2026-11-20T00:00:00Z", "2026-11-23T12:00:00Z");

function period(start: string | Date, end: string | Date): Period {
  return { start: instant(start), end: instant(end) };
}

/** Events of three days with every kind of owner and none, at any millisecond. */
const anEvent = fc
  .record({
    at: fc.date({ min: SPAN.start, max: new Date(SPAN.end.getTime() - 1), noInvalidDate: true }),
    model: fc.constantFrom("claude-opus-5-5", "claude-haiku-4-5", "claude-sonnet-5"),
    team: fc.option(fc.constantFrom("search", "ads"), { nil: undefined }),
    user_email: fc.option(fc.constantFrom("bo@acme.test", "ana@acme.test"), { nil: undefined }),
    api_key_id: fc.option(fc.constantFrom("key_1", "key_2"), { nil: undefined }),
    workspace_id: fc.option(fc.constantFrom("ws_1"), { nil: undefined }),
    tags: fc.option(fc.record({ env: fc.constantFrom("prod", "test") }), { nil: undefined }),
    tokens: fc.tuple(
      fc.integer({ min: 1, max: 9_999 }),
      fc.nat(9_999),
      fc.nat(9_999),
      fc.nat(9_999),
    ),
  })
  .map(({ at, tokens: [input, write, read, output], ...owner }) =>
    aNativeEvent({
      ...owner,
      project: owner.team === "search" ? "checkout" : undefined,
      occurred_at: at.toISOString(),
      usage: {
        input_tokens: input,
        cache_creation_input_tokens: write + 1,
        cache_read_input_tokens: read,
        cache_creation: { ephemeral_5m_input_tokens: write, ephemeral_1h_input_tokens: 1 },
        output_tokens: output,
      },
    }),
  );

beforeAll(async () => {
  await db.pool.query(
    `insert into teams (team_key, name) values ('search', 'Search'), ('ads', 'Ads');
     insert into projects (project_key, team_key) values ('checkout', 'search')`,
  );
  const events = fc.sample(anEvent, { numRuns: 600, seed: 20_261_123 });
  await recordEvents(db.pool, events.slice(0, 400));
  await recordEvents(db.pool, events.slice(400), { source: "gateway" });
});

/** The sum over charges: slower, and without any of the rollups. */
async function sumCharges(
  { start, end }: Period,
  condition = "true",
): Promise<Pick<SpendTotals, "requests" | "tokens"> & { readonly cost: string }> {
  const tokens = (type: string): string =>
    `coalesce(sum(c.consumed_quantity) filter (where c.sku_id like '%/${type}%'), 0)::integer as ${type}`;
  const { rows } = await db.pool.query<Record<string, number> & { cost: string }>(
    `select count(distinct c.usage_event_id)::integer as requests,
            coalesce(sum(c.billed_cost_usd), 0)::numeric(30, 12)::text as cost,
            ${["uncached_input", "cache_write_5m", "cache_write_1h", "cache_read", "output"].map(tokens).join(", ")}
       from charges c
       join usage_events e on e.usage_event_id = c.usage_event_id
       join spend_dimensions d on d.spend_dimension_id = c.spend_dimension_id
      where c.charge_period_start >= $1 and c.charge_period_start < $2 and ${condition}`,
    [start, end],
  );
  const { requests = -1, cost, ...counts } = rows[0] ?? { cost: "" };
  return { requests, cost, tokens: counts as unknown as SpendTotals["tokens"] };
}

function asSummed({ cost, requests, tokens }: SpendTotals) {
  return { requests, tokens, cost: picoText(cost) };
}

function picoText(cost: bigint): string {
  return `${String(cost / 10n ** 12n)}.${String(cost % 10n ** 12n).padStart(12, "0")}`;
}

async function total(query: { readonly period: Period; readonly scope?: string }) {
  const scope = scopeFrom(query.scope ?? "org");
  const [row] = await listSpend(db.pool, { ...query, scope, zone: UTC, groupBy: [] });
  return asSummed(row ?? spendTotals());
}

function added(rows: readonly SpendRow[]): ReturnType<typeof asSummed> {
  const sum = (of: (row: SpendRow) => number): number =>
    rows.reduce((all, row) => all + of(row), 0);
  return asSummed({
    cost: sumUsd(rows.map(({ cost }) => cost)),
    requests: sum(({ requests }) => requests),
    tokens: {
      uncached_input: sum(({ tokens }) => tokens.uncached_input),
      cache_write_5m: sum(({ tokens }) => tokens.cache_write_5m),
      cache_write_1h: sum(({ tokens }) => tokens.cache_write_1h),
      cache_read: sum(({ tokens }) => tokens.cache_read),
      output: sum(({ tokens }) => tokens.output),
    },
  });
}

describe("listSpend", () => {
  test("of everything is the sum of all charges, to the last pico-dollar", async () => {
    expect(await total({ period: SPAN })).toEqual(await sumCharges(SPAN));
    expect((await total({ period: SPAN })).requests).toBe(600);
  });

  test("by any keys, in any zone, adds up to the same total", async () => {
    const whole = await total({ period: SPAN });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.constantFrom(...GROUP_KEYS), { minLength: 1 }),
        fc.constantFrom("UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe"),
        async (groupBy, zone) => {
          const query = { scope: ORG_SCOPE, period: SPAN, zone: timeZone(zone), groupBy };
          const rows = await listSpend(db.pool, query);

          expect(added(rows)).toEqual(whole);
          expect(rows.every(({ group }) => groupBy.every((key) => key in group))).toBe(true);
          expect(new Set(rows.map(({ group }) => JSON.stringify(group))).size).toBe(rows.length);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("of a period that cuts quarters of an hour is the sum over its charges", async () => {
    const anInstant = fc.date({ min: SPAN.start, max: SPAN.end, noInvalidDate: true });
    await fc.assert(
      fc.asyncProperty(anInstant, anInstant, fc.boolean(), async (one, other, isShort) => {
        const start = one < other ? one : other;
        const end = isShort ? new Date(start.getTime() + 7 * 60_000) : one < other ? other : one;
        const span = period(start, end);

        expect(await total({ period: span })).toEqual(await sumCharges(span));
      }),
      { numRuns: 60 },
    );
  });

  test("of neighbouring periods counts nothing twice and leaves nothing out", async () => {
    const middle = instant("2026-11-21T07:08:09.123Z");
    const parts = await Promise.all(
      [period(SPAN.start, middle), period(middle, SPAN.end)].map(
        async (part) =>
          await listSpend(db.pool, { scope: ORG_SCOPE, period: part, zone: UTC, groupBy: [] }),
      ),
    );

    expect(added(parts.flat())).toEqual(await total({ period: SPAN }));
  });

  test.each([
    ["org", "true"],
    ["team:search", "d.team_key = 'search'"],
    ["project:checkout", "d.project_key = 'checkout'"],
    ["user:bo@acme.test", "d.user_email = 'bo@acme.test'"],
    ["api_key:key_1", "d.api_key_id = 'key_1'"],
    ["workspace:ws_1", "d.workspace_id = 'ws_1'"],
    ["model:claude-haiku-4-5", "d.model_id = 'claude-haiku-4-5'"],
    ["tag:env=prod", "e.tags ->> 'env' = 'prod'"],
  ])(
    "of %s counts what belongs to it alone, in whole quarters of an hour and parts",
    async (scope, condition) => {
      const odd = period("2026-11-20T11:22:33.444Z", "2026-11-22T13:14:15.166Z");

      expect(await total({ period: SPAN, scope })).toEqual(await sumCharges(SPAN, condition));
      expect(await total({ period: odd, scope })).toEqual(await sumCharges(odd, condition));
      expect((await total({ period: odd, scope })).requests).toBeGreaterThan(20);
    },
  );

  test("by tag can be grouped like everything else", async () => {
    const scope = scopeFrom("tag:env=prod");
    const groupBy: GroupKey[] = ["team", "model", "day"];
    const rows = await listSpend(db.pool, { scope, period: SPAN, zone: UTC, groupBy });

    expect(rows.length).toBeGreaterThan(9);
    expect(added(rows)).toEqual(await total({ period: SPAN, scope: "tag:env=prod" }));
  });

  test.each(["tag:env=staging", "tag:nothing=prod", "team:nobody", 'tag:env=prod"}'])(
    "of %s, which nothing belongs to, is nothing",
    async (scope) => {
      expect(await total({ period: SPAN, scope })).toMatchObject({
        requests: 0,
        cost: "0.000000000000",
      });
    },
  );

  test("shows what has no team as a row of its own", async () => {
    const rows = await listSpend(db.pool, {
      scope: ORG_SCOPE,
      period: SPAN,
      zone: UTC,
      groupBy: ["team"],
    });
    const unallocated = rows.filter(({ group }) => group.team === null);

    expect(rows.map(({ group }) => group.team)).toEqual(["ads", "search", null]);
    expect(unallocated.map(asSummed)).toEqual([await sumCharges(SPAN, "d.team_key is null")]);
  });

  test("knows every time zone that a person may name", async () => {
    const { rows } = await db.pool.query<{ name: string }>(
      `select lower(z.name) as name from pg_timezone_names z`,
    );
    const known = new Set(rows.map(({ name }) => name));
    const named = Intl.supportedValuesOf("timeZone").filter(
      (name) => parseTimeZone(name) !== undefined,
    );

    expect(named.filter((name) => !known.has(name.toLowerCase()))).toEqual([]);
    expect(named.length).toBeGreaterThan(400);
  });
});

describe("days and hours", () => {
  const AT = "2026-04-04T";
  const times = ["12:29", "12:30", "14:29", "14:31", "15:10", "15:31", "18:29", "18:31"];

  beforeAll(async () => {
    await recordEvents(
      db.pool,
      times.map((time) => aNativeEvent({ occurred_at: `${AT}${time}:00Z`, team: "clocks" })),
      { at: `${AT}20:00:00Z` },
    );
  });
  async function requestsBy(key: "day" | "hour", zone: string): Promise<Record<string, number>> {
    const rows = await listSpend(db.pool, {
      scope: ORG_SCOPE,
      period: period(`${AT}12:00:00Z`, `${AT}20:00:00Z`),
      zone: timeZone(zone),
      groupBy: [key],
    });
    return Object.fromEntries(rows.map(({ group, requests }) => [group[key] ?? "", requests]));
  }

  test("of a zone half an hour off begin at its own midnight and full hours", async () => {
    expect(await requestsBy("day", "Asia/Kolkata")).toEqual({ "2026-04-04": 7, "2026-04-05": 1 });
    expect(await requestsBy("hour", "Asia/Kolkata")).toEqual({
      "2026-04-04T11:30:00Z": 1,
      "2026-04-04T12:30:00Z": 1,
      "2026-04-04T13:30:00Z": 1,
      "2026-04-04T14:30:00Z": 2,
      "2026-04-04T15:30:00Z": 1,
      "2026-04-04T17:30:00Z": 1,
      "2026-04-04T18:30:00Z": 1,
    });
  });

  test("of a zone that goes back by half an hour keep that day whole", async () => {
    // Lord Howe: at 15:00Z clocks go from 02:00 (+11) back to 01:30 (+10:30).
    expect(await requestsBy("day", "Australia/Lord_Howe")).toEqual({
      "2026-04-04": 2,
      "2026-04-05": 6,
    });
  });

  test("the hour that clocks begin again by going back is told apart from its first time", async () => {
    expect(await requestsBy("hour", "Australia/Lord_Howe")).toEqual({
      "2026-04-04T12:00:00Z": 2,
      "2026-04-04T14:00:00Z": 2,
      "2026-04-04T14:30:00Z": 1,
      "2026-04-04T15:30:00Z": 1,
      "2026-04-04T17:30:00Z": 1,
      "2026-04-04T18:30:00Z": 1,
    });
  });
});

test.each([
  "UTC",
  "Europe/Berlin",
  "America/Los_Angeles",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "America/St_Johns",
])("the course by day in %s is the same as the quarters of each of its days", async (name) => {
  const zone = timeZone(name);
  const days = fc.record({
    scope: fc.constantFrom(...COURSE_SCOPES),
    first: fc.nat(2),
    // In the middle of days, with spend before and after.
    startsLater: fc.constantFrom(0, 0, 9.75),
    end: fc.constantFrom("2026-11-24T14:00:00Z", "2026-11-23T08:15:00Z"),
  });
  await fc.assert(
    fc.asyncProperty(days, async ({ scope, first, startsLater, end }) => {
      const midnight = startOfLocalDay([2026, 11, 20 + first], zone);
      const start = addMs(midnight, startsLater * HOUR_MS);
      const query = { scope: scopeFrom(scope), zone, period: period(start, end) };

      const course = await listCourse(db.pool, query, "day");
      const byDay = await listSpend(db.pool, { ...query, groupBy: ["day"] });

      expect(course.map(({ at, cost }) => [localDate(at, zone), cost])).toEqual(
        byDay.filter(({ cost }) => cost !== 0n).map(({ group, cost }) => [group.day, cost]),
      );
      expect(await loadCost(db.pool, query)).toBe(sumUsd(byDay.map(({ cost }) => cost)));
    }),
    { numRuns: 12 },
  );
});
