import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Block, ChartBlock } from "../../../src/slack/block-types.ts";
import { chart, dataTable, escapeText, message, section } from "../../../src/slack/blocks.ts";
import { type DataBlockType, withoutRefused } from "../../../src/slack/charts/degrade.ts";
import { drawablePlot, drawPicture } from "../../../src/slack/charts/picture.ts";
import { altTextOf, exactNumber, shortNumber } from "../../../src/slack/charts/plot.ts";
import { messageProblems, shownLines } from "../../support/shown.ts";
import { anyChart, anyDataTable } from "./arbitraries.ts";

const anyBlock: fc.Arbitrary<Block> = fc.oneof(
  anyChart.map(chart),
  anyDataTable.map(dataTable),
  fc.string({ maxLength: 2_000 }).map((text) => section(`_${escapeText(text)}`)),
);
const anyRefused = fc.uniqueArray(
  fc.constantFrom<DataBlockType>("data_visualization", "data_table", "table"),
);

const ALL: ReadonlySet<DataBlockType> = new Set(["data_visualization", "data_table", "table"]);

function textOf(...blocks: readonly Block[]): string {
  return shownLines(withoutRefused(blocks, ALL)).join("\n");
}

function days(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `Nov ${String(index + 1)}`);
}

describe("what takes the place of refused blocks", () => {
  it("is within every limit of Slack for any message and anything refused", () => {
    fc.assert(
      fc.property(
        fc.array(anyBlock, { maxLength: 8 }),
        anyRefused,
        fc.boolean(),
        (given, refused, isPictured) => {
          const { text, blocks } = message("Spend.", given);
          const pictures = new Map(
            isPictured
              ? blocks.map((_, index) => [index, `F${"0".repeat(9)}${String(index % 10)}`])
              : [],
          );
          const shown = withoutRefused(blocks, new Set(refused), pictures);

          expect(messageProblems({ text, blocks: shown })).toEqual([]);
          expect(shown).toHaveLength(blocks.length);
          expect(refused.filter((type) => shown.some((block) => block.type === type))).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("is text for what is more than a message may have", () => {
    const bar = chart({ title: "t", kind: "bar", categories: ["a"], series: [] });
    const table = dataTable({ caption: "c", columns: [{ name: "a" }], rows: [["b"]] });
    const { text, blocks } = message("Spend.", [bar, bar, bar, table, table]);

    expect(blocks.map(({ type }) => type)).toEqual([
      "data_visualization",
      "data_visualization",
      "section",
      "data_table",
      "section",
    ]);
    expect(messageProblems({ text, blocks })).toEqual([]);
  });

  it("is nothing else than what it was where nothing is refused", () => {
    const blocks = [section("a"), chart({ title: "t", kind: "bar", categories: [], series: [] })];

    expect(withoutRefused(blocks, new Set())).toEqual(blocks);
  });

  it("is bars that line up, with their numbers, also where letters are wide", () => {
    const block = chart({
      title: "Spend by team",
      kind: "pie",
      categories: ["Search", "検索", "🚀 Go"],
      series: [{ name: "Spend", values: [10, 5, 0.4] }],
    });

    expect(textOf(block)).toBe(
      [
        "*Spend by team\u2060*\u2060".replaceAll("\u2060", ""),
        "```",
        "Search ▇▇▇▇▇▇▇▇▇▇ $10.00",
        "検索   ▇▇▇▇▇▁▁▁▁▁ $5.00",
        "🚀 Go  ▇▁▁▁▁▁▁▁▁▁ $0.40",
        "```",
      ].join("\n"),
    );
  });

  it("is one bar a series for each category where there are few", () => {
    const block = chart({
      title: "Spend and budget",
      kind: "bar",
      categories: ["Search", "Core"],
      series: [
        { name: "Spend", values: [50, -5] },
        { name: "Budget", values: [100, 0] },
      ],
    });

    expect(textOf(block)).toBe(
      [
        "*Spend and budget*",
        "```",
        "Search",
        " Spend  ▇▇▇▇▇▁▁▁▁▁ $50.00",
        " Budget ▇▇▇▇▇▇▇▇▇▇ $100.00",
        "Core",
        " Spend  ▁▁▁▁▁▁▁▁▁▁ -$5.00",
        " Budget ▁▁▁▁▁▁▁▁▁▁ $0.00",
        "```",
      ].join("\n"),
    );
  });

  it("is the course of each series where there are many points", () => {
    const block = chart({
      title: "Spend by day",
      kind: "line",
      categories: days(16),
      series: [
        { name: "Opus", values: days(16).map((_, index) => index * 100) },
        { name: "Haiku", values: days(16).map(() => 750) },
      ],
    });

    expect(textOf(block)).toBe(
      [
        "*Spend by day*",
        "```",
        "Nov 1 to Nov 16",
        "Opus, max $1.5k",
        " ▁▁▂▂▃▃▄▄▅▅▆▆▇▇██  $0 → $1.5k",
        "Haiku, max $750",
        " ▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅  $750 → $750",
        "```",
      ].join("\n"),
    );
  });

  it("is a table whose names can end no code block", () => {
    const table = dataTable({
      caption: "*Teams*",
      columns: [{ name: "Team" }, { name: "Spend", align: "right" }],
      rows: [
        ["```<!channel>", "$1.00"],
        ["a name that is longer than fits", "$12.00"],
      ],
    });

    expect(textOf(table)).toBe(
      [
        "**Teams**",
        "```",
        "Team                       Spend",
        "'''&lt;!channel&gt;              $1.00",
        "a name that is longer t…  $12.00",
        "```",
      ].join("\n"),
    );
  });
});

describe("a table that is wider than a phone", () => {
  it("has two lines a row", () => {
    const table = dataTable({
      caption: "Teams",
      columns: ["Team", "Spend", "Budget used", "Change of it"].map((name) => ({ name })),
      rows: [["Search", "$1,234.50", "92%", "+12%"]],
    });

    expect(textOf(table)).toBe(
      [
        "*Teams*",
        "```",
        "Team",
        "  Spend · Budget used · Change of it",
        "Search",
        "  $1,234.50 · 92% · +12%",
        "```",
      ].join("\n"),
    );
  });
});

describe("the numbers of a chart", () => {
  it.each([
    [1234.5, "USD", "$1,234.50", "$1.2k"],
    [-3, "USD", "-$3.00", "-$3"],
    [0, "USD", "$0.00", "$0"],
    [0.0042, "USD", "$0.0042", "$0.004"],
    [2_500_000, "tokens", "2,500,000 tokens", "2.5M tokens"],
    [12.5, "%", "12.5%", "12.5%"],
    [7, "", "7", "7"],
  ])("are %d %s as %s, in short %s", (value, unit, exact, short) => {
    expect(exactNumber(value, unit)).toBe(exact);
    expect(shortNumber(value, unit)).toBe(short);
  });

  it("are all in the alternative text, as long as somebody can listen to them", () => {
    const line = (count: number, series: number): ChartBlock =>
      chart({
        title: "Spend",
        kind: "line",
        categories: days(count),
        series: Array.from({ length: series }, (_, index) => ({
          name: `team ${String(index)}`,
          values: days(count).map((__, at) => at),
        })),
      });

    expect(altTextOf(line(2, 2))).toBe(
      "Line chart of Spend. team 0: Nov 1 $0.00, Nov 2 $1.00; team 1: Nov 1 $0.00, Nov 2 $1.00.",
    );
    expect(altTextOf(line(20, 6))).toContain("team 5 from $0 to $19, at most $19 (Nov 20)");
    expect(altTextOf(line(20, 6)).length).toBeLessThanOrEqual(1_000);
  });
});

describe("a picture", () => {
  const named = (name: string): ChartBlock =>
    chart({ title: "t", kind: "bar", categories: [name], series: [{ name: "s", values: [1] }] });

  it("has words in it", async () => {
    const [words, fewer] = await Promise.all([
      drawPicture(named("Search team")),
      drawPicture(named("l")),
    ]);

    expect(
      Buffer.from(words ?? [])
        .subarray(1, 4)
        .toString(),
    ).toBe("PNG");
    // Without a font both would be the same, byte for byte.
    expect(Buffer.compare(Buffer.from(words ?? []), Buffer.from(fewer ?? []))).not.toBe(0);
  });

  it.each(["bar", "line", "area", "pie"] as const)("is drawn of any %s chart", async (kind) => {
    await fc.assert(
      fc.asyncProperty(anyChart, async (options) => {
        const drawn = await drawPicture(chart({ ...options, kind }));
        expect(drawn?.length ?? 1).toBeGreaterThan(0);
      }),
      { numRuns: 3 },
    );
  });

  it.each([
    ["Ünïcode Ça", "Ünïcode Ça"],
    ["Поиск", "Поиск"],
    ["🚀 Growth ✅", "Growth"],
    ["a<b>&\"c'", "a<b>&\"c'"],
  ])("names %s as %s", (name, drawn) => {
    expect(drawablePlot(named(name))?.categories).toEqual([drawn]);
  });

  it.each(["検索", "فريق", "שלום", "ทีม", "🚀"])("can't show the name %s", (name) => {
    expect(drawablePlot(named(name))).toBeUndefined();
  });
});
