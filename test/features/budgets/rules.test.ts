import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasReachedPercent, type Usd } from "../../../src/domain/money.ts";
import { instant } from "../../../src/domain/time.ts";
import {
  decideAtLimitChange,
  type Evaluation,
  evaluateBudget,
  type ReachedFact,
} from "../../../src/features/budgets/rules/evaluate.ts";
import {
  budgetsTouchedBy,
  coveragesOf,
  formatBudgetRef,
  formatCoverage,
  hasOtherThresholds,
  isSameYardstick,
  limitInForce,
  parseBudgetRef,
  parseCoverage,
} from "../../../src/features/budgets/rules.ts";
import { aBudget, aSpendFor } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";

function anEvaluation(overrides: Partial<Evaluation> = {}): Evaluation {
  return {
    thresholdPercents: [50, 80, 100],
    limit: usd(100),
    decided: usd(100),
    spend: usd(0),
    reachedFacts: [],
    ...overrides,
  };
}

function fact(thresholdPercent: number, decided: Usd = usd(100)): ReachedFact {
  return { thresholdPercent, decided, isAnnounced: true };
}

describe("evaluateBudget", () => {
  test("is quiet a cent below a threshold", () => {
    expect(evaluateBudget(anEvaluation({ spend: usd(49.99) }))).toEqual({ kind: "quiet" });
  });

  test("alerts at exactly the threshold", () => {
    expect(evaluateBudget(anEvaluation({ spend: usd(50) }))).toEqual({
      kind: "alert",
      thresholdPercent: 50,
      silentPercents: [],
    });
  });

  test("announces only the highest threshold after a jump", () => {
    expect(evaluateBudget(anEvaluation({ spend: usd(250) }))).toEqual({
      kind: "alert",
      thresholdPercent: 100,
      silentPercents: [50, 80],
    });
  });

  test("announces the next threshold and leaves known ones alone", () => {
    const evaluation = anEvaluation({ spend: usd(81), reachedFacts: [fact(50)] });

    expect(evaluateBudget(evaluation)).toEqual({
      kind: "alert",
      thresholdPercent: 80,
      silentPercents: [],
    });
  });

  test("says nothing again of what was reached under this limit", () => {
    const evaluation = anEvaluation({ spend: usd(81), reachedFacts: [fact(50), fact(80)] });

    expect(evaluateBudget(evaluation)).toEqual({ kind: "quiet" });
  });

  test("does not take facts of another limit for its own", () => {
    const evaluation = anEvaluation({ spend: usd(55), reachedFacts: [fact(50, usd(90))] });

    expect(evaluateBudget(evaluation)).toMatchObject({ kind: "alert", thresholdPercent: 50 });
  });

  test("never announces a threshold below one that was already reached", () => {
    const evaluation = anEvaluation({
      thresholdPercents: [60, 80],
      spend: usd(85),
      reachedFacts: [fact(80)],
    });

    expect(evaluateBudget(evaluation)).toEqual({ kind: "quiet" });
  });

  test("understands thresholds in any order and above 100 %", () => {
    const evaluation = anEvaluation({ thresholdPercents: [150, 50, 100, 50], spend: usd(160) });

    expect(evaluateBudget(evaluation)).toEqual({
      kind: "alert",
      thresholdPercent: 150,
      silentPercents: [50, 100],
    });
  });

  test("is quiet without thresholds", () => {
    const evaluation = anEvaluation({ thresholdPercents: [], spend: usd(1_000) });

    expect(evaluateBudget(evaluation)).toEqual({ kind: "quiet" });
  });

  test("what is carried over moves the limit, but arms nothing anew", () => {
    const evaluation = anEvaluation({
      limit: usd(140),
      decided: usd(100),
      spend: usd(75),
      reachedFacts: [fact(50)],
    });

    expect(evaluateBudget(evaluation)).toEqual({ kind: "quiet" });
    expect(evaluateBudget({ ...evaluation, limit: usd(90) })).toMatchObject({
      thresholdPercent: 80,
    });
  });
});

describe("decideAtLimitChange", () => {
  test("records silently what the new limit finds reached and nobody recorded", () => {
    const evaluation = anEvaluation({ spend: usd(85), reachedFacts: [fact(50)] });

    for (const isLowered of [true, false]) {
      expect(decideAtLimitChange(evaluation, { isLowered })).toEqual({
        announced: undefined,
        silent: [80],
      });
    }
  });

  test("a limit set below what is spent says so as one message", () => {
    const evaluation = anEvaluation({ spend: usd(100), reachedFacts: [fact(80, usd(120))] });

    expect(decideAtLimitChange(evaluation, { isLowered: true })).toEqual({
      announced: 100,
      silent: [50, 80],
    });
  });

  test("… but not a limit that was raised, and not twice for the same limit", () => {
    const evaluation = anEvaluation({ spend: usd(130) });

    expect(decideAtLimitChange(evaluation, { isLowered: false }).announced).toBeUndefined();
    expect(
      decideAtLimitChange({ ...evaluation, reachedFacts: [fact(100)] }, { isLowered: true }),
    ).toEqual({ announced: undefined, silent: [50, 80] });
  });
});

