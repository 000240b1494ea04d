import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { usd } from "../../../src/domain/money.ts";
import { validateBlocks } from "../../../src/sandbox/slack/block-kit.ts";
import { chart, dataTable, message } from "../../../src/slack/blocks.ts";
import { anyChart, anyDataTable } from "./arbitraries.ts";

function problems(...blocks: readonly object[]) {
  let ids = 0;
  const validated = validateBlocks("message", blocks, () => `id${String((ids += 1))}`);
  return validated.ok ? [] : validated.problems;
}

describe("chart", () => {
  it("is within every limit of Slack for any input", () => {
    fc.assert(
      fc.property(anyChart, (options) => {
        expect(problems(chart(options))).toEqual([]);
      }),
    );
  });

  it("keeps what every point is worth", () => {
    const drawn = chart({
      title: "Spend by day",
      kind: "line",
      categories: ["Nov 1", "Nov 2"],
      series: [{ name: "Spend", values: [usd(1_239_000_000_000n), -2.5] }],
    });

    expect(drawn).toEqual({
      type: "data_visualization",
      title: "Spend by day",
      chart: {
        type: "line",
        series: [
          {
            name: "Spend",
            data: [
              { label: "Nov 1", value: 1.24 },
              { label: "Nov 2", value: -2.5 },
            ],
          },
        ],
        axis_config: { categories: ["Nov 1", "Nov 2"], y_label: "USD" },
      },
    });
  });

  it("adds neighbours up when there are more than twenty, the newest group whole", () => {
    const days = Array.from({ length: 31 }, (_, index) => `Oct ${String(index + 1)}`);
    const drawn = axes({
      title: "t",
      kind: "line",
      categories: days,
      series: [{ name: "s", values: days.map(() => 1) }],
    });

    expect(drawn.axis_config.categories).toHaveLength(16);
    expect(drawn.axis_config.categories.at(0)).toBe("Oct 1");
    expect(drawn.axis_config.categories.at(-1)).toBe("Oct 30–Oct 31");
    expect(drawn.series[0]?.data.map(({ value }) => value)).toEqual([
      1,
      ...Array.from({ length: 15 }, () => 2),
    ]);
  });

  it("shows the end of each group of a running total", () => {
    const days = Array.from({ length: 40 }, (_, index) => String(index + 1));
    const drawn = axes({
      title: "t",
      kind: "area",
      categories: days,
      series: [{ name: "s", values: days.map(Number) }],
      fold: "last",
    });

    expect(drawn.series[0]?.data.map(({ value }) => value).slice(-3)).toEqual([36, 38, 40]);
  });

  it("folds the smallest bars and series into others, whose sum is theirs", () => {
    const drawn = axes({
      title: "t",
      kind: "bar",
      categories: Array.from({ length: 25 }, (_, index) => `team ${String(index)}`),
      series: Array.from({ length: 8 }, (_, series) => ({
        name: `series ${String(series)}`,
        values: Array.from({ length: 25 }, (__, index) => 100 - index),
      })),
    });

    expect(drawn.axis_config.categories).toHaveLength(20);
    expect(drawn.axis_config.categories.at(-1)).toBe("6 others");
    expect(drawn.series.map(({ name }) => name).at(-1)).toBe("3 others");
    expect(drawn.series[0]?.data.at(-1)?.value).toBe(81 + 80 + 79 + 78 + 77 + 76);
    expect(drawn.series.at(-1)?.data.at(0)?.value).toBe(300);
  });

  it("keeps names apart that are the same after cutting", () => {
    const name = "a very long name of a team";
    const drawn = axes({
      title: "t",
      kind: "bar",
      categories: [`${name} 1`, `${name} 2`, `${name} 3`],
      series: [{ name: "s", values: [1, 2, 3] }],
    });

    expect(drawn.axis_config.categories).toEqual([
      "a very long name of…",
      "a very long name… 2",
      "a very long name… 3",
    ]);
  });

  it("makes a pie of what is above zero, its unit in the title", () => {
    const drawn = chart({
      title: "Spend by model",
      kind: "pie",
      categories: ["a", "b", "c"],
      series: [{ name: "s", values: [3, -1, 0] }],
    });

    expect(drawn.title).toBe("Spend by model (USD)");
    expect(drawn.chart).toEqual({ type: "pie", segments: [{ label: "a", value: 3 }] });
  });

  it("makes bars of a pie that would have no slice", () => {
    const drawn = chart({
      title: "t",
      kind: "pie",
      categories: ["a"],
      series: [{ name: "s", values: [0] }],
    });

    expect(drawn.chart.type).toBe("bar");
  });
});

function axes(options: Parameters<typeof chart>[0]) {
  const drawn = chart(options).chart;
  if (drawn.type === "pie") throw new Error("a chart with axes");
  return drawn;
}

describe("dataTable", () => {
  it("is within every limit of Slack for any input", () => {
    fc.assert(
      fc.property(anyDataTable, (options) => {
        expect(problems(dataTable(options))).toEqual([]);
      }),
    );
  });

  it("sorts amounts as numbers and shows them as they were written", () => {
    const { rows } = dataTable({
      caption: "Teams",
      columns: [{ name: "Team" }, { name: "Spend", align: "right" }],
      rows: [
        ["Search", "$1,234.56"],
        ["2", "−$3.00"],
        ["Core", "n/a"],
        ["Edge", "<$0.01"],
        ["Big", "$1.2M"],
      ],
    });

    expect(rows).toEqual([
      [raw("Team"), raw("Spend")],
      [raw("Search"), { type: "raw_number", value: 1234.56, text: "$1,234.56" }],
      [raw("2"), { type: "raw_number", value: -3, text: "−$3.00" }],
      [raw("Core"), raw("n/a")],
      [raw("Edge"), { type: "raw_number", value: 0.01, text: "<$0.01" }],
      [raw("Big"), { type: "raw_number", value: 1_200_000, text: "$1.2M" }],
    ]);
  });

  it("says how many rows it leaves out", () => {
    const table = dataTable({
      caption: "Teams",
      columns: [{ name: "Team" }],
      rows: Array.from({ length: 1_000 }, (_, index) => [`team ${String(index)}`]),
    });

    expect(table.rows).toHaveLength(100);
    expect(table.caption).toBe("Teams (first 99 of 1,000)");
  });
});

const raw = (text: string) => ({ type: "raw_text", text });

describe("message", () => {
  it("has room for two full charts and a full table", () => {
    const full = (kind: "bar" | "line") =>
      chart({
        title: "t",
        kind,
        categories: Array.from({ length: 20 }, (_, index) => `category ${String(index)} xxxxxxxx`),
        series: Array.from({ length: 6 }, (_, index) => ({
          name: `series ${String(index)}`,
          values: [1],
        })),
      });
    const table = dataTable({
      caption: "Teams",
      columns: [{ name: "Team" }, { name: "Spend", align: "right" }],
      rows: Array.from({ length: 30 }, (_, index) => [`team ${String(index)}`, "$1.00"]),
    });
    const blocks = [full("bar"), full("line"), table];

    expect(message("text", blocks).blocks).toEqual(blocks);
    expect(problems(...message("text", blocks).blocks)).toEqual([]);
  });
});
