/**
 * Slack's native charts, within its limits for any input. Pure. What a workspace gets that refuses
 * them is up to the sending; who builds a message need not think of it (ADR 0028).
 */
import { type Usd, usdToDecimal } from "../../domain/money.ts";
import type { ChartBlock, ChartPoint } from "../block-types.ts";
import { NO_TEXT, oneLine } from "../text.ts";

const TITLE_CHARS_MAX = 50;
const LABEL_CHARS_MAX = 20;
const POINTS_MAX = 20;
/** Newer references say 12, older ones 6: six is accepted by every published version. */
const SERIES_MAX = 6;
const UNIT_CHARS_MAX = 20;
/** More than any organization spends; beyond it a sum could stop being a number. */
const VALUE_MAX = 1e15;

export interface ChartOptions {
  readonly title: string;
  readonly kind: "bar" | "line" | "area" | "pie";
  readonly categories: readonly string[];
  /** One value a category; a missing one is zero. A pie shows the sum of all series. */
  readonly series: readonly { readonly name: string; readonly values: readonly (number | Usd)[] }[];
  /** What the numbers are, as people read it beside the axis: "USD" unless told, "tokens", "%". */
  readonly unit?: string;
  /**
   * What becomes of categories beyond the twentieth (of a pie: the sixth): the smallest together as
   * "Others" (bars and pies unless told), or neighbours together as their sum (lines and areas
   * unless told) or as the last of them (for running totals).
   */
  readonly fold?: "others" | "sum" | "last";
}

interface Lines {
  readonly categories: readonly string[];
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
}

/**
 * A chart for a message (never a modal or Home), at most two a message. The alternative text of its
 * picture, where a workspace needs one, is made of the same numbers.
 */
export function chart(options: ChartOptions): ChartBlock {
  const unit = oneLine(options.unit ?? "USD", UNIT_CHARS_MAX);
  const fold = options.fold ?? (["bar", "pie"].includes(options.kind) ? "others" : "sum");
  const lines = foldSeries(exactLines(options));
  if (options.kind === "pie") {
    const segments = slices(lines);
    if (segments.length > 0) {
      return {
        type: "data_visualization",
        // A pie has no axis that could tell the unit.
        title: titled(options.title, ` (${unit})`),
        chart: { type: "pie", segments },
      };
    }
  }
  const { categories, series } = foldCategories(lines, { fold, pointsMax: POINTS_MAX });
  const labels = distinctLabels(categories);
  const names = distinctLabels(series.map(({ name }) => name));
  return {
    type: "data_visualization",
    title: titled(options.title, ""),
    chart: {
      // Without anything above zero there are no slices to draw.
      type: options.kind === "pie" ? "bar" : options.kind,
      series: series.map(({ values }, index) => ({
        name: names[index] ?? "",
        data: labels.map((label, at) => ({ label, value: rounded(values[at] ?? 0) })),
      })),
      axis_config: { categories: labels, y_label: unit },
    },
  };
}

function titled(title: string, ending: string): string {
  return oneLine(title, TITLE_CHARS_MAX - ending.length) + ending;
}

/** Every series with exactly one finite number for each category; at least one of both. */
function exactLines({ categories, series }: ChartOptions): Lines {
  const given = categories.length === 0 ? [NO_TEXT] : categories;
  const drawn = series.length === 0 ? [{ name: NO_TEXT, values: [] }] : series;
  return {
    categories: given,
    series: drawn.map(({ name, values }) => ({
      name,
      values: given.map((_, index) => finite(values[index] ?? 0)),
    })),
  };
}

function finite(value: number | Usd): number {
  const number = typeof value === "bigint" ? Number(usdToDecimal(value)) : value;
  return Number.isNaN(number) ? 0 : Math.max(-VALUE_MAX, Math.min(VALUE_MAX, number));
}

/** Cents are enough where there are dollars; below one, four digits say what it is about. */
function rounded(value: number): number {
  const short = Math.abs(value) >= 1 ? Number(value.toFixed(2)) : Number(value.toPrecision(4));
  return short === 0 ? 0 : short; // Not the negative one.
}

