import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usd, usdFromDecimal, usdToDecimal } from "../../src/domain/money.ts";
import {
  AMOUNT_REFUSAL_TEXT,
  type AmountRefusal,
  parseAmount,
} from "../../src/domain/money-text.ts";

describe("parseAmount", () => {
  test.each([
    ["$200", "200.000000"],
    ["200", "200.000000"],
    ["  200  ", "200.000000"],
    ["200.50", "200.500000"],
    ["200.5", "200.500000"],
    [".5", "0.500000"],
    ["0.01", "0.010000"],
    ["1,000", "1000.000000"],
    ["1,000,000.00", "1000000.000000"],
    ["1.5k", "1500.000000"],
    ["1.23456K", "1234.560000"],
    ["$ 20", "20.000000"],
    ["US$20", "20.000000"],
    ["200 USD", "200.000000"],
    ["usd 200", "200.000000"],
    ["200 dollars", "200.000000"],
    ["200$", "200.000000"],
    ["007", "7.000000"],
    ["200.500000000000000000", "200.500000"],
  ])("reads %j", (text, decimal) => {
    const parsed = parseAmount(text);

    expect(parsed).toEqual({ kind: "amount", amount: usdFromDecimal(decimal) });
  });

  test.each<[string, AmountRefusal]>([
    ["", "not-a-number"],
    ["$", "not-a-number"],
    [".", "not-a-number"],
    ["k", "not-a-number"],
    ["$2OO", "not-a-number"],
    ["1e9", "not-a-number"],
    ["0x10", "not-a-number"],
    ["1,00", "not-a-number"],
    ["1,0000", "not-a-number"],
    ["10,00,000", "not-a-number"],
    ["1.000,50", "not-a-number"],
    ["1 000", "not-a-number"],
    ["1.2.3", "not-a-number"],
    ["200 300", "not-a-number"],
    ["two hundred", "not-a-number"],
    ["200 abc", "not-a-number"],
    ["1m", "not-a-number"],
    ["NaN", "not-a-number"],
    ["Infinity", "not-a-number"],
    ["٢٠٠", "not-a-number"],
    ["200 EUR", "only-usd"],
    ["200eur", "only-usd"],
    ["€200", "only-usd"],
    ["200 €", "only-usd"],
    ["GBP 200", "only-usd"],
    ["£1,000.50", "only-usd"],
    ["200 euros", "only-usd"],
    ["0", "not-positive"],
    ["$0.00", "not-positive"],
    ["0.000", "not-positive"],
    ["-5", "not-positive"],
    ["-$5", "not-positive"],
    ["$-5", "not-positive"],
    ["−5", "not-positive"],
    ["1000000.01", "too-large"],
    ["1,000,001", "too-large"],
    ["1000.1k", "too-large"],
    ["99999999999999999999999999999999", "too-large"],
    ["200.001", "too-precise"],
    ["0.001", "too-precise"],
    ["0.0000000000000001", "too-precise"],
    ["1.234567k", "too-precise"],
  ])("refuses %j as %s", (text, reason) => {
    expect(parseAmount(text)).toEqual({ kind: "refused", reason });
  });

  test("reads back every whole number of cents up to a million dollars", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 100_000_000n }), (cents) => {
        const amount = usd(cents * 10_000_000_000n);
        expect(parseAmount(usdToDecimal(amount))).toEqual({ kind: "amount", amount });
        expect(parseAmount(`$${Number(cents) / 100}`)).toEqual({ kind: "amount", amount });
      }),
    );
  });

  test("never accepts an amount outside of its bounds, whatever is typed", () => {
    const typed = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.string({ unit: fc.constantFrom(..."0123456789.,$k-e EURUSD".split("")), maxLength: 16 }),
    );
    fc.assert(
      fc.property(typed, (text) => {
        const parsed = parseAmount(text);
        if (parsed.kind === "refused") return;
        expect(parsed.amount > 0n).toBe(true);
        expect(parsed.amount <= 1_000_000n * 10n ** 12n).toBe(true);
        expect(parsed.amount % 10n ** 10n).toBe(0n);
      }),
    );
  });

  test("answers at once to very long input", () => {
    expect(parseAmount("9".repeat(3_000))).toEqual({ kind: "refused", reason: "too-large" });
    expect(parseAmount(`${"1,".repeat(1_500)}x`)).toEqual({
      kind: "refused",
      reason: "not-a-number",
    });
  });
});

test("every refusal has its own sentence", () => {
  const sentences = Object.values(AMOUNT_REFUSAL_TEXT);

  expect(new Set(sentences).size).toBe(sentences.length);
});
