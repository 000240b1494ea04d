import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseReportPeriod } from "../../../src/domain/report-period.ts";
import { instant, timeZone } from "../../../src/domain/time.ts";
import { scopeRefusalMessage } from "../../../src/features/organization/index.ts";
import { readWords } from "../../../src/features/showback/rules/words.ts";
import { helpMessage } from "../../../src/slack/help.ts";
import { hostileText } from "../../support/arbitraries.ts";
import { messageProblems, shownLines } from "../../support/shown.ts";

/** A Monday. */
const NOW = instant("2026-11-23T10:07:00Z");
const CALENDAR = { timeZone: timeZone("Europe/Berlin"), weekStartsOn: "monday" } as const;

/** The local dates of both spans, the last ones inclusive. */
function dates(text: string): string | undefined {
  const period = parseReportPeriod(text, NOW, CALENDAR);
  if (period === undefined) return undefined;
  const date = (at: Date) => at.toLocaleDateString("en-CA", { timeZone: "Europe/Berlin" }).slice(5);
  return [period.current, period.previous]
    .map(({ start, end }) => `${date(start)} ${date(new Date(end.getTime() - 1))}`)
    .join(" vs ");
}

describe("a span of time", () => {
  test.each([
    ["since monday", "11-23 11-23 vs 11-22 11-22"],
    ["since friday", "11-20 11-23 vs 11-16 11-19"],
    ["since yesterday", "11-22 11-23 vs 11-20 11-21"],
    ["since 2026-11-01", "11-01 11-23 vs 10-09 10-31"],
    ["since october", "10-01 11-23 vs 08-08 09-30"],
    ["since last month", "10-01 11-23 vs 08-08 09-30"],
    ["this week", "11-23 11-23 vs 11-16 11-16"],
    ["last week", "11-16 11-22 vs 11-09 11-15"],
    ["this quarter", "10-01 11-23 vs 07-01 08-23"],
    ["last quarter", "07-01 09-30 vs 04-01 06-30"],
    ["last 2 weeks", "11-10 11-23 vs 10-27 11-09"],
    ["october", "10-01 10-31 vs 09-01 09-30"],
    ["Dec 2025", "12-01 12-31 vs 11-01 11-30"],
    ["december", "12-01 12-31 vs 11-01 11-30"],
    ["from nov 3 to nov 9", "11-03 11-09 vs 10-27 11-02"],
    ["between 3rd november and 9 nov 2026", "11-03 11-09 vs 10-27 11-02"],
    ["2026-11-03..2026-11-09", "11-03 11-09 vs 10-27 11-02"],
    ["from november to today", "11-01 11-23 vs 10-09 10-31"],
    ["nov 30", "11-30 11-30 vs 11-29 11-29"],
    ["monday", "11-23 11-23 vs 11-22 11-22"],
    ["2026-11-22", "11-22 11-22 vs 11-21 11-21"],
  ])("%s is %s", (text, expected) => {
    expect(dates(text)).toBe(expected);
  });

  test.each(["since 2027-01-01", "2026-12-01", "from nov 9 to nov 3", "since", "feb 30", "to"])(
    "%s is none",
    (text) => {
      expect(dates(text)).toBeUndefined();
    },
  );

  test("is the same when typed as it names itself", () => {
    const texts = [
      "since friday",
      "nov 3",
      "from nov 3 to nov 9",
      "last week",
      "october",
      "7 days",
    ];
    for (const text of texts) {
      const period = parseReportPeriod(text, NOW, CALENDAR);
      expect(parseReportPeriod(period?.typed ?? "", NOW, CALENDAR)).toMatchObject({
        current: period?.current,
        previous: period?.previous,
      });
    }
  });

  test.each([
    ["since monday", "since Mon, Nov 23", "Since Mon, Nov 23"],
    ["since october 2025", undefined, undefined],
    ["since dec 1 2025", "since Dec 1, 2025", "Since Dec 1, 2025"],
    ["nov 3", "Nov 3", "Nov 3"],
    ["from nov 3 to nov 9", "Nov 3 to Nov 9", "Nov 3 to Nov 9"],
    ["last week", undefined, "Last week"],
  ])("%j is said as a person would, and understood again", (text, said, label) => {
    const period = parseReportPeriod(text, NOW, CALENDAR);

    expect(period?.said).toBe(said);
    expect(period?.label).toBe(label);
    const again = parseReportPeriod(said ?? text, NOW, CALENDAR);
    expect(again).toEqual(period);
  });
});

describe("words in any order", () => {
  const read = (text: string) => readWords(text, NOW, CALENDAR);

  test.each([
    ["search 7d", "search", "7d"],
    ["7d search", "search", "7d"],
    ["last month for team search", "team search", "last-month"],
    ["search since last monday", "search", "2026-11-16.."],
    ["the Search team in october", "the Search team", "2026-10"],
    ["search from nov 3 to nov 9", "search", "2026-11-03..2026-11-09"],
  ])("%j is %j, %s", (text, scopeText, typed) => {
    const [, first] = read(text).readings;
    expect([first?.scopeText, first?.period?.typed]).toEqual([scopeText, typed]);
  });

  test("may all be a name, which is tried first", () => {
    expect(read("March").readings[0]).toEqual({ scopeText: "March", period: undefined });
  });

  test("by what and how exactly stand anywhere", () => {
    expect(read("by model search exact 7d")).toMatchObject({ by: "model", isExact: true });
    expect(read("search per people")).toMatchObject({ by: "user", isExact: false });
    expect(read("team by the sea")).toMatchObject({ by: undefined });
  });

  test("any text is read, and soon", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(hostileText, fc.constantFrom("by", "since", "last", "7d"))),
        (words) => {
          expect(read(words.join(" ")).readings.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});

const anyOptions = fc.array(fc.record({ name: hostileText, typed: hostileText }), { maxLength: 8 });

test("every refusal and every help is one that Slack takes, and shows no markup of what was typed", () => {
  fc.assert(
    fc.property(
      hostileText,
      anyOptions,
      anyOptions,
      fc.boolean(),
      (text, nearest, viewable, is) => {
        const shown = [
          scopeRefusalMessage({ kind: "unknown-scope", text, nearest, viewable, isAmbiguous: is }),
          scopeRefusalMessage({ kind: "not-allowed", text, viewable }, "why"),
          helpMessage(
            Array.from({ length: 30 }, () => ({ usage: text, description: text })),
            viewable.map(({ name, typed }) => ({ text: name, command: typed })),
          ),
        ];
        for (const message of shown) {
          expect(messageProblems(message)).toEqual([]);
          const read = message.blocks.filter(({ type }) => type !== "actions"); // Those are plain.
          expect(shownLines(read).join("")).not.toMatch(/<[!@#h]/);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("of several of one name each is a button", () => {
  const { text, blocks } = scopeRefusalMessage({
    kind: "unknown-scope",
    text: "#ai",
    isAmbiguous: true,
    nearest: [
      { name: "Search", typed: "search" },
      { name: "Ads", typed: "ads" },
    ],
    viewable: [],
    period: "2026-11-23..",
    said: "since Mon, Nov 23",
  });

  expect(text).toBe("“#ai” means more than one thing. Which one?");
  expect(shownLines(blocks).at(-1)).toBe("[Search] [Ads]");
  expect(JSON.stringify(blocks)).toContain('"value":"ads 2026-11-23.."');
  const [said] = shownLines(blocks);
  expect(said).toContain("`/claude-spend search since Mon, Nov 23`");
});
