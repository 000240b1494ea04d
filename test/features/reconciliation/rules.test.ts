import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usd } from "../../../src/domain/money.ts";
import { instant } from "../../../src/domain/time.ts";
import { judgeDays } from "../../../src/features/reconciliation/rules/attribute.ts";
import { causeNames, causeText } from "../../../src/features/reconciliation/rules/causes.ts";
import type {
  BilledLine,
  ChargedLine,
  Component,
} from "../../../src/features/reconciliation/rules/lines.ts";
import {
  daysToJudge,
  parseShare,
  percentText,
  shareText,
} from "../../../src/features/reconciliation/rules.ts";

const DAYS = ["2026-11-20", "2026-11-21"];
const place = {
  day: fc.constantFrom(...DAYS),
  workspaceId: fc.constantFrom(undefined, "wrkspc_a", "wrkspc_b"),
  modelId: fc.constantFrom(undefined, "claude-opus-5-5", "claude-sonnet-5-5"),
  component: fc.constantFrom<Component>(
    "uncached_input",
    "cache_write_5m",
    "cache_write_1h",
    "tokens",
    "web_search",
    "code_execution",
    "other",
  ),
  serviceTier: fc.constantFrom(undefined, "standard", "batch", "priority", "flex"),
};
const amount = fc.bigInt({ min: 0n, max: 20n }).map((part) => usd(part * 1_000_000_000n));
const billed: fc.Arbitrary<BilledLine> = fc.record({
  ...place,
  listCost: fc.constantFrom(undefined, usd(5_000_000_000n)),
  billedCost: amount,
});
const charged: fc.Arbitrary<ChargedLine> = fc.record({
  ...place,
  source: fc.constantFrom("gateway", "telemetry"),
  isElsewhere: fc.boolean(),
  isBatchPrice: fc.boolean(),
  basis: fc.constantFrom("list" as const, "estimated" as const, "reported" as const),
  isUnknownModel: fc.boolean(),
  quantity: fc.nat(1_000),
  computedCost: amount,
  listCost: amount,
  billedCost: amount,
  chargeCount: fc.nat(5),
});

test("a bill that names no workspace is compared without, whatever apps say of theirs", () => {
  const cost = usd(5_000_000_000n);
  const common = {
    day: "2026-11-20",
    modelId: "claude-opus-5-5",
    component: "output" as const,
    serviceTier: undefined,
  };
  const line: ChargedLine = {
    ...common,
    workspaceId: "wrkspc_a",
    source: "gateway",
    isElsewhere: false,
    isBatchPrice: false,
    basis: "list",
    isUnknownModel: false,
    quantity: 1,
    computedCost: cost,
    listCost: cost,
    billedCost: cost,
    chargeCount: 1,
  };
  const [day] = judgeDays({
    days: ["2026-11-20"],
    theirs: [{ ...common, workspaceId: undefined, listCost: cost, billedCost: usd(2n * cost) }],
    ours: [line, { ...line, workspaceId: "wrkspc_b" }],
    series: [],
    cacheWritePricesOf: () => undefined,
  });

  expect(day?.differences).toEqual([]);
});

describe("whatever both sides say", () => {
  test("the differences of a day add up to its gap, each with a cause", () => {
    fc.assert(
      fc.property(
        fc.array(billed, { maxLength: 12 }),
        fc.array(charged, { maxLength: 12 }),
        (theirs, ours) => {
          const judgements = judgeDays({
            days: DAYS,
            theirs,
            ours,
            series: [],
            cacheWritePricesOf: () => ({ write5m: usd(5n), write1h: usd(8n) }),
          });
          for (const one of judgements) {
            const sum = one.differences.reduce(
              (total, difference) => total + difference.amount,
              0n,
            );
            expect(sum).toBe(one.charged - one.anthropicBilled);
          }
          const total = judgements.reduce((sum, one) => sum + one.charged, 0n);
          expect(total).toBe(ours.reduce((sum, { billedCost }) => sum + billedCost, 0n));
        },
      ),
    );
  });

  test("the order in which it is said makes no difference", () => {
    fc.assert(
      fc.property(
        fc.array(billed, { maxLength: 8 }),
        fc.array(charged, { maxLength: 8 }),
        (theirs, ours) => {
          const judged = (isReversed: boolean): unknown =>
            judgeDays({
              days: DAYS,
              theirs: isReversed ? theirs.toReversed() : theirs,
              ours: isReversed ? ours.toReversed() : ours,
              series: [],
              cacheWritePricesOf: () => undefined,
            });
          expect(judged(true)).toEqual(judged(false));
        },
      ),
    );
  });
});

describe("days to judge", () => {
  const at = (text: string) => instant(`2026-11-${text}:00Z`);
  const window = { start: at("18T00:00"), end: at("23T00:00") };
  const bill = {
    report: "analytics_cost" as const,
    startsAt: at("18T00:00"),
    completeUntil: at("22T00:00"),
    dataRefreshedAt: at("22T05:00"),
  };
  const usage = {
    firstAt: at("19T00:00"),
    lastAt: at("22T09:00"),
    lastReceivedAt: at("22T09:00"),
  };
  const days = (parts: Partial<Parameters<typeof daysToJudge>[1]>): readonly string[] =>
    daysToJudge(window, { bills: [bill], usage, now: at("22T09:01"), ...parts }).map(
      ({ day }) => day,
    );

  test("are final and whole on both sides", () => {
    expect(days({})).toEqual(["2026-11-19", "2026-11-20", "2026-11-21"]);
    expect(days({ usage: undefined })).toEqual([]);
    expect(days({ bills: [] })).toEqual([]);
    expect(days({ usage: { ...usage, firstAt: at("19T00:01") } })).not.toContain("2026-11-19");
    expect(days({ usage: { ...usage, lastAt: at("20T12:00") } })).toEqual(["2026-11-19"]);
  });

  test("are not taken from another report while the first one is behind", () => {
    const other = { ...bill, report: "cost_report" as const, completeUntil: window.end };
    const early = { ...other, startsAt: at("18T00:00") };
    const late = { ...bill, startsAt: at("20T00:00"), completeUntil: at("21T00:00") };

    expect(
      daysToJudge(window, { bills: [late, early], usage, now: at("22T09:01") }).map(
        (one) => `${one.day} ${one.bill.report}`,
      ),
    ).toEqual(["2026-11-19 cost_report", "2026-11-20 analytics_cost"]);
  });
});

test.each([
  [0n, 0n, "0.00"],
  [1n, 0n, "100.00"],
  [5n, 1_000n, "0.50"],
  [-5n, 1_000n, "-0.50"],
  [1n, 1_000_000n, "0.00"],
  [-1n, 1_000_000n, "0.00"],
  [2n, 3n, "66.67"],
])("%d of %d is %s %%", (part, whole, text) => {
  expect(percentText(usd(part), usd(whole))).toBe(text);
});

test.each(["0.5", "1.25", "100", "0.0001"])("a tolerance of %s %% is read and shown", (percent) => {
  expect(shareText(parseShare(percent) ?? 0n)).toBe(percent);
});

test.each(["0", "100.0001", "0.00001", "-1", "half", ""])("%j is no tolerance", (percent) => {
  expect(parseShare(percent)).toBeUndefined();
});

test.each(causeNames())("%s has a title, and says what to do", (cause) => {
  const { title, advice } = causeText(cause);

  expect(title).not.toBe("");
  expect(advice).toMatch(/\.$|DAY`|there\.|governance/);
});
