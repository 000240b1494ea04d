import { describe, expect, test } from "vitest";
import type { Usd } from "../../../../src/domain/money.ts";
import { scopeFrom } from "../../../../src/domain/scope.ts";
import {
  partOf,
  SERIES_KINDS,
  type Series,
  type UnusualSeries,
} from "../../../../src/features/insights/rules/incidents.ts";
import { usd } from "../../../support/builders.ts";

function series(text: string): Series {
  const scope = scopeFrom(text);
  const kind = SERIES_KINDS.find((known) => known === scope.kind);
  if (kind === undefined) throw new Error(text);
  return { kind, key: scope.key };
}

function unusual(text: string, dollars: number): UnusualSeries {
  return { series: series(text), excess: usd(dollars) };
}

const all = (): Usd => usd(1_000);
const nothing = (): Usd => usd(0);

describe("partOf", () => {
  test("one person's spike is told, and not again as that of key, team and model", () => {
    const parts = partOf(
      [
        unusual("model:opus", 90),
        unusual("team:search", 95),
        unusual("user:bo@a.b", 90),
        unusual("api_key:k", 90),
      ],
      all,
    );

    expect(Object.fromEntries(parts)).toEqual({
      "user:bo@a.b": undefined,
      "api_key:k": "user:bo@a.b",
      "team:search": "user:bo@a.b",
      "model:opus": "user:bo@a.b",
    });
  });

  test("a team of which a person is only a part is told as well", () => {
    const parts = partOf([unusual("team:search", 200), unusual("user:bo@a.b", 90)], all);

    expect(parts.get("team:search")).toBeUndefined();
  });

  test("several people together explain their team", () => {
    const people = [unusual("user:bo@a.b", 80), unusual("user:ana@a.b", 70)];

    expect(partOf([unusual("team:search", 200), ...people], all).get("team:search")).toBe(
      "user:bo@a.b",
    );
  });

  test("who has nothing in common is told apart", () => {
    const parts = partOf([unusual("team:ads", 90), unusual("user:bo@a.b", 90)], nothing);

    expect(parts.get("team:ads")).toBeUndefined();
  });

  test("what was told as a loop is not told as a spike", () => {
    const known = [unusual("user:bo@a.b", 80)];

    expect(partOf([unusual("user:bo@a.b", 90)], all, known).get("user:bo@a.b")).toBe("user:bo@a.b");
    expect(partOf([unusual("user:bo@a.b", 200)], all, known).get("user:bo@a.b")).toBeUndefined();
    expect(partOf([unusual("team:search", 90)], all, known).get("team:search")).toBe("user:bo@a.b");
  });
});
