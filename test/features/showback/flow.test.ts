import { beforeAll, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { instant, timeZone } from "../../../src/domain/time.ts";
import { replaceGovernedBudgets } from "../../../src/features/budgets/index.ts";
import { loadOwnSpend } from "../../../src/features/showback/flow/own-spend.ts";
import { loadReport } from "../../../src/features/showback/flow/report.ts";
import { listCourse } from "../../../src/features/showback/store/course.ts";
import { listUnitCosts } from "../../../src/features/unit-costs/index.ts";
import { acme, aGovernedBudget, spend } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { sumDays } from "../../support/spend-days.ts";

const db = useDatabase();
const NOW = "2026-11-23T10:07:00Z";
const deps = () => ({ database: db.pool, clock: fixedClock(NOW), unitCosts: listUnitCosts });

/** Acme: dana is admin; ana owns Search, bo is its member; eve owns Ads; zoe is in no team. */
const PEOPLE = {
  dana: emailFrom("dana@acme.test"),
  ana: emailFrom("ana@acme.test"),
  bo: emailFrom("bo@acme.test"),
  eve: emailFrom("eve@acme.test"),
  zoe: emailFrom("zoe@acme.test"),
};
type Name = keyof typeof PEOPLE;

beforeAll(async () => {
  await acme(db.pool);
  await replaceGovernedBudgets(
    db.pool,
    [aGovernedBudget(), aGovernedBudget({ key: "per-person", scope: "each:user", limit: usd(40) })],
    instant("2026-10-01T00:00:00Z"),
  );
  const search = { teamKey: "search", projectKey: "checkout" };
  await spend(db.pool, { amount: usd(30), at: NOW, of: { ...search, userEmail: PEOPLE.bo } });
  await spend(db.pool, { amount: usd(5), at: NOW, of: { ...search, userEmail: PEOPLE.ana } });
  await spend(db.pool, {
    amount: usd(11),
    at: "2026-10-23T10:00:00Z",
    of: { ...search, userEmail: PEOPLE.bo },
  });
  await spend(db.pool, {
    amount: usd(100),
    at: NOW,
    of: {
      teamKey: "ads",
      projectKey: undefined,
      userEmail: PEOPLE.eve,
      modelId: "claude-secret-9",
    },
  });
  await spend(db.pool, { amount: usd(7), at: NOW, of: { teamKey: undefined } });
});

async function ask(name: Name, text: string) {
  return await loadReport(deps(), { asker: PEOPLE[name], text });
}

/** A refusal with its offers as one would type them. */
function typedOf(result: Awaited<ReturnType<typeof ask>>) {
  if (result.kind !== "unknown-scope" && result.kind !== "not-allowed") return result;
  const nearest = result.kind === "unknown-scope" ? result.nearest : [];
  return {
    ...result,
    nearest: nearest.map(({ typed }) => typed),
    viewable: result.viewable.map(({ typed }) => typed),
  };
}

async function report(name: Name, text: string) {
  const result = await ask(name, text);
  if (result.kind !== "report") throw new Error(`${name} got ${result.kind} for ${text}`);
  return result.report;
}

describe("who may see what", () => {
  test.each<[text: string, allowed: readonly Name[]]>([
    ["org", ["dana"]],
    ["Acme", ["dana"]],
    ["team:search", ["dana", "ana", "bo"]],
    ["team-search", ["dana", "ana", "bo"]],
    ["Search 7d", ["dana", "ana", "bo"]],
    ["7d", ["dana", "ana", "bo", "eve", "zoe"]],
    ["team:ads", ["dana", "eve"]],
    ["project:checkout last month", ["dana", "ana", "bo"]],
    ["user:bo@acme.test", ["dana", "ana", "bo"]],
    ["ana@acme.test", ["dana", "ana"]],
    ["eve@acme.test", ["dana", "eve"]],
    ["dana@acme.test", ["dana"]],
    ["zoe@acme.test", ["dana", "zoe"]],
    ["nobody@acme.test", ["dana"]],
    ["me", ["dana", "ana", "bo", "eve", "zoe"]],
    ["model:claude-opus-5-5", ["dana"]],
    ["api_key:key_1", ["dana"]],
    ["workspace:ws_1", ["dana"]],
    ["tag:env=prod", ["dana"]],
  ])("%s", async (text, allowed) => {
    const names = Object.keys(PEOPLE) as Name[];
    const results = await Promise.all(names.map(async (name) => await ask(name, text)));
    const seeing = names.filter((_name, index) => results[index]?.kind === "report");

    expect(seeing.toSorted()).toEqual(allowed.toSorted());
    expect(JSON.stringify(results.filter(({ kind }) => kind !== "report"))).not.toMatch(/cost|USD/);
  });

  test.each<[Name, string, string, readonly string[]]>([
    ["dana", "nothing-like-it", "unknown-scope", ["org", "ads", "search", "me"]],
    ["bo", "org", "not-allowed", ["search", "me"]],
    ["zoe", "org", "not-allowed", ["me"]],
  ])("%s, asking for %s, is offered what they may see", async (name, text, kind, viewable) => {
    expect(typedOf(await ask(name, text))).toMatchObject({ kind, viewable });
  });

  test.each<[Name, string, readonly string[]]>([
    ["bo", "team:serch", ["search"]],
    ["eve", "team:serch", []],
    ["zoe", "team:adz", []],
    ["zoe", "project:checkut", []],
    ["bo", "claude-secret-8", []],
    ["dana", "claude-secret-8", ["model:claude-secret-9"]],
    ["bo", "user:evee", []],
    ["zoe", "acmee", []],
  ])("%s, asking for %s, is not told of what they may not see", async (name, text, nearest) => {
    expect(typedOf(await ask(name, text))).toMatchObject({ kind: "unknown-scope", text, nearest });
  });

  test.each<[Name, string, readonly string[]]>([
    ["dana", "org", ["team", "model"]],
    ["dana", "org by person", ["user"]],
    ["dana", "team:search", ["project", "model", "user"]],
    ["ana", "team:search", ["project", "model", "user"]],
    ["bo", "team:search", ["project", "model"]],
    ["bo", "by project team:search 7d", ["project"]],
    ["ana", "project:checkout", ["model", "user"]],
    ["bo", "project:checkout", ["model"]],
    ["dana", "model:claude-opus-5-5", ["team", "user"]],
    ["bo", "me", ["project", "model"]],
    ["ana", "bo@acme.test", ["project", "model"]],
  ])("%s sees %s by %j", async (name, text, keys) => {
    expect((await report(name, text)).breakdowns.map(({ key }) => key)).toEqual(keys);
  });
});

function byKey(left: { readonly key: string | null }, right: typeof left): number {
  return (left.key ?? "") < (right.key ?? "") ? -1 : 1;
}

describe("a report", () => {
  test("has the total, what it is compared with, budgets, and breakdowns that add up", async () => {
    const { name, spend: now, previous, budgets, breakdowns, asOf } = await report("ana", "search");

    expect({ name, cost: now.cost, previous: previous.cost, asOf }).toEqual({
      name: "Search",
      cost: usd(35),
      previous: usd(11),
      asOf: instant(NOW),
    });
    expect(budgets).toMatchObject([{ limit: usd(500), spend: usd(35), percent: 7 }]);
    expect(breakdowns.map(({ key, rows }) => [key, rows.toSorted(byKey)])).toEqual([
      ["project", [{ key: "checkout", cost: usd(35) }]],
      ["model", [{ key: "claude-opus-5-5", cost: usd(35) }]],
      [
        "user",
        [
          { key: "ana@acme.test", cost: usd(5) },
          { key: "bo@acme.test", cost: usd(30) },
        ],
      ],
    ]);
  });

  test.each<[Name, string]>([
    ["dana", "org"],
    ["ana", "search"],
  ])(
    "of %s's %s draws every day of the month, all of it together the total",
    async (name, text) => {
      const { course, spend: now } = await report(name, text);

      expect(course.points).toHaveLength(23);
      expect(course.points.map(({ cost }) => cost).filter((cost) => cost !== 0n)).toEqual([
        now.cost,
      ]);
      expect(course.points.at(-1)?.cost).toBe(now.cost);
    },
  );

  test("of the whole draws the days of a zone far from UTC", async () => {
    const at = "2026-11-10T23:30:00Z";
    await spend(db.pool, { amount: usd(9), at, of: { teamKey: "search" } });
    const days = async (zone: string) =>
      (
        await listCourse(
          db.pool,
          {
            scope: { kind: "org", key: "" },
            zone: timeZone(zone),
            period: {
              start: instant("2026-11-09T12:00:00Z"),
              end: instant("2026-11-13T12:00:00Z"),
            },
          },
          "day",
        )
      ).map(({ at: day, cost }) => [day.toISOString(), cost]);

    expect(await days("UTC")).toEqual([["2026-11-10T00:00:00.000Z", usd(9)]]);
    expect(await days("Asia/Tokyo")).toEqual([["2026-11-10T15:00:00.000Z", usd(9)]]);
    expect(await days("America/Los_Angeles")).toEqual([["2026-11-10T08:00:00.000Z", usd(9)]]);
    await spend(db.pool, { amount: usd(-9), at, of: { teamKey: "search" } });
  });

  test("of the organization has teams by name and what is unallocated", async () => {
    const { breakdowns } = await report("dana", "org today");

    expect(breakdowns[0]?.rows.toSorted(byKey)).toEqual([
      { key: null, cost: usd(7) },
      { key: "Ads", cost: usd(100) },
      { key: "Search", cost: usd(35) },
    ]);
  });

  test.each([
    ["search", "Month to date"],
    ["search today", "Today"],
    ["search last month", "Last month"],
    ["search last-month", "Last month"],
    ["Search  30D", "Last 30 days"],
    ["search this month", "Month to date"],
    ["search 2026-10", "October 2026"],
    ["last month search", "Last month"],
    ["search since friday", "Since Fri, Nov 20"],
    ["the Search team in october", "October 2026"],
    ["team search from nov 3 to nov 9", "Nov 3 to Nov 9"],
  ])("%s is of %s", async (text, label) => {
    expect((await report("bo", text)).period.label).toBe(label);
  });

  test("knows the costliest of more than 10,000 people", async () => {
    await db.pool.query(
      `with d as (
         insert into spend_dimensions (user_email, model_id, source, project_key)
         select 'p' || n || '@acme.test', 'claude-opus-5-5', 'many', 'crowd'
           from generate_series(1, 10100) n
         returning spend_dimension_id, user_email)
       insert into spend_rollups
              (spend_dimension_id, bucket_start, request_count, uncached_input_tokens,
               cache_creation_5m_input_tokens, cache_creation_1h_input_tokens,
               cache_read_input_tokens, output_tokens, web_search_requests, list_cost_usd,
               billed_cost_usd)
       select d.spend_dimension_id, '2026-09-05T10:00:00Z', 1, 0, 0, 0, 0, 0, 0, 1,
              case d.user_email when 'p9999@acme.test' then 50 else 1 end
         from d;
       insert into projects (project_key, team_key) values ('crowd', 'search')`,
    );
    await sumDays(db.pool);
    const { breakdowns } = await report("ana", "project:crowd 2026-09 by person");
    const people = breakdowns.find(({ key }) => key === "user");

    expect(people?.rows).toContainEqual({ key: "p9999@acme.test", cost: usd(50) });
    expect((people?.rows.length ?? 0) + (people?.rest?.count ?? 0)).toBe(10_100);
  });
});

describe("what one person sees first", () => {
  test("is their month, their budgets and their teams; for admins also the whole", async () => {
    const bo = await loadOwnSpend(deps(), PEOPLE.bo);

    expect(bo).toMatchObject({
      mine: { cost: usd(30) },
      myBudgets: [{ limit: usd(40), percent: 75 }],
      teams: [
        { key: "search", name: "Search", spend: { cost: usd(35) }, budgets: [{ percent: 7 }] },
      ],
    });
    expect(bo.organization).toBeUndefined();
    expect(await loadOwnSpend(deps(), PEOPLE.dana)).toMatchObject({
      mine: { cost: usd(0) },
      teams: [],
      organization: { name: "Acme", spend: { cost: usd(142) } },
    });
    expect(await loadOwnSpend(deps(), PEOPLE.zoe)).toMatchObject({
      mine: { cost: usd(0) },
      teams: [],
    });
  });
});