/** A budget's life: what flows do with the two rules, one step after another. */
interface Life {
  limit: Usd;
  spend: Usd;
  readonly facts: (ReachedFact & {
    readonly how: "announced" | "lowered" | "higher" | "changed";
  })[];
}

type Step =
  | { readonly kind: "spend"; readonly spend: Usd }
  | { readonly kind: "limit"; readonly limit: Usd };

const THRESHOLDS = [50, 80, 100, 120];

function check(life: Life): void {
  const decision = evaluateBudget(evaluationOf(life));
  if (decision.kind === "quiet") return;
  record(life, "announced", [decision.thresholdPercent]);
  record(life, "higher", decision.silentPercents);
}

function evaluationOf(life: Life): Evaluation {
  const { limit, spend, facts } = life;
  return {
    limit,
    spend,
    decided: limit,
    thresholdPercents: THRESHOLDS,
    reachedFacts: facts,
  };
}

function record(life: Life, how: Life["facts"][number]["how"], percents: readonly number[]): void {
  const isAnnounced = how === "announced" || how === "lowered";
  for (const thresholdPercent of percents) {
    life.facts.push({ thresholdPercent, decided: life.limit, isAnnounced, how });
  }
}

function take(life: Life, step: Step): void {
  if (step.kind === "spend") {
    life.spend = step.spend;
    check(life);
    return;
  }
  check(life);
  const isLowered = step.limit < life.limit;
  life.limit = step.limit;
  const { announced, silent } = decideAtLimitChange(evaluationOf(life), { isLowered });
  record(life, "lowered", announced === undefined ? [] : [announced]);
  record(life, "changed", silent);
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .integer({ min: 0, max: 300 })
        .map((d): Step => ({ kind: "spend", spend: usd(d) })),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(50, 100, 150, 200)
        .map((d): Step => ({ kind: "limit", limit: usd(d) })),
    },
  ),
  { maxLength: 40 },
);

describe("over any life of a budget", () => {
  test("each threshold has one fact a limit, announced or silent", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const life: Life = { limit: usd(100), spend: usd(0), facts: [] };
        for (const step of taken) take(life, step);

        const keys = life.facts.map(
          (one) => `${String(one.thresholdPercent)} of ${String(one.decided)}`,
        );
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });

  test("announcements under one limit only climb", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const life: Life = { limit: usd(100), spend: usd(0), facts: [] };
        for (const step of taken) take(life, step);

        for (const limit of new Set(life.facts.map((one) => one.decided))) {
          const said = life.facts
            .filter((one) => one.decided === limit && one.isAnnounced)
            .map((one) => one.thresholdPercent);
          expect(said).toEqual([...new Set(said)].toSorted((a, b) => a - b));
        }
      }),
    );
  });

  test("growth into a threshold is announced by exactly one message of that moment", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const life: Life = { limit: usd(100), spend: usd(0), facts: [] };
        for (const step of taken) {
          const known = life.facts.length;
          const recorded = new Set(
            life.facts
              .filter((one) => one.decided === life.limit)
              .map((one) => one.thresholdPercent),
          );
          take(life, step);
          if (step.kind !== "spend") continue;

          const grown = THRESHOLDS.filter(
            (percent) =>
              !recorded.has(percent) && hasReachedPercent(life.spend, life.limit, percent),
          );
          const found = life.facts.slice(known);
          expect(found.map((one) => one.thresholdPercent).toSorted((a, b) => a - b)).toEqual(grown);
          expect(
            found.filter((one) => one.how === "announced").map((one) => one.thresholdPercent),
          ).toEqual(grown.slice(-1));
        }
      }),
    );
  });

  test("a change of limit alone says nothing, unless it was set below what is spent: that once", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 400 }), (taken, dollars) => {
        const life: Life = { limit: usd(100), spend: usd(0), facts: [] };
        for (const step of taken) take(life, step);
        const limit = usd(dollars + 0.5);
        const isBelowSpend = limit < life.limit && life.spend >= limit;

        take(life, { kind: "limit", limit });
        check(life);
        check(life);

        const said = life.facts.filter((one) => one.decided === limit && one.isAnnounced);
        expect(said).toHaveLength(isBelowSpend ? 1 : 0);
      }),
    );
  });
});

describe("limitInForce", () => {
  const grant = {
    memberKey: "",
    amount: usd(200),
    validFrom: instant("2026-11-10T00:00:00Z"),
    validUntil: instant("2026-11-20T00:00:00Z"),
  };

  test.each([
    ["2026-11-09T23:59:59.999Z", 500],
    ["2026-11-10T00:00:00Z", 700],
    ["2026-11-19T23:59:59.999Z", 700],
    ["2026-11-20T00:00:00Z", 500],
  ])("at %s is $%i", (at, dollars) => {
    expect(limitInForce(usd(500), [grant], instant(at))).toBe(usd(dollars));
  });

  test("adds grants that overlap", () => {
    const other = { ...grant, amount: usd(50) };

    expect(limitInForce(usd(500), [grant, other], grant.validFrom)).toBe(usd(750));
  });
});

