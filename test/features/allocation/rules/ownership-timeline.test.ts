/** Time is tiled whatever is decided; at each instant the last decision about it holds. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Instant, instant } from "../../../../src/domain/time.ts";
import {
  decideOwnership,
  NO_OWNERSHIP,
  type Ownership,
  type OwnershipTimeline,
  ownershipLookup,
} from "../../../../src/features/allocation/rules/ownership-timeline.ts";
import type { AllocationRule } from "../../../../src/features/allocation/rules.ts";

const DAYS = 12;
const day = (number: number): Instant => instant(Date.UTC(2026, 10, number));
const noon = (number: number): Instant => instant(Date.UTC(2026, 10, number, 12));

function owned(overrides: Partial<Ownership> = {}): Ownership {
  return { ...NO_OWNERSHIP, ...overrides };
}

function ruleFor(team: string, dates: Pick<AllocationRule, "from" | "until"> = {}): AllocationRule {
  return { match: { apiKeyId: "k" }, to: { team }, ...dates };
}

const SINCE_EVER: OwnershipTimeline = [{ from: undefined, until: undefined, ownership: owned() }];

const aDay = fc.integer({ min: 1, max: DAYS });
const aRule = fc
  .record({
    team: fc.constantFrom("a", "b", "c"),
    from: fc.option(aDay, { nil: undefined }),
    days: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
  })
  .map(({ team, from, days }) =>
    ruleFor(team, {
      ...(from === undefined ? {} : { from: day(from) }),
      ...(days === undefined ? {} : { until: day((from ?? 1) + days) }),
    }),
  );
const aDecision = fc.record({
  from: fc.option(aDay, { nil: undefined, freq: 9 }),
  rules: fc.array(aRule, { maxLength: 3 }),
  team: fc.constantFrom("a", "b"),
});

/** What a list of decisions means at one instant, worked out from the first to the last. */
function expectedAt(
  decisions: readonly {
    readonly from: Instant | undefined;
    readonly ownership: Ownership;
  }[],
  at: Instant,
): { readonly teams: readonly string[]; readonly member: readonly string[] | undefined } {
  let current = owned();
  for (const { from, ownership } of decisions) {
    if (from === undefined || at >= from) current = ownership;
    else {
      const texts = current.rules.map((rule) => JSON.stringify(rule));
      const earlier = ownership.rules.filter(
        (rule) =>
          rule.from !== undefined &&
          rule.from < from &&
          rule.from <= at &&
          (rule.until === undefined || at < rule.until) &&
          !texts.includes(JSON.stringify(rule)),
      );
      current = { ...current, rules: [...earlier, ...current.rules] };
    }
  }
  const valid = current.rules.filter(
    (rule) =>
      (rule.from === undefined || rule.from <= at) && (rule.until === undefined || at < rule.until),
  );
  return { teams: valid.map(({ to }) => to.team ?? ""), member: current.memberships["bo"] };
}

