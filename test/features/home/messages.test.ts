import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { homeView, unknownPersonHome } from "../../../src/features/home/messages.ts";
import { arrangeHome } from "../../../src/features/home/rules.ts";
import { actions, type Block, button, context, section } from "../../../src/slack/blocks.ts";
import { hostileText } from "../../support/arbitraries.ts";
import { homeProblems, shownLines } from "../../support/shown.ts";

const ownSpend = [section("own spend")];

describe("App Home", () => {
  test("puts requests first, then one's own spend", () => {
    const { blocks } = homeView({
      rejected: [],
      settings: [],
      requests: [[section("one")], [section("two")]],
      ownSpend,
    });

    expect(shownLines(blocks)).toEqual([
      "# Waiting for your decision",
      "one",
      "---",
      "two",
      "---",
      "[Request a raise]",
      "own spend",
    ]);
  });

  test("without requests has no heading for them", () => {
    expect(
      shownLines(homeView({ rejected: [], settings: [], requests: [], ownSpend }).blocks),
    ).toEqual(["[Request a raise]", "own spend"]);
  });

  test.each([
    [0, 0, 0],
    [5, 5, 0],
    [6, 5, 1],
    [500, 5, 495],
  ])("of %d requests shows %d and counts %d more", (count, shown, hidden) => {
    const requests = Array.from({ length: count }, (_, index) => index);

    expect(arrangeHome({ requests, ownSpend: -1 })).toEqual({
      requests: requests.slice(0, shown),
      hiddenRequests: hidden,
      ownSpend: -1,
    });
  });

  test("is one that Slack takes, whatever is asked for, and never loses one's own spend", () => {
    const card = fc
      .array(hostileText, { minLength: 1, maxLength: 4 })
      .map((texts): Block[] => [
        ...texts.map((text) => section(text)),
        context(...texts),
        actions([button({ actionId: "approve", text: "Approve", value: "1" })]),
      ]);
    fc.assert(
      fc.property(fc.array(card, { maxLength: 9 }), (requests) => {
        const view = homeView({ rejected: [], settings: [], requests, ownSpend });

        expect(homeProblems(view)).toEqual([]);
        expect(shownLines(view.blocks).at(-1)).toBe("own spend");
      }),
      { numRuns: 60 },
    );
    expect(homeProblems(unknownPersonHome())).toEqual([]);
  });
});
