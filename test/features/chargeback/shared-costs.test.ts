import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usd } from "../../../src/domain/money.ts";
import { monthFrom } from "../../../src/domain/month.ts";
import { sharedLines } from "../../../src/features/chargeback/rules/shared-costs.ts";
import {
  type Line,
  NO_COSTS,
  type SharedCostRule,
  sumCosts,
} from "../../../src/features/chargeback/rules.ts";
import { aDimension, aLine } from "../../support/chargeback-builders.ts";

const month = monthFrom("2026-11");
const noUnits = { month, unitsOf: () => 0n };

function rule(split: SharedCostRule["split"], over: Partial<SharedCostRule> = {}): SharedCostRule {
  return { name: "ci", match: { project: "ci" }, split, ...over };
}

const pool = (pico: bigint, over: Partial<Line> = {}): Line =>
  aLine(pico, { dimension: aDimension({ teamKey: "platform", projectKey: "ci" }), ...over });
const of = (teamKey: string, pico: bigint): Line =>
  aLine(pico, { dimension: aDimension({ teamKey }) });

/** "team/project amount", in effective cost. */
function moved(lines: readonly Line[]): readonly string[] {
  return lines.map(
    ({ teamKey, projectKey, costs }) =>
      `${teamKey ?? "-"}/${projectKey ?? "-"} ${String(costs.effective)}`,
  );
}

describe("shared cost", () => {
  test("is taken from the pool's owner and given to the teams, the remainder to the first", () => {
    const even = rule({ kind: "even", teams: ["search", "ads", "labs"] });

    expect(moved(sharedLines([pool(100n)], [even], noUnits))).toEqual([
      "platform/ci -100",
      "ads/- 34",
      "labs/- 33",
      "search/- 33",
    ]);
  });

  test("goes by percent, by direct cost, by units; and evenly where there is nothing to go by", () => {
    const percent = rule({
      kind: "percent",
      shares: [
        { team: "search", tenThousandths: 333_333 },
        { team: "ads", tenThousandths: 666_667 },
      ],
    });
    const proportional = rule({ kind: "proportional", teams: ["search", "ads"] });
    const metric = rule({ kind: "metric", metric: "tickets", teams: ["search", "ads"] });
    const direct = [of("search", 30n), of("ads", 10n)];
    const unitsOf = (name: string, team: string): bigint =>
      name === "tickets" && team === "ads" ? 3n : 1n;
    const shares = (one: SharedCostRule, lines: readonly Line[], units = unitsOf) =>
      moved(sharedLines([pool(1_000n), ...lines], [one], { month, unitsOf: units })).slice(1);

    expect(shares(percent, [])).toEqual(["ads/- 667", "search/- 333"]);
    expect(shares(proportional, direct)).toEqual(["ads/- 250", "search/- 750"]);
    expect(shares(metric, direct)).toEqual(["ads/- 750", "search/- 250"]);
    expect(shares(proportional, [])).toEqual(["ads/- 500", "search/- 500"]);
    expect(shares(metric, direct, () => 0n)).toEqual(["ads/- 500", "search/- 500"]);
  });

  test("of a team's own direct cost the pool is no part", () => {
    const proportional = rule({ kind: "proportional", teams: ["platform", "ads"] });
    const lines = [pool(1_000n), of("platform", 10n), of("ads", 30n)];

    expect(moved(sharedLines(lines, [proportional], noUnits))).toEqual([
      "platform/ci -1000",
      "ads/- 750",
      "platform/- 250",
    ]);
  });

  test("the first rule that matches takes a line, and all conditions have to hold", () => {
    const first = rule(
      { kind: "even", teams: ["ads"] },
      { name: "first", match: { project: "ci", apiKeyId: "key-1" } },
    );
    const second = rule({ kind: "even", teams: ["search"] }, { name: "second" });
    const withKey = pool(7n, {
      dimension: aDimension({ teamKey: "platform", projectKey: "ci", apiKeyId: "key-1" }),
    });

    const lines = sharedLines([withKey, pool(5n)], [first, second], noUnits);
    expect(
      lines.map(({ reference, teamKey, costs }) => [reference, teamKey, costs.billed]),
    ).toEqual([
      ["first", "platform", -7n],
      ["first", "ads", 7n],
      ["second", "platform", -5n],
      ["second", "search", 5n],
    ]);
  });

  test.each([
    [{ team: "search" }, { teamKey: "ads" }],
    [{ workspaceId: "w" }, { workspaceId: undefined }],
    [{ model: "claude-opus-6" }, { modelId: "claude-opus-6-1" }],
    [{ project: "ci" }, { projectKey: "checkout" }],
    [{ apiKeyId: "a" }, { apiKeyId: "b" }],
  ])("%j does not match %j", (match, dimension) => {
    const even = rule({ kind: "even", teams: ["ads"] }, { match });
    const line = aLine(5n, { dimension: aDimension(dimension) });

    expect(sharedLines([line], [even], noUnits)).toEqual([]);
  });

  test("leaves credits alone, and shares adjustments of earlier months too", () => {
    const even = rule({ kind: "even", teams: ["search", "ads"] });
    const late = pool(-3n, { originMonth: monthFrom("2026-09") });
    const credit: Line = { ...aLine(9n), kind: "credit", dimension: undefined };

    expect(moved(sharedLines([late, credit], [even], noUnits))).toEqual([
      "platform/ci 3",
      "ads/- -2",
      "search/- -1",
    ]);
    expect(sharedLines([late], [even], noUnits).every((one) => one.originMonth === month)).toBe(
      true,
    );
  });

  test("loses nothing, whatever is split however, and does not depend on the order of lines", () => {
    const amount = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });
    const line = fc
      .record({
        teamKey: fc.constantFrom("search", "ads", "platform", undefined),
        projectKey: fc.constantFrom("ci", "checkout", undefined),
        list: amount,
        billed: amount,
        effective: amount,
      })
      .map(({ teamKey, projectKey, list, billed, effective }) =>
        aLine(0n, {
          dimension: aDimension({ teamKey, projectKey }),
          costs: {
            list: usd(list),
            contracted: usd(billed),
            billed: usd(billed),
            effective: usd(effective),
          },
        }),
      );
    const teams = fc.uniqueArray(fc.constantFrom("search", "ads", "labs", "ops"), { minLength: 1 });
    const split = fc.oneof(
      fc.record({ kind: fc.constantFrom("even" as const, "proportional" as const), teams }),
      fc.record({ kind: fc.constant("metric" as const), metric: fc.constant("tickets"), teams }),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), split, fc.nat(99), (lines, how, units) => {
        const asked = { month, unitsOf: (_: string, team: string) => BigInt(units * team.length) };
        const shared = sharedLines(lines, [rule(how)], asked);
        const sorted = (all: readonly Line[]): readonly string[] => [...moved(all)].toSorted();

        expect(sumCosts(shared.map(({ costs }) => costs))).toEqual(NO_COSTS);
        expect(sorted(sharedLines(lines.toReversed(), [rule(how)], asked))).toEqual(sorted(shared));
      }),
    );
  });
});