describe("budgetsTouchedBy", () => {
  const budgets = [
    "org",
    "team:search",
    "team:ads",
    "project:checkout",
    "user:bo@acme.test",
    "api_key:k1",
    "workspace:w1",
    "model:claude-opus-5-5",
    "tag:env=prod",
    "tag:env=test",
    "each:team",
    "each:user",
    "each:project",
    "each:api_key",
  ].map((text) => {
    const coverage = parseCoverage(text);
    if (coverage === undefined) throw new Error(text);
    return aBudget({ budgetId: text, coverage });
  });
  const touched = (spend: ReturnType<typeof aSpendFor>): string[] =>
    budgetsTouchedBy(budgets, spend).map(({ budget, memberKey }) =>
      `${budget.budgetId} ${memberKey}`.trim(),
    );

  test("finds every scope of the spend, and whose member it is", () => {
    const spend = aSpendFor({
      teamKey: "search",
      projectKey: "checkout",
      userEmail: "bo@acme.test",
      apiKeyId: "k1",
      workspaceId: "w1",
      tags: { env: "prod", feature: "summary" },
    });

    expect(touched(spend)).toEqual([
      "org",
      "team:search",
      "project:checkout",
      "user:bo@acme.test",
      "api_key:k1",
      "workspace:w1",
      "model:claude-opus-5-5",
      "tag:env=prod",
      "each:team search",
      "each:user bo@acme.test",
      "each:project checkout",
      "each:api_key k1",
    ]);
  });

  test("unallocated spend counts towards the organization and its model", () => {
    expect(touched(aSpendFor())).toEqual(["org", "model:claude-opus-5-5"]);
  });

  test("a tag whose name has an equals sign is not taken for another tag", () => {
    expect(touched(aSpendFor({ tags: { "env=prod": "x", "": "y" } }))).toEqual([
      "org",
      "model:claude-opus-5-5",
    ]);
  });

  test("looking up its coverages misses no budget that it touches", () => {
    const text = fc.constantFrom("a", "b", "x=y", "");
    fc.assert(
      fc.property(
        fc.record({
          teamKey: fc.option(text, { nil: undefined }),
          projectKey: fc.option(text, { nil: undefined }),
          userEmail: fc.option(fc.constant("a@b.c"), { nil: undefined }),
          apiKeyId: fc.option(text, { nil: undefined }),
          workspaceId: fc.option(text, { nil: undefined }),
          modelId: fc.constant("m"),
          tags: fc.dictionary(text, text),
        }),
        (spend) => {
          const coverages = coveragesOf(spend);
          const found = coverages.flatMap((one) => {
            const coverage = parseCoverage(one);
            return coverage === undefined ? [] : [aBudget({ coverage })];
          });

          expect(found).toHaveLength(coverages.length);
          expect(budgetsTouchedBy(found, spend)).toHaveLength(coverages.length);
        },
      ),
    );
  });
});

describe("changes of a budget", () => {
  test.each([
    ["limit", aBudget({ baseLimit: usd(600) }), true, true],
    ["thresholds", aBudget({ thresholdPercents: [90] }), true, true],
    ["owner", aBudget({ managedBy: "slack" }), true, false],
    ["period", aBudget({ periodKind: "weekly" }), false, false],
    ["start of week", aBudget({ weekStartsOn: "sunday" }), false, false],
    ["coverage", aBudget({ coverage: { kind: "each", of: "team" } }), false, false],
  ])("of its %s", (_, after, isSame, isOther) => {
    expect(isSameYardstick(aBudget(), after)).toBe(isSame);
    expect(hasOtherThresholds(aBudget(), after)).toBe(isOther);
  });
});

describe("texts that we write and read", () => {
  test.each(["org", "team:search", "each:user", "tag:env=prod"])("coverage %s", (text) => {
    const coverage = parseCoverage(text);

    expect(coverage === undefined ? undefined : formatCoverage(coverage)).toBe(text);
  });

  test.each(["each:model", "each:", "nothing", ""])("%j is no coverage", (text) => {
    expect(parseCoverage(text)).toBeUndefined();
  });

  test("a budget in a button comes back whole, whatever its key", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: "grapheme" }),
        fc.string(),
        (budgetId, memberKey) => {
          const ref = { budgetId, memberKey };

          expect(parseBudgetRef(formatBudgetRef(ref))).toEqual(ref);
        },
      ),
    );
  });

  test.each(["", "|", "no bar", "%E0%A4%A|x"])("%j names no budget", (text) => {
    expect(parseBudgetRef(text)).toBeUndefined();
  });
});
