import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addUsd,
  allocate,
  formatUsd,
  hasReachedPercent,
  multiplyFractions,
  multiplyUsd,
  PICO_PER_USD,
  parseUsd,
  percentOf,
  sumUsd,
  usd,
  usdFromDecimal,
  usdToDecimal,
  ZERO_USD,
} from "../../src/domain/money.ts";

const amounts = fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }).map(usd);
const fractions = fc.record({
  numerator: fc.bigInt({ min: -1000n, max: 1000n }),
  denominator: fc.bigInt({ min: 1n, max: 1000n }),
});

describe("decimal text", () => {
  test("reads back exactly what it writes, whatever the amount", () => {
    fc.assert(
      fc.property(amounts, (amount) => {
        expect(parseUsd(usdToDecimal(amount))).toBe(amount);
      }),
    );
  });

  test.each([
    ["0", 0n, "0.000000"],
    ["0.04", 40_000_000_000n, "0.040000"],
    ["12.5", 12_500_000_000_000n, "12.500000"],
    ["0.0000055", 5_500_000n, "0.0000055"],
    ["0.000000000001", 1n, "0.000000000001"],
    ["-1.000000000001", -1_000_000_000_001n, "-1.000000000001"],
    ["123456789012.123456789012", 123_456_789_012_123_456_789_012n, "123456789012.123456789012"],
  ])("%s dollars are %s pico-dollars, written %s", (text, pico, written) => {
    expect(parseUsd(text)).toBe(pico);
    expect(usdToDecimal(usd(pico))).toBe(written);
  });

  test.each([
    "",
    " 1",
    "1 ",
    "1,000",
    "$1",
    "1.",
    ".5",
    "1e3",
    "+1",
    "--1",
    "1.0000000000001", // one place finer than pico
    "1234567890123456789", // more than a column of the database holds
    "NaN",
    "0x10",
    "١",
    "1\n",
  ])("refuses %j", (text) => {
    expect(parseUsd(text)).toBeUndefined();
  });

  test("a text that our own code should not have written is a bug", () => {
    expect(() => usdFromDecimal("1,000")).toThrow("not a decimal amount: 1,000");
  });
});

describe("sums", () => {
  test("do not depend on the order", () => {
    fc.assert(
      fc.property(fc.array(amounts), (list) => {
        expect(sumUsd(list)).toBe(sumUsd(list.toReversed()));
        expect(sumUsd(list)).toBe(list.reduce(addUsd, ZERO_USD));
      }),
    );
  });
});

describe("multiplyUsd", () => {
  test.each([
    // [amount, numerator, denominator, product]
    [1n, 1n, 2n, 0n], // a tie goes to the even neighbour: 0.5 becomes 0,
    [3n, 1n, 2n, 2n], // 1.5 becomes 2,
    [5n, 1n, 2n, 2n], // and 2.5 becomes 2
    [-1n, 1n, 2n, 0n],
    [-3n, 1n, 2n, -2n],
    [3n, -1n, 2n, -2n],
    [-5n, -1n, 2n, 2n],
    [2n, 1n, 3n, 1n],
    [1n, 1n, 3n, 0n],
    [1_000_000n, 11n, 10n, 1_100_000n],
  ])("%s × %s/%s is %s", (amount, numerator, denominator, product) => {
    expect(multiplyUsd(usd(amount), { numerator, denominator })).toBe(product);
  });

  test("is off by at most half a pico-dollar, and even where exactly half", () => {
    fc.assert(
      fc.property(amounts, fractions, (amount, fraction) => {
        const rounded = multiplyUsd(amount, fraction);

        const twiceError = (rounded * fraction.denominator - amount * fraction.numerator) * 2n;
        const size = twiceError < 0n ? -twiceError : twiceError;
        const isNearest = size < fraction.denominator;
        const isEvenTie = size === fraction.denominator && rounded % 2n === 0n;
        expect(isNearest || isEvenTie).toBe(true);
      }),
    );
  });

  test("is the same for a debt, with the other sign", () => {
    fc.assert(
      fc.property(amounts, fractions, (amount, fraction) => {
        const opposite = multiplyUsd(usd(0n - amount), fraction);
        expect(addUsd(opposite, multiplyUsd(amount, fraction))).toBe(0n);
      }),
    );
  });

  test("a fraction has a positive denominator", () => {
    expect(() => multiplyUsd(usd(1n), { numerator: 1n, denominator: 0n })).toThrow(
      "positive denominator",
    );
  });
});

test("multiplyFractions multiplies exactly, in any order, and nothing is one", () => {
  fc.assert(
    fc.property(fc.array(fractions, { maxLength: 5 }), (list) => {
      const forwards = multiplyFractions(list);
      const backwards = multiplyFractions(list.toReversed());
      expect(forwards.numerator * backwards.denominator).toBe(
        backwards.numerator * forwards.denominator,
      );
    }),
  );
  expect(multiplyFractions([])).toEqual({ numerator: 1n, denominator: 1n });
  expect(
    multiplyFractions([
      { numerator: 1n, denominator: 2n },
      { numerator: 11n, denominator: 10n },
    ]),
  ).toEqual({ numerator: 11n, denominator: 20n });
});