function slices(lines: Lines): readonly ChartPoint[] {
  const total = {
    name: "",
    values: lines.categories.map((_, index) =>
      sum(lines.series.map(({ values }) => values[index] ?? 0)),
    ),
  };
  const isSlice = total.values.map((value) => rounded(value) > 0);
  const positive: Lines = {
    categories: lines.categories.filter((_, index) => isSlice[index] === true),
    series: [{ name: "", values: total.values.filter((_, index) => isSlice[index] === true) }],
  };
  const folded = foldCategories(positive, { fold: "others", pointsMax: SERIES_MAX });
  const values = folded.series[0]?.values ?? [];
  return distinctLabels(folded.categories).map((label, index) => ({
    label,
    value: rounded(values[index] ?? 0),
  }));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function foldSeries({ categories, series }: Lines): Lines {
  if (series.length <= SERIES_MAX) return { categories, series };
  const sizes = series.map(({ values }) => Math.abs(sum(values)));
  const kept = indexesOfLargest(sizes, SERIES_MAX - 1);
  const others = series.filter((_, index) => !kept.has(index));
  const values = categories.map((_, index) => sum(others.map((one) => one.values[index] ?? 0)));
  return {
    categories,
    series: [
      ...series.filter((_, index) => kept.has(index)),
      { name: othersName(others.length), values },
    ],
  };
}

function foldCategories(
  lines: Lines,
  { fold, pointsMax }: { readonly fold: "others" | "sum" | "last"; readonly pointsMax: number },
): Lines {
  const count = lines.categories.length;
  if (count <= pointsMax) return lines;
  if (fold === "others") return foldSmallest(lines, pointsMax);
  const size = Math.ceil(count / pointsMax);
  // Groups are counted from the end, so that the newest one is whole.
  const starts = Array.from({ length: Math.ceil(count / size) }, (_, index) => count - index * size)
    .toReversed()
    .map((end) => ({ from: Math.max(0, end - size), end }));
  return {
    categories: starts.map(({ from, end }) =>
      end - from === 1
        ? (lines.categories[from] ?? "")
        : `${lines.categories[from] ?? ""}–${lines.categories[end - 1] ?? ""}`,
    ),
    series: lines.series.map(({ name, values }) => ({
      name,
      values: starts.map(({ from, end }) =>
        fold === "last" ? (values[end - 1] ?? 0) : sum(values.slice(from, end)),
      ),
    })),
  };
}

function foldSmallest({ categories, series }: Lines, pointsMax: number): Lines {
  const sizes = categories.map((_, index) =>
    sum(series.map(({ values }) => Math.abs(values[index] ?? 0))),
  );
  const kept = indexesOfLargest(sizes, pointsMax - 1);
  return {
    categories: [
      ...categories.filter((_, index) => kept.has(index)),
      othersName(categories.length - kept.size),
    ],
    series: series.map(({ name, values }) => ({
      name,
      values: [
        ...values.filter((_, index) => kept.has(index)),
        sum(values.filter((_, index) => !kept.has(index))),
      ],
    })),
  };
}

function othersName(count: number): string {
  return `${String(count)} others`;
}

function indexesOfLargest(sizes: readonly number[], count: number): ReadonlySet<number> {
  const order = sizes.map((size, index) => ({ size, index })).toSorted((a, b) => b.size - a.size);
  return new Set(order.slice(0, count).map(({ index }) => index));
}

/** Slack refuses two categories of one name, which cutting to twenty characters may make. */
function distinctLabels(names: readonly string[]): readonly string[] {
  const used = new Set<string>();
  return names.map((name) => {
    let label = oneLine(name, LABEL_CHARS_MAX);
    for (let number = 2; used.has(keyOf(label)); number += 1) {
      const ending = ` ${String(number)}`;
      label = oneLine(name, LABEL_CHARS_MAX - ending.length) + ending;
    }
    used.add(keyOf(label));
    return label;
  });
}

function keyOf(label: string): string {
  return label.normalize("NFKC").toLowerCase();
}
