import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { sumUsd } from "../../../src/domain/money.ts";
import { scopeFrom } from "../../../src/domain/scope.ts";
import { HOUR_MS, instant, MINUTE_MS, type Period, timeZone } from "../../../src/domain/time.ts";
import { sumTotals } from "../../../src/features/showback/rules.ts";
import {
  listBreakdowns,
  listCosts,
  listCostsOf,
} from "../../../src/features/showback/store/breakdowns.ts";
import { listCourse } from "../../../src/features/showback/store/course.ts";
import { listSpend, loadCost } from "../../../src/features/showback/store.ts";
import { useDatabase } from "../../support/database.ts";
import { recordEvents } from "../../support/showback-builders.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const db = useDatabase();
const SPAN = period("2026-09-25T00:00:00Z", "2026-11-23T12:00:00Z");
/** Wide ones and narrow ones, which are read from different sums. */
const SCOPES = [
  "org",
  "team:search",
  "project:checkout",
  "user:bo@acme.test",
  "api_key:key_1",
  "workspace:ws_1",
  "model:claude-opus-5-5",
  "tag:env=prod",
];

const QUARTER_MS = 15 * MINUTE_MS;

function period(start: string | Date, end: string | Date): Period {
  return { start: instant(start), end: instant(end) };
}

/** Of two months, with every kind of owner and none: now and then, and in the last days often. */
function events(): Record<string, unknown>[] {
  const pick = <T>(from: readonly T[], index: number): T | undefined => from[index % from.length];
  return Array.from({ length: 240 }, (_, index) => {
    const team = pick(["search", "ads", undefined], index);
    return aNativeEvent({
      occurred_at: new Date(
        index % 4 === 0
          ? SPAN.start.getTime() + index * 5.9 * HOUR_MS
          : SPAN.end.getTime() - index * 20.7 * MINUTE_MS,
      ).toISOString(),
      model: pick(["claude-opus-5-5", "claude-haiku-4-5"], Math.floor(index / 2)),
      team,
      project: team === "search" ? pick(["checkout", undefined], Math.floor(index / 3)) : undefined,
      user_email: pick(
        ["bo@acme.test", "ana@acme.test", undefined, undefined],
        Math.floor(index / 5),
      ),
      api_key_id: pick(["key_1", "key_2", undefined], Math.floor(index / 7)),
      workspace_id: pick(["ws_1", undefined], Math.floor(index / 11)),
      tags: pick([{ env: "prod" }, undefined], Math.floor(index / 13)),
    });
  });
}

beforeAll(async () => {
  await db.pool.query(
    `insert into teams (team_key, name) values ('search', 'Search'), ('ads', 'Ads');
     insert into projects (project_key, team_key) values ('checkout', 'search')`,
  );
  await recordEvents(db.pool, events());
});

