/** The page's other pure parts: addresses, suggestions, times in a person's zone, chart axes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { niceScale, shortNumber } from "../../../src/sandbox/page/blocks/chart-scale.ts";
import { initialValue, missingInputs } from "../../../src/sandbox/page/blocks/values.ts";
import { hashOf, type Place, parseHash } from "../../../src/sandbox/page/model/place.ts";
import { suggestionsFor } from "../../../src/sandbox/page/model/suggestions.ts";
import { ago, dayName, slackDate, timeOfDay } from "../../../src/sandbox/page/text/dates.ts";
import { parseMarkdown } from "../../../src/sandbox/page/text/markdown.ts";
import type { SlackWorkspace } from "../../../src/sandbox/slack/protocol.ts";

describe("addresses", () => {
  const places: readonly Place[] = [
    { kind: "none" },
    { kind: "app", tab: "home" },
    { kind: "app", tab: "about" },
    { kind: "conversation", id: "C1", threadTs: null },
    { kind: "conversation", id: "D1", threadTs: "1712345678.123456" },
  ];

  it.each(places)("leads back to $kind", (place) => {
    expect(parseHash(hashOf("U1", place))).toEqual({ user: "U1", place });
  });

  it.each(["", "#", "#<script>", "#U1/../C1", "#U1/javascript:"])(
    "reads %j as no place",
    (hash) => {
      expect(parseHash(hash).place).toEqual({ kind: "none" });
    },
  );

  it("knows nobody by another kind of id", () => {
    expect(parseHash("#C1/C1").user).toBeUndefined();
  });
});

describe("suggestions", () => {
  const workspace: SlackWorkspace = {
    slackTeamId: "T1",
    name: "Acme",
    bot: { userId: "UB", botId: "B1", appId: "A1", name: "claude-spend", color: "#000" },
    people: [
      {
        id: "U1",
        handle: "ana",
        name: "Ana Silva",
        email: "ana@acme.test",
        title: "Owner",
        color: "#000",
        timeZone: "UTC",
        isAdmin: false,
      },
    ],
    channels: [
      { id: "C1", name: "finops", isPrivate: false, isArchived: false, purpose: "", members: [] },
      { id: "C2", name: "old", isPrivate: false, isArchived: true, purpose: "", members: [] },
    ],
    usergroups: [],
    commands: [{ command: "/claude-spend", description: "Spend", usageHint: "[team]" }],
    shortcuts: [],
  };
  const texts = (text: string) => suggestionsFor(text, workspace).items.map((item) => item.text);

  it.each([
    ["/", ["/claude-spend "]],
    ["/cl", ["/claude-spend "]],
    ["/other", []],
    ["hi @silv", ["hi @ana "]],
    ["see #", ["see #finops "]],
    ["mail ana@x", []],
    ["plain", []],
  ])("after %j offers %j", (text, expected) => {
    expect(texts(text)).toEqual(expected);
  });

  it("only reminds of the usage once a command has words", () => {
    const { items, isReminder } = suggestionsFor("/claude-spend search", workspace);

    expect(isReminder).toBe(true);
    expect(items.map(({ hint }) => hint)).toEqual(["[team]"]);
  });
});

describe("times", () => {
  const at = Date.UTC(2026, 10, 23, 23, 30);
  const eye = (timeZone: string) => ({ timeZone, nowMs: at });

  it("are those of the person who looks", () => {
    expect(timeOfDay(at, eye("Europe/Berlin"))).toBe("12:30 AM");
    expect(timeOfDay(at, eye("America/New_York"))).toBe("6:30 PM");
    expect(dayName(at - 3_600_000, eye("Europe/Berlin"))).toBe("Yesterday");
    expect(dayName(at - 3_600_000, eye("America/New_York"))).toBe("Today");
  });

  it.each([
    ["{date_num}", "2026-11-20"],
    ["{date}", "November 20th, 2026"],
    ["{date_short} at {time}", "Nov 20, 2026 at 11:30 PM"],
    ["{date_long}", "Friday, November 20th, 2026"],
    ["{ago}", "3 days ago"],
    ["{unheard_of}", "{unheard_of}"],
  ])("fill in %s", (template, expected) => {
    expect(slackDate(at - 3 * 86_400_000, template, eye("UTC"))).toBe(expected);
  });

  it("say pretty days in words", () => {
    expect(slackDate(at, "{date_short_pretty}", eye("UTC"))).toBe("today");
    expect(ago(at - 20_000, eye("UTC"))).toBe("just now");
  });
});

describe("forms", () => {
  const input = (element: object, rest: object = {}) => ({
    type: "input",
    block_id: "b",
    element: { action_id: "a", ...element },
    ...rest,
  });

  it.each([
    [{ type: "plain_text_input", initial_value: "x" }, "x"],
    [{ type: "plain_text_input" }, null],
    [{ type: "datepicker", initial_date: "2026-11-30" }, "2026-11-30"],
    [{ type: "static_select", initial_option: { value: "v" } }, "v"],
    [{ type: "checkboxes", initial_options: [{ value: "v" }] }, ["v"]],
    [{ type: "multi_users_select", initial_users: ["U1"] }, ["U1"]],
    [{ type: "datetimepicker", initial_date_time: 1_700_000_000 }, "1700000000"],
  ])("begin %j with %j", (element, expected) => {
    expect(initialValue(element)).toEqual(expected);
  });

  it("miss what is required, empty and not optional", () => {
    const text = { type: "plain_text_input" };
    const untouched = () => undefined;

    expect(Object.keys(missingInputs([input(text)], untouched))).toEqual(["b"]);
    expect(missingInputs([input(text, { optional: true })], untouched)).toEqual({});
    expect(missingInputs([input(text)], () => "typed")).toEqual({});
    expect(missingInputs([input({ ...text, initial_value: "x" })], untouched)).toEqual({});
    expect(
      Object.keys(missingInputs([input({ ...text, initial_value: "x" })], () => null)),
    ).toEqual(["b"]);
  });
});

describe("chart axes", () => {
  it("hold every value and zero, in few steps", () => {
    const amounts = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(amounts, (raw) => {
        const values = raw.map((value) => Math.round(value * 100) / 100);
        const { min, max, ticks } = niceScale(values);

        expect(Math.min(0, ...values)).toBeGreaterThanOrEqual(min * (1 + 1e-12) - 1e-9);
        expect(Math.max(0, ...values)).toBeLessThanOrEqual(max * (1 + 1e-12) + 1e-9);
        expect(max).toBeGreaterThan(min);
        expect(ticks.length).toBeLessThanOrEqual(7);
      }),
    );
  });

  it("are written short", () => {
    expect([0.5, 999, 12_500, 3_000_000].map(shortNumber)).toEqual(["0.5", "999", "12.5K", "3M"]);
  });
});

describe("Markdown", () => {
  it("keeps headings, nested lists, tables and fences apart", () => {
    const parts = parseMarkdown(
      "# A\ntext\n\n1. one\n   - two\n\n|x|y|\n|-|-|\n|1|2|\n```\n**raw**\n```\n---",
    );

    expect(parts.map(({ kind }) => kind)).toEqual([
      "heading",
      "paragraph",
      "list",
      "table",
      "pre",
      "rule",
    ]);
    expect(parts[2]).toMatchObject({
      items: [
        { depth: 0, number: 1 },
        { depth: 1, number: undefined },
      ],
    });
    expect(parts[4]).toEqual({ kind: "pre", children: [{ kind: "text", text: "**raw**" }] });
  });
});
