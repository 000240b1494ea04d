import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usd as pico, type Usd } from "../../../../src/domain/money.ts";
import {
  EXCESS_MIN,
  evaluateSpike,
  isWorthComparing,
  normOf,
} from "../../../../src/features/insights/rules/spike.ts";
import { usd } from "../../../support/builders.ts";

/** Twenty comparable hours, each of `dollars`. */
function steady(dollars: number, count = 20): Usd[] {
  return Array.from({ length: count }, () => usd(dollars));
}

function spikeAt(dollars: number, samples: readonly Usd[], bar = 1n) {
  return evaluateSpike(usd(dollars), { span: "hour", norm: normOf(samples), bar });
}

const arbitraryAmount = fc.bigInt({ min: 0n, max: 10n ** 16n }).map(pico);
const arbitrarySamples = fc.array(arbitraryAmount, { minLength: 12, maxLength: 80 });

describe("normOf", () => {
  test.each([
    ["the middle amount", [1, 2, 30], 2],
    ["the lower of the two middle ones", [1, 2, 3, 4], 2],
    ["nothing, of nothing", [], 0],
  ])("normal is %s", (_, dollars, normal) => {
    expect(normOf(dollars.map((amount) => usd(amount))).normal).toBe(usd(normal));
  });

  test("one extreme hour of the past moves neither what is normal nor what is usual", () => {
    const past = [...steady(10, 39), usd(5_000)];

    expect(normOf(past)).toMatchObject({ normal: usd(10), usualMax: usd(10) });
  });

  test("what happens on every such weekday is normal on that weekday", () => {
    const mondays = steady(80, 12);

    expect(normOf([...steady(0, 48), ...mondays], mondays).normal).toBe(usd(80));
  });

  test("for who mostly spends nothing, any hour with spend says what is usual", () => {
    const norm = normOf(steady(0, 60), [], [...steady(0, 600), ...steady(15)]);

    expect(norm).toMatchObject({ normal: usd(0), usualMax: usd(15) });
    expect(evaluateSpike(usd(20), { span: "hour", norm, bar: 1n })).toBeUndefined();
    expect(evaluateSpike(usd(30), { span: "hour", norm, bar: 1n })).toBeDefined();
  });
});

describe("evaluateSpike", () => {
  test.each([
    ["an amount as always", 10, steady(10), false],
    ["half as much again, which is ordinary", 15, steady(10), false],
    [
      "twice as much: a fifth of normal is ordinary, five times that is far",
      20.01,
      steady(10),
      true,
    ],
    ["ten times as much", 100, steady(10), true],
    ["less than is normal", 0, steady(10), false],
    ["cents above nothing", 4.99, steady(0), false],
    ["dollars above nothing", 5, steady(0), true],
    [
      "no more than a series that is bursty often has",
      60,
      [...steady(2, 16), ...steady(50, 4)],
      false,
    ],
    ["far above the bursts of a bursty series", 600, [...steady(2, 16), ...steady(50, 4)], true],
    ["anything, of a series without enough history", 10_000, steady(10, 11), false],
  ])("%s", (_, dollars, samples, isSpike) => {
    expect(spikeAt(dollars, samples) !== undefined).toBe(isSpike);
  });

  test("an amount within five spreads is ordinary, however rare it is", () => {
    const varied = [6, 8, 10, 12, 14].flatMap((dollars) => steady(dollars, 4));

    expect(spikeAt(24, varied)).toBeUndefined();
    expect(spikeAt(26, varied)).toBeDefined();
  });

  test("says how much is above normal", () => {
    expect(spikeAt(100, steady(10))).toMatchObject({ excess: usd(90), severity: "warning" });
  });

  test("is critical from $100 above normal on, when that is three times the usual", () => {
    expect(spikeAt(110, steady(10))?.severity).toBe("critical");
    expect(spikeAt(109.99, steady(10))?.severity).toBe("warning");
    expect(spikeAt(599, steady(200))?.severity).toBe("warning");
  });

  test("each false alarm doubles what must be exceeded", () => {
    expect(spikeAt(25, steady(10))).toBeDefined();
    expect(spikeAt(25, steady(10), 2n)).toBeUndefined();
    expect(spikeAt(31, steady(10), 2n)).toBeDefined();
    expect(spikeAt(9.99, steady(0), 2n)).toBeUndefined();
    expect(spikeAt(10, steady(0), 2n)).toBeDefined();
  });

  test("a larger amount is never less of a spike, a higher bar never more of one", () => {
    fc.assert(
      fc.property(
        arbitrarySamples,
        arbitraryAmount,
        arbitraryAmount,
        fc.constantFrom(1n, 2n, 4n),
        (samples, amount, more, bar) => {
          const norm = normOf(samples);
          const at = (value: Usd, by: bigint) =>
            evaluateSpike(value, { span: "hour", norm, bar: by });
          const isSpike = at(amount, bar) !== undefined;
          expect(isSpike && at(pico(amount + more), bar) === undefined).toBe(false);
          expect(isSpike && at(amount, 1n) === undefined).toBe(false);
        },
      ),
    );
  });

  test("the order of the past does not matter, and nothing that happened often alerts", () => {
    fc.assert(
      fc.property(arbitrarySamples, (samples) => {
        expect(normOf(samples.toReversed())).toEqual(normOf(samples));
        const norm = normOf(samples);
        const ordinary = samples.filter(
          (amount) => evaluateSpike(amount, { span: "hour", norm, bar: 1n }) === undefined,
        );
        expect(ordinary.length).toBeGreaterThanOrEqual(Math.floor(samples.length * 0.9));
      }),
    );
  });

  test("whatever is a spike was worth comparing", () => {
    fc.assert(
      fc.property(arbitrarySamples, arbitraryAmount, (samples, amount) => {
        const norm = normOf(samples);
        const spike = evaluateSpike(amount, { span: "day", norm, bar: 1n });
        if (spike === undefined) return;
        expect(isWorthComparing(amount, "day")).toBe(true);
        expect(spike.excess).toBeGreaterThanOrEqual(EXCESS_MIN.day);
      }),
    );
  });
});