describe("ownership over time", () => {
  test("at each instant is what was decided about it last, and tiles time", () => {
    fc.assert(
      fc.property(fc.array(aDecision, { maxLength: 6 }), (drawn) => {
        const decisions = drawn.map(({ from, rules, team }) => ({
          from: from === undefined ? undefined : day(from),
          ownership: owned({ rules, memberships: { bo: [team] } }),
        }));

        const timeline = decisions.reduce(decideOwnership, SINCE_EVER);

        expect(timeline[0]?.from).toBeUndefined();
        expect(timeline.at(-1)?.until).toBeUndefined();
        expect(timeline.slice(1).map(({ from }) => from)).toEqual(
          timeline.slice(0, -1).map(({ until }) => until),
        );
        const lengths = timeline.map(
          ({ from, until }) => (until?.getTime() ?? Infinity) - (from?.getTime() ?? -Infinity),
        );
        expect(lengths.every((length) => length > 0)).toBe(true);
        const lookup = ownershipLookup(timeline);
        for (let number = 0; number <= DAYS + 6; number += 1) {
          for (const at of [day(number), noon(number)]) {
            const then = lookup(at);
            expect({
              teams: then.rules.map(({ to }) => to.team ?? ""),
              member: then.membershipsByEmail.get("bo"),
            }).toEqual(expectedAt(decisions, at));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test("whoever has a date belongs from it on to what was said last, and before to what was said before", () => {
    const aMove = fc.record({
      from: fc.option(aDay, { nil: undefined, freq: 4 }),
      team: fc.constantFrom("a", "b", "c"),
      moved: fc.option(aDay, { nil: undefined }),
      other: fc.constantFrom("x", "y"),
    });
    fc.assert(
      fc.property(fc.array(aMove, { maxLength: 6 }), (moves) => {
        const timeline = moves.reduce<OwnershipTimeline>(
          (known, { from, team, moved, other }) =>
            decideOwnership(known, {
              from: from === undefined ? undefined : day(from),
              ownership: owned({
                memberships: { ana: [other], ...(moved === undefined ? { bo: [team] } : {}) },
                ...(moved === undefined
                  ? {}
                  : {
                      dated: [
                        { kind: "person", name: "bo", teams: [], until: day(moved) },
                        { kind: "person", name: "bo", teams: [team], from: day(moved) },
                      ],
                    }),
              }),
            }),
          SINCE_EVER,
        );
        const lookup = ownershipLookup(timeline);
        for (let number = 0; number <= DAYS + 1; number += 1) {
          let bo: string | undefined;
          let ana: string | undefined;
          for (const { from, team, moved, other } of moves) {
            const isItsTime = from === undefined || number >= from;
            if (isItsTime)
              [bo, ana] = [moved === undefined || number >= moved ? team : undefined, other];
            else if (moved !== undefined && number >= moved) bo = team;
          }
          const then = lookup(noon(number)).membershipsByEmail;
          expect([then.get("bo")?.[0], then.get("ana")?.[0]]).toEqual([bo, ana]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("the same document again, however often, leaves the timeline as it is", () => {
    const ownership = owned({
      dated: [
        { kind: "project", name: "p", teams: ["a"], until: day(3) },
        { kind: "project", name: "p", teams: ["b"], from: day(3), until: day(9) },
        { kind: "project", name: "p", teams: [], from: day(9) },
        { kind: "person", name: "bo", teams: [], until: day(2) },
        { kind: "person", name: "bo", teams: ["a"], from: day(2) },
      ],
    });
    const once = decideOwnership(SINCE_EVER, { ownership, from: day(6) });
    const again = [7, 8, 10].reduce(
      (known, number) => decideOwnership(known, { ownership, from: day(number) }),
      once,
    );

    const lookup = ownershipLookup(again);
    const teamOn = (number: number) => lookup(noon(number)).teamByProject.get("p");
    expect([2, 3, 8, 9, 10].map(teamOn)).toEqual([undefined, "b", "b", undefined, undefined]);
    expect(again).toEqual(once);
  });

  test("the day of a decision belongs to it, the instant before does not", () => {
    const timeline = decideOwnership(SINCE_EVER, {
      ownership: owned({ rules: [ruleFor("a")] }),
      from: day(5),
    });
    const lookup = ownershipLookup(timeline);

    expect(lookup(instant(day(5).getTime() - 1)).rules).toEqual([]);
    expect(lookup(day(5)).rules).toEqual([ruleFor("a")]);
  });

  test("a rule that began before its document goes before the rules of that time, once", () => {
    const before = decideOwnership(SINCE_EVER, {
      ownership: owned({ rules: [ruleFor("b")] }),
      from: undefined,
    });
    const rules = [ruleFor("a", { from: day(3) }), ruleFor("b")];
    const once = decideOwnership(before, { ownership: owned({ rules }), from: day(8) });
    const twice = decideOwnership(once, {
      ownership: owned({ rules, memberships: { bo: ["a"] } }),
      from: day(9),
    });
    const lookup = ownershipLookup(twice);

    expect(lookup(noon(2)).rules).toEqual([ruleFor("b")]);
    expect(lookup(noon(4)).rules).toEqual(rules);
    expect(lookup(noon(8)).rules).toEqual(rules);
  });

  test("the same decision again leaves one stretch, not two", () => {
    const ownership = owned({ memberships: { bo: ["a"] } });
    const once = decideOwnership(SINCE_EVER, { ownership, from: day(3) });

    expect(decideOwnership(once, { ownership, from: day(7) })).toEqual(once);
  });
});
