import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { instant } from "../../../src/domain/time.ts";
import { loadTop } from "../../../src/features/showback/flow/top.ts";
import { topMessage } from "../../../src/features/showback/messages/top.ts";
import { parseTop } from "../../../src/features/showback/rules/top.ts";
import type { Dimension } from "../../../src/features/showback/rules.ts";
import { anyUsd, hostileText } from "../../support/arbitraries.ts";
import { acme, spend } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { messageProblems, shownLines } from "../../support/shown.ts";

const db = useDatabase();
const NOW = "2026-11-23T10:07:00Z";
const deps = () => ({ database: db.pool, clock: fixedClock(NOW) });
const [DANA, ANA, BO] = ["dana@acme.test", "ana@acme.test", "bo@acme.test"].map(emailFrom);

/** Acme: dana is admin; ana owns Search, bo is its member. */
beforeAll(async () => {
  await acme(db.pool);
  const of = { teamKey: "search", projectKey: "checkout", userEmail: BO };
  await spend(db.pool, { amount: usd(30), at: NOW, of });
  await spend(db.pool, { amount: usd(20), at: "2026-10-10T10:00:00Z", of });
  await spend(db.pool, {
    amount: usd(10),
    at: NOW,
    of: { ...of, projectKey: "ranking", userEmail: ANA },
  });
  await spend(db.pool, { amount: usd(60), at: NOW, of: { teamKey: undefined } });
});

async function linesFor(asker: typeof BO, text: string) {
  if (asker === undefined) throw new Error("nobody asks");
  const result = await loadTop(deps(), { asker, text });
  if (result.kind === "top") return shownLines(topMessage(result.top).blocks);
  return [result.kind];
}

describe("top", () => {
  test.each([
    ["", undefined, ""],
    ["users", "user", ""],
    ["People search 7d", "user", "search 7d"],
    ["keys", "api_key", ""],
    ["search", undefined, "search"],
    ["models last month", "model", "last month"],
  ])("%j asks for %s of %j", (text, dimension, rest) => {
    expect(parseTop(text)).toEqual({ dimension, rest });
  });

  test("shows the costliest with share and change, of one's own team when none is named", async () => {
    const lines = (await linesFor(BO, "projects")).join("\n");
    expect(lines).toContain("Top projects · Search");
    expect(lines).toMatch(/1\. \*\$30\.00\* {2}checkout · 75% · ▲ 50%/);
    expect(lines).toMatch(/2\. \*\$10\.00\* {2}ranking · 25% · new/);
  });

  test("an admin's top is the organization's, by person, with what nobody owns", async () => {
    const lines = (await linesFor(DANA, "")).join("\n");
    expect(lines).toContain("Top people · Acme");
    expect(lines).toContain("no person");
    expect(await linesFor(DANA, "teams")).toContainEqual(expect.stringContaining("Unallocated"));
  });

  test("what each person spent is shown to owners and admins only", async () => {
    expect((await linesFor(ANA, "users search")).join("\n")).toContain("bo@acme.test");
    expect(await linesFor(BO, "users search")).toEqual(["people-are-private"]);
    expect(await linesFor(BO, "keys search")).toEqual(["people-are-private"]);
    expect((await linesFor(BO, "search")).join("\n")).toContain("Top projects");
  });

  test("another team is refused as in a report", async () => {
    expect(await linesFor(BO, "models org")).toEqual(["not-allowed"]);
  });

  test("tells teams of one name apart", async () => {
    for (const [team, cost, before] of [
      ["twin-1", 7, 10],
      ["twin-2", 5, 2],
    ] as const) {
      await db.pool.query(`insert into teams (team_key, name) values ($1, 'Twins')`, [team]);
      await spend(db.pool, {
        amount: usd(cost),
        at: "2026-08-10T10:00:00Z",
        of: { teamKey: team },
      });
      await spend(db.pool, {
        amount: usd(before),
        at: "2026-07-10T10:00:00Z",
        of: { teamKey: team },
      });
    }

    const lines = (await linesFor(DANA, "teams 2026-08")).join("\n");
    expect(lines).toContain("$12.00 in all");
    expect(lines).toMatch(/\$7\.00\* {2}Twins · 58% · ▼ 30%/);
    expect(lines).toMatch(/\$5\.00\* {2}Twins · 42% · ▲ 150%/);
  });

  test("says so where nothing was spent", async () => {
    expect((await linesFor(DANA, "models search 2026-01")).join("\n")).toContain("no spend");
  });
});

test("the answer is within Slack's limits for any names and amounts", () => {
  const dimensions: readonly Dimension[] = ["user", "project", "model", "api_key", "team"];
  const period = {
    current: { start: instant("2026-11-01T00:00:00Z"), end: instant(NOW) },
    previous: { start: instant("2026-10-01T00:00:00Z"), end: instant("2026-10-23T00:00:00Z") },
    label: "Month to date",
    previousLabel: "same days last month",
    typed: "mtd",
  };
  const credits = topMessage({
    name: "Ads",
    dimension: "model",
    period,
    rows: [
      { key: "a", cost: usd(3), previousCost: undefined },
      { key: "b", cost: usd(-8), previousCost: usd(1) },
    ],
    total: usd(-5),
  });
  expect(shownLines(credits.blocks).join()).toContain("1. *$3.00*  a · new");
  expect(shownLines(credits.blocks).join()).toContain("-$5.00 in all");
  expect(shownLines(credits.blocks).join()).not.toMatch(/no spend|Share/);

  const row = fc.record({
    key: fc.option(hostileText),
    cost: anyUsd,
    previousCost: fc.option(anyUsd, { nil: undefined }),
  });
  fc.assert(
    fc.property(
      hostileText,
      fc.constantFrom(...dimensions),
      fc.array(row, { maxLength: 60 }),
      anyUsd,
      (name, dimension, rows, total) => {
        const shown = topMessage({ name, dimension, period, rows, total });
        expect(messageProblems(shown)).toEqual([]);
      },
    ),
  );
});