describe("percent", () => {
  test.each([
    // [part, whole, percent, reached]
    [79n, 100n, 80, false],
    [80n, 100n, 80, true],
    [799_999_999_999n, PICO_PER_USD, 80, false],
    [800_000_000_000n, PICO_PER_USD, 80, true],
    [1n, 3n, 33, true],
    [1n, 3n, 34, false],
  ])("%s of %s has reached %s %%: %s", (part, whole, percent, reached) => {
    expect(hasReachedPercent(usd(part), usd(whole), percent)).toBe(reached);
  });

  test("rounds down, and so agrees with what has been reached", () => {
    const wholes = fc.bigInt({ min: 1n, max: 10n ** 20n }).map(usd);
    const parts = fc.bigInt({ min: 0n, max: 10n ** 20n }).map(usd);
    fc.assert(
      fc.property(parts, wholes, (part, whole) => {
        fc.pre(part <= whole * 1000n);
        const percent = percentOf(part, whole);
        expect(hasReachedPercent(part, whole, percent)).toBe(true);
        expect(hasReachedPercent(part, whole, percent + 1)).toBe(false);
      }),
    );
    expect(percentOf(usd(999n), usd(1000n))).toBe(99);
  });

  test("a share of nothing is a bug", () => {
    expect(() => percentOf(usd(1n), ZERO_USD)).toThrow("positive whole");
  });
});

function entriesOf(list: readonly bigint[]): { key: number; weight: bigint }[] {
  return list.map((weight, key) => ({ key, weight }));
}

describe("allocate", () => {
  const totals = fc.bigInt({ min: 0n, max: 10n ** 24n }).map(usd);
  const weights = fc
    .array(fc.bigInt({ min: 0n, max: 10n ** 12n }), { minLength: 1, maxLength: 20 })
    .filter((list) => list.some((weight) => weight > 0n));

  test("loses and invents no money", () => {
    fc.assert(
      fc.property(totals, weights, (total, list) => {
        const shares = allocate(total, entriesOf(list));
        expect(sumUsd(shares.map((share) => share.amount))).toBe(total);
      }),
    );
  });

  test("gives no share that is off by a whole pico-dollar", () => {
    fc.assert(
      fc.property(totals, weights, (total, list) => {
        const weightTotal = list.reduce((sum, weight) => sum + weight, 0n);
        for (const [index, share] of allocate(total, entriesOf(list)).entries()) {
          const error = share.amount * weightTotal - total * (list[index] ?? 0n);
          expect(error < weightTotal && -error < weightTotal).toBe(true);
        }
      }),
    );
  });

  test("gives nothing to a weight of zero, and keeps keys and order", () => {
    expect(
      allocate(usd(10n), [
        { key: "a", weight: 1n },
        { key: "b", weight: 0n },
        { key: "c", weight: 2n },
      ]),
    ).toEqual([
      { key: "a", amount: 3n },
      { key: "b", amount: 0n },
      { key: "c", amount: 7n },
    ]);
  });

  test("gives what is left to the earlier of equals", () => {
    const shares = allocate(usd(5n), entriesOf([1n, 1n, 1n]));
    expect(shares.map((share) => share.amount)).toEqual([2n, 2n, 1n]);
  });

  test.each([
    ["a negative total", -1n, [1n], "total must not be negative"],
    ["no weight at all", 1n, [0n, 0n], "at least one weight"],
    ["no entries", 1n, [], "at least one weight"],
    ["a negative weight", 1n, [2n, -1n], "weights must not be negative"],
  ] as const)("refuses %s", (_, total, list, message) => {
    expect(() => allocate(usd(total), entriesOf(list))).toThrow(message);
  });
});

function cents(count: bigint): bigint {
  return (count * PICO_PER_USD) / 100n;
}

describe("formatUsd", () => {
  test.each([
    [0n, "$0.00"],
    [1n, "<$0.01"],
    [cents(1n) - 1n, "<$0.01"],
    [-1n, ">-$0.01"],
    [cents(1n), "$0.01"],
    [-cents(1n), "-$0.01"],
    [cents(1n) + cents(1n) / 2n, "$0.02"], // 1.5 cents: to the even neighbour
    [cents(2n) + cents(1n) / 2n, "$0.02"], // 2.5 cents
    [cents(99_999n) + cents(1n) / 2n, "$1,000.00"],
    [cents(123_457n), "$1,234.57"],
    [-cents(123_456_789_050n), "-$1,234,567,890.50"],
  ])("%s pico-dollars read %s", (pico, text) => {
    expect(formatUsd(usd(pico))).toBe(text);
  });
});
