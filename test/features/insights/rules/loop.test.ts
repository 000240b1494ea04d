import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usd as pico } from "../../../../src/domain/money.ts";
import {
  evaluateLoop,
  loopPartOf,
  loopSubject,
  REPEATED_KINDS,
  type Repeated,
} from "../../../../src/features/insights/rules/loop.ts";
import { usd } from "../../../support/builders.ts";

function repeated(overrides: Partial<Repeated> = {}): Repeated {
  return {
    kind: "prompt",
    key: "sha256:abc",
    scope: { kind: "user", key: "bo@acme.test" },
    requests: 20,
    cutOff: 0,
    cost: usd(20),
    cutOffCost: usd(0),
    requestsBefore: 0,
    ...overrides,
  };
}

describe("evaluateLoop", () => {
  test.each([
    ["a prompt sent ten times", { requests: 10, cost: usd(10) }, "duplicates", 9],
    ["a prompt sent nine times", { requests: 9 }, undefined, 0],
    ["an operation of forty requests", { kind: "operation", requests: 40 }, "loop", 20],
    ["an operation of 39 requests", { kind: "operation", requests: 39 }, undefined, 0],
    ["a session of 150 requests", { kind: "session", requests: 150 }, "loop", 20],
    ["a session of 149 requests", { kind: "session", requests: 149 }, undefined, 0],
    [
      "five attempts that were cut off, of ten",
      { kind: "operation", requests: 10, cutOff: 5, cutOffCost: usd(3) },
      "retries",
      3,
    ],
    [
      "four that were cut off",
      { kind: "operation", requests: 8, cutOff: 4, cutOffCost: usd(3) },
      undefined,
      0,
    ],
    [
      "five that were cut off among many good ones",
      { kind: "operation", requests: 11, cutOff: 5, cutOffCost: usd(3) },
      undefined,
      0,
    ],
    ["what wastes less than a dollar", { requests: 50, cost: usd(1) }, undefined, 0],
    ["three times as often as at other times", { requests: 30, requestsBefore: 10 }, undefined, 0],
    [
      "far more often than at other times",
      { requests: 40, requestsBefore: 10, cost: usd(40) },
      "duplicates",
      30,
    ],
  ] as const)("%s", (_, overrides, what, wasted) => {
    const loop = evaluateLoop(repeated(overrides), 1n);

    expect(loop?.what).toBe(what);
    expect(loop?.wasted ?? usd(0)).toBe(usd(wasted));
  });

  test("after a false alarm twice as much is needed", () => {
    expect(evaluateLoop(repeated({ requests: 19 }), 2n)).toBeUndefined();
    expect(evaluateLoop(repeated({ requests: 20 }), 2n)).toBeDefined();
    expect(evaluateLoop(repeated({ requests: 20, cost: usd(1.5) }), 2n)).toBeUndefined();
  });

  test("never more is wasted than was spent", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...REPEATED_KINDS),
        fc.nat(1_000),
        fc.nat(300),
        fc.bigInt({ min: 0n, max: 10n ** 16n }),
        (kind, requests, requestsBefore, cost) => {
          const loop = evaluateLoop(
            repeated({ kind, requests, requestsBefore, cost: pico(cost) }),
            1n,
          );
          if (loop === undefined) return;
          expect(loop.wasted).toBeLessThanOrEqual(cost);
          expect(requests).toBeGreaterThan(3 * requestsBefore);
        },
      ),
    );
  });
});

describe("loopPartOf", () => {
  const loopOf = (overrides: Partial<Repeated>) => {
    const loop = evaluateLoop(repeated({ requests: 200, cost: usd(200), ...overrides }), 1n);
    if (loop === undefined) throw new Error("not a loop");
    return loop;
  };

  test("one prompt in one operation in one session is one loop", () => {
    const prompt = loopOf({});
    const operation = loopOf({ kind: "operation", key: "op-1" });
    const session = loopOf({ kind: "session", key: "s1" });

    const parts = loopPartOf([session, operation, prompt]);

    expect(parts.get(loopSubject(prompt.repeated))).toBeUndefined();
    expect(parts.get(loopSubject(operation.repeated))).toBe(loopSubject(prompt.repeated));
    expect(parts.get(loopSubject(session.repeated))).toBe(loopSubject(prompt.repeated));
  });

  test("loops of two people, or one that is mostly something else, are told apart", () => {
    const prompt = loopOf({ requests: 100 });
    const session = loopOf({ kind: "session", requests: 200 });
    const other = loopOf({ kind: "session", scope: { kind: "user", key: "eve@acme.test" } });

    const parts = loopPartOf([prompt, session, other]);

    expect([...parts.values()]).toEqual([undefined, undefined, undefined]);
  });
});
