/**
 * The numbers of a chart block as people read them, for everything that stands in for the chart:
 * its picture, its text, the picture's alternative text. Pure.
 */
import type { ChartBlock } from "../block-types.ts";
import { truncate } from "../text.ts";

export interface Plot {
  readonly title: string;
  readonly kind: ChartBlock["chart"]["type"];
  /** "USD", "%", "tokens"; empty when the block tells none. */
  readonly unit: string;
  readonly categories: readonly string[];
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
}

/** Slack takes 2,000; nobody listens to more than this. */
export const ALT_TEXT_CHARS_MAX = 1_000;

export function plotOf({ title, chart }: ChartBlock): Plot {
  if (chart.type === "pie") {
    const [, words = title, unit = ""] = /^(.*) \(([^()]*)\)$/u.exec(title) ?? [];
    return {
      title: words,
      kind: "pie",
      unit,
      categories: chart.segments.map(({ label }) => label),
      series: [{ name: words, values: chart.segments.map(({ value }) => value) }],
    };
  }
  return {
    title,
    kind: chart.type,
    unit: chart.axis_config.y_label ?? "",
    categories: chart.axis_config.categories,
    series: chart.series.map(({ name, data }) => ({
      name,
      values: data.map(({ value }) => value),
    })),
  };
}

/** "$1,234.56", "12.5%", "1,200 tokens". */
export function exactNumber(value: number, unit: string): string {
  if (unit !== "USD") return withUnit(value, unit, { maximumFractionDigits: 2 });
  const digits = Math.abs(value) >= 1 || value === 0 ? 2 : 4;
  return dollars(value, { minimumFractionDigits: 2, maximumFractionDigits: digits });
}

/** "$1.2k", "$350", "12%": rounded for reading at a glance. */
export function shortNumber(value: number, unit: string): string {
  const size = Math.abs(value);
  const digits = size >= 1_000 ? 1 : size >= 100 ? 0 : size >= 1 || value === 0 ? 2 : 3;
  const options: Intl.NumberFormatOptions = {
    notation: size >= 1_000 ? "compact" : "standard",
    maximumFractionDigits: digits,
  };
  const text = unit === "USD" ? dollars(value, options) : withUnit(value, unit, options);
  return text.replace("K", "k");
}

function dollars(value: number, options: Intl.NumberFormatOptions): string {
  const amount = formatted(Math.abs(value), options);
  return `${value < 0 ? "-" : ""}$${amount}`;
}

function withUnit(value: number, unit: string, options: Intl.NumberFormatOptions): string {
  const number = formatted(value, options);
  if (unit === "") return number;
  return unit === "%" ? `${number}%` : `${number} ${unit}`;
}

function formatted(value: number, options: Intl.NumberFormatOptions): string {
  const { notation = "", minimumFractionDigits = "", maximumFractionDigits = "" } = options;
  const key = `${notation} ${String(minimumFractionDigits)} ${String(maximumFractionDigits)}`;
  const format = formats.get(key) ?? new Intl.NumberFormat("en-US", options);
  formats.set(key, format);
  return format.format(value);
}

/** Making one takes longer than all else about a chart. As many as there are ways to round above. */
const formats = new Map<string, Intl.NumberFormat>();

/** What the chart shows, with its numbers, for people who can't see it. */
export function altTextOf(block: ChartBlock): string {
  const plot = plotOf(block);
  const numbers = (format: typeof exactNumber) =>
    plot.series
      .map(({ name, values }) => {
        const points = plot.categories.map(
          (category, index) => `${category} ${format(values[index] ?? 0, plot.unit)}`,
        );
        return `${plot.series.length > 1 ? `${name}: ` : ""}${points.join(", ")}`;
      })
      .join("; ");
  const start = `${KINDS[plot.kind]} of ${plot.title}. `;
  const exact = `${start}${numbers(exactNumber)}.`;
  if (exact.length <= ALT_TEXT_CHARS_MAX) return exact;
  const short = `${start}${numbers(shortNumber)}.`;
  if (short.length <= ALT_TEXT_CHARS_MAX) return short;
  return truncate(
    `${start}${plot.series.map((line) => courseOf(plot, line)).join("; ")}.`,
    ALT_TEXT_CHARS_MAX,
  );
}

const KINDS = {
  bar: "Bar chart",
  line: "Line chart",
  area: "Area chart",
  pie: "Pie chart",
} as const;

/** A whole series in a few words: "Search from $12 to $40, at most $60 (Nov 3)". */
function courseOf(plot: Plot, { name, values }: Plot["series"][number]): string {
  const most = Math.max(...values);
  const text = (value: number) => shortNumber(value, plot.unit);
  const ends = `${text(values.at(0) ?? 0)} to ${text(values.at(-1) ?? 0)}`;
  return `${name} from ${ends}, at most ${text(most)} (${plot.categories[values.indexOf(most)] ?? ""})`;
}
