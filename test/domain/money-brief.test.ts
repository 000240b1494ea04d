import fc from "fast-check";
import { expect, test } from "vitest";
import { formatUsd, parseUsd, type Usd, usd } from "../../src/domain/money.ts";
import { formatEstimate, formatLimit } from "../../src/domain/money-brief.ts";

function dollars(text: string): Usd {
  const amount = parseUsd(text);
  if (amount === undefined) throw new Error(text);
  return amount;
}

test.each([
  ["0", "$0.00"],
  ["9.85", "$9.85"],
  ["9.999", "$10.00"],
  ["10", "$10"],
  ["181.5", "$182"],
  ["999.49", "$999"],
  ["999.50", "$1k"],
  ["1236.78", "$1.2k"],
  ["12259.88", "$12.3k"],
  ["999949", "$999.9k"],
  ["999950", "$1M"],
  ["2540000", "$2.5M"],
  ["1234567890", "$1,234.6M"],
])("an estimate of %s dollars is told as %s", (text, shown) => {
  expect(formatEstimate(dollars(text))).toBe(shown);
});

test("an estimate is told within a twentieth of what it is", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 24n }), (pico) => {
      const shown = formatEstimate(usd(pico));
      const [, digits = "", unit = ""] = /^<?\$([\d,.]+)([kM]?)$/.exec(shown) ?? [];
      const scale = { "": 1, k: 1_000, M: 1_000_000 }[unit] ?? 0;
      const value = Number(digits.replaceAll(",", "")) * scale;
      expect(Math.abs(value - Number(pico) / 1e12)).toBeLessThanOrEqual(
        Math.max(0.01, Number(pico) / 1e12 / 19),
      );
    }),
  );
});

test.each([
  ["500", "$500"],
  ["1250.50", "$1,250.50"],
  ["0.25", "$0.25"],
])("a limit of %s dollars is told as %s", (text, shown) => {
  expect(formatLimit(dollars(text))).toBe(shown);
});

test("what is less than nothing is told to the cent", () => {
  expect(formatEstimate(dollars("-1234.56"))).toBe(formatUsd(dollars("-1234.56")));
});
