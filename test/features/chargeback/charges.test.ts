/** What months come to: commitments that usage uses up, credits. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usd } from "../../../src/domain/money.ts";
import { monthFrom } from "../../../src/domain/month.ts";
import { scopeFrom } from "../../../src/domain/scope.ts";
import { type Charged, linesOf } from "../../../src/features/chargeback/rules/charges.ts";
import { type Line, type MonthUsage, sumCosts } from "../../../src/features/chargeback/rules.ts";
import { aCommitment, aCredit, aDimension } from "../../support/chargeback-builders.ts";

function usage(
  month: string,
  pico: bigint,
  over: Parameters<typeof aDimension>[0] = {},
): MonthUsage {
  return {
    month: monthFrom(month),
    dimension: aDimension(over),
    list: usd(pico * 2n),
    billed: usd(pico),
  };
}

function lines(over: Partial<Charged>): readonly Line[] {
  return linesOf({
    usage: [],
    commitments: [],
    credits: [],
    through: monthFrom("2026-12"),
    isOver: () => true,
    ...over,
  });
}

/** "month kind team billed/effective". */
function shown(all: readonly Line[]): readonly string[] {
  return all
    .filter(({ kind }) => kind !== "usage")
    .map(
      ({ originMonth, kind, teamKey, costs }) =>
        `${originMonth} ${kind} ${teamKey ?? "-"} ${String(costs.billed)}/${String(costs.effective)}`,
    );
}

describe("a commitment", () => {
  test("is billed at once, used up in the order of months, in proportion within one", () => {
    const all = lines({
      commitments: [aCommitment({ amount: usd(100n) })],
      usage: [
        usage("2026-09", 50n),
        usage("2026-10", 30n),
        usage("2026-10", 30n, { spendDimensionId: 2, teamKey: "ads" }),
        usage("2026-11", 60n),
        usage("2026-11", 20n, { spendDimensionId: 2, teamKey: "ads" }),
        usage("2026-12", 50n),
      ],
    });

    expect(shown(all)).toEqual([
      "2026-10 purchase - 100/0",
      "2026-10 commitment_used search 0/30",
      "2026-10 commitment_paid search -30/-30",
      "2026-10 commitment_used ads 0/30",
      "2026-10 commitment_paid ads -30/-30",
      "2026-11 commitment_used search 0/30",
      "2026-11 commitment_paid search -30/-30",
      "2026-11 commitment_used ads 0/10",
      "2026-11 commitment_paid ads -10/-10",
    ]);
  });

  test("what is left is unused, and charged to its scope, once its term is over", () => {
    const team = aCommitment({ amount: usd(100n), scope: scopeFrom("team:ads") });
    const known = {
      commitments: [team],
      usage: [usage("2026-10", 30n), usage("2026-10", 40n, { teamKey: "ads" })],
    };

    expect(shown(lines(known))).toEqual([
      "2026-10 purchase ads 100/0",
      "2026-10 commitment_used ads 0/40",
      "2026-10 commitment_paid ads -40/-40",
      "2026-11 commitment_unused ads 0/60",
    ]);
    expect(shown(lines({ ...known, isOver: (month) => month < "2026-11" }))).toHaveLength(3);
    expect(shown(lines({ ...known, through: monthFrom("2026-10") }))).toHaveLength(3);
    expect(shown(lines({ ...known, through: monthFrom("2026-09") }))).toEqual([]);
  });

  test("of a workspace pays for that workspace alone", () => {
    const all = lines({
      commitments: [aCommitment({ amount: usd(10n), scope: scopeFrom("workspace:w1") })],
      usage: [
        usage("2026-10", 30n, { workspaceId: "w2" }),
        usage("2026-10", 4n, { spendDimensionId: 2, workspaceId: "w1" }),
      ],
    });

    expect(shown(all)).toEqual([
      "2026-10 purchase - 10/0",
      "2026-10 commitment_used search 0/4",
      "2026-10 commitment_paid search -4/-4",
      "2026-11 commitment_unused - 0/6",
    ]);
  });

  test("comes to exactly what was paid, never covers more than was used, in any order of usage", () => {
    const entry = fc.record({
      month: fc.constantFrom("2026-10", "2026-11"),
      dimension: fc.integer({ min: 1, max: 4 }),
      pico: fc.bigInt({ min: 0n, max: 10n ** 14n }),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(entry, {
          selector: (one) => `${one.month} ${String(one.dimension)}`,
          maxLength: 8,
        }),
        fc.bigInt({ min: 1n, max: 2n * 10n ** 14n }),
        (entries, amount) => {
          const used = entries.map(({ month, dimension, pico }) =>
            usage(month, pico, { spendDimensionId: dimension }),
          );
          const commitments = [aCommitment({ amount: usd(amount) })];
          const all = lines({ usage: used, commitments });
          const sum = (kinds: readonly Line["kind"][]) =>
            sumCosts(all.filter(({ kind }) => kinds.includes(kind)).map(({ costs }) => costs));

          expect(sum(["commitment_used", "commitment_unused"]).effective).toBe(amount);
          expect(sum(["purchase"]).billed).toBe(amount);
          for (const one of used) {
            const paid = all.filter(
              ({ kind, originMonth, dimension }) =>
                kind === "commitment_paid" &&
                originMonth === one.month &&
                dimension?.spendDimensionId === one.dimension.spendDimensionId,
            );
            expect(one.billed + sumCosts(paid.map(({ costs }) => costs)).billed >= 0n).toBe(true);
          }
          const reversed = lines({ usage: used.toReversed(), commitments });
          expect(shown(reversed)).toEqual(shown(all));
        },
      ),
    );
  });
});

test("a credit is taken off its month, by every way of counting, for its team or for nobody", () => {
  const credits = [
    aCredit({ amount: usd(5n) }),
    aCredit({ key: "late", amount: usd(7n), month: monthFrom("2027-01") }),
    aCredit({ key: "team", amount: usd(2n), scope: scopeFrom("team:ads") }),
  ];

  expect(shown(lines({ credits }))).toEqual(["2026-10 credit - -5/-5", "2026-10 credit ads -2/-2"]);
  expect(lines({ credits })[0]?.costs).toEqual({
    list: -5n,
    contracted: -5n,
    billed: -5n,
    effective: -5n,
  });
});

test("usage is contracted, billed and effective at what was billed for it, whatever its list cost", () => {
  expect(lines({ usage: [usage("2026-10", 3n)] })).toMatchObject([
    { kind: "usage", costs: { list: 6n, contracted: 3n, billed: 3n, effective: 3n } },
  ]);
});