describe("costs and breakdowns", () => {
  const KEYS = ["team", "project", "user", "model", "api_key", "workspace", "source"] as const;
  interface Asked {
    readonly scope: string;
    readonly start: Date;
    readonly hours: number;
    readonly isOdd: boolean;
  }
  const asked: fc.Arbitrary<Asked> = fc.record({
    scope: fc.constantFrom(...SCOPES),
    start: fc.date({ min: SPAN.start, max: SPAN.end, noInvalidDate: true }),
    hours: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 100, max: 1_500 })),
    isOdd: fc.boolean(),
  });
  /** Of whole quarters of an hour, and others. */
  function queryOf({ scope, start, hours, isOdd }: Asked) {
    const from = isOdd ? start.getTime() : Math.floor(start.getTime() / QUARTER_MS) * QUARTER_MS;
    const span = period(new Date(from), new Date(from + hours * 4 * QUARTER_MS));
    return { scope: scopeFrom(scope), period: span, zone: timeZone("Europe/Berlin") };
  }
  const byKey = (rows: readonly { readonly key: string | null; readonly cost: bigint }[]) =>
    new Map(rows.filter(({ cost }) => cost !== 0n).map(({ key, cost }) => [key, cost]));

  test("of a scope by any keys are what listing says of each, and the total is one", async () => {
    await fc.assert(
      fc.asyncProperty(
        asked,
        fc.uniqueArray(fc.constantFrom(...KEYS), { maxLength: 3 }),
        async (of, keys) => {
          const query = queryOf(of);

          const { total: whole, costsBy } = await listBreakdowns(db.pool, query, keys);

          const fine = await listSpend(db.pool, { ...query, groupBy: ["user", "api_key"] });
          expect(whole).toEqual(sumTotals(fine));
          for (const key of keys) {
            // oxlint-disable-next-line no-await-in-loop -- each key is asked by itself
            const rows = await listSpend(db.pool, { ...query, groupBy: [key] });
            const listed = rows.map(({ group, cost }) => ({ key: group[key] ?? null, cost }));
            expect(byKey(costsBy.get(key)?.rows ?? [])).toEqual(byKey(listed));
            // Nobody is named whose spend was read only to be taken away again.
            const keysOf = (some: readonly { readonly key: string | null }[]) =>
              new Set(some.map((one) => one.key));
            expect(keysOf(costsBy.get(key)?.rows ?? [])).toEqual(keysOf(listed));
            // oxlint-disable-next-line no-await-in-loop -- as above
            expect(byKey((await listCosts(db.pool, query, key)).rows)).toEqual(byKey(listed));
          }
          expect(await loadCost(db.pool, query)).toBe(whole.cost);
        },
      ),
      { numRuns: 15 },
    );
  });

  test("name nobody who used nothing in the period, however close to it they did", async () => {
    await recordEvents(db.pool, [
      aNativeEvent({ user_email: "early@acme.test", occurred_at: "2026-09-20T22:30:00Z" }),
      aNativeEvent({ user_email: "late@acme.test", occurred_at: "2026-09-20T23:30:00Z" }),
    ]);
    for (const [start, end, who] of [
      ["2026-09-20T01:00:00Z", "2026-09-20T23:00:00Z", "early@acme.test"],
      ["2026-09-20T23:00:00Z", "2026-09-21T23:00:00Z", "late@acme.test"],
    ] as const) {
      const query = {
        scope: scopeFrom("org"),
        period: period(start, end),
        zone: timeZone("Europe/Berlin"),
      };
      // oxlint-disable-next-line no-await-in-loop -- each period is asked by itself
      const { costsBy } = await listBreakdowns(db.pool, query, ["user", "model"]);
      expect(costsBy.get("user")?.rows.map(({ key }) => key)).toEqual([who]);
      expect(costsBy.get("model")?.rows).toHaveLength(1);
    }
  });

  test("of very many people name the costliest, and say what the others are and cost", async () => {
    const at = "2026-09-10T10:00:00Z";
    await recordEvents(
      db.pool,
      Array.from({ length: 130 }, (_, index) =>
        aNativeEvent({
          team: "search",
          user_email: `p${String(index)}@acme.test`,
          occurred_at: at,
          usage: { input_tokens: 1_000 * (index + 1), output_tokens: 0 },
        }),
      ),
    );
    const query = {
      scope: scopeFrom("org"),
      period: period("2026-09-10T00:00:00Z", "2026-09-11T00:00:00Z"),
      zone: timeZone("Europe/Berlin"),
    };

    const { total, costsBy } = await listBreakdowns(db.pool, query, ["user"]);
    const costs = await listCosts(db.pool, query, "user");

    const listed = (await listSpend(db.pool, { ...query, groupBy: ["user"] })).toSorted(
      (left, right) => Number(right.cost - left.cost),
    );
    expect(total.requests).toBe(130);
    for (const { rows, rest } of [costs, costsBy.get("user") ?? costs]) {
      expect(byKey(rows)).toEqual(
        new Map(listed.slice(0, 100).map(({ group, cost }) => [group.user ?? null, cost])),
      );
      expect(rest).toEqual({ count: 30, cost: sumUsd(listed.slice(100).map(({ cost }) => cost)) });
    }
    const [least] = listed.toReversed();
    const only = [least?.group.user ?? null];
    for (const one of [query, { ...query, scope: scopeFrom("team:search") }]) {
      // oxlint-disable-next-line no-await-in-loop -- each scope is asked by itself
      expect(await listCostsOf(db.pool, one, { key: "user", only })).toEqual([
        { key: only[0], cost: least?.cost },
      ]);
    }
  });

  test("of everybody's people and keys are what listing says, over any months", async () => {
    const quarters = fc.integer({
      min: 0,
      max: (SPAN.end.getTime() - SPAN.start.getTime()) / QUARTER_MS,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("org", "workspace:ws_1", "model:claude-opus-5-5"),
        fc.constantFrom("user" as const, "api_key" as const),
        fc.tuple(quarters, quarters).filter(([one, other]) => one !== other),
        async (scope, key, bounds) => {
          const [start = 0, end = 0] = bounds.toSorted((left, right) => left - right);
          const at = (quarter: number) => new Date(SPAN.start.getTime() + quarter * QUARTER_MS);
          const query = {
            scope: scopeFrom(scope),
            period: period(at(start), at(end)),
            zone: timeZone("Europe/Berlin"),
          };
          const rows = await listSpend(db.pool, { ...query, groupBy: [key] });
          const listed = rows.map(({ group, cost }) => ({ key: group[key] ?? null, cost }));
          expect(byKey((await listCosts(db.pool, query, key)).rows)).toEqual(byKey(listed));
        },
      ),
      { numRuns: 60 },
    );
  });

  test("of some people or keys are the same as among all", async () => {
    const who = fc.constantFrom("user" as const, "api_key" as const);
    await fc.assert(
      fc.asyncProperty(asked, who, fc.nat(3), async (of, key, count) => {
        const query = queryOf(of);
        const { rows: all } = await listCosts(db.pool, query, key);
        const only = all.slice(0, count).map((row) => row.key);

        const some = byKey(await listCostsOf(db.pool, query, { key, only }));

        for (const value of only) expect(some.get(value)).toBe(byKey(all).get(value));
      }),
      { numRuns: 15 },
    );
  });

  test("by hour of many people is what listing says", async () => {
    for (const scope of ["org", "model:claude-opus-5-5", "workspace:ws_1", "team:search"]) {
      const query = {
        scope: scopeFrom(scope),
        zone: timeZone("Australia/Lord_Howe"),
        period: period("2026-11-21T00:15:00Z", "2026-11-22T20:00:00Z"),
      };
      // oxlint-disable-next-line no-await-in-loop -- each scope is asked by itself
      const [course, rows] = await Promise.all([
        listCourse(db.pool, query, "hour"),
        listSpend(db.pool, { ...query, groupBy: ["hour"] }),
      ]);
      expect(course.length).toBeGreaterThan(5);
      expect(course).toEqual(
        rows.map(({ group, cost }) => ({ at: instant(group.hour ?? ""), cost })),
      );
    }
  });
});
