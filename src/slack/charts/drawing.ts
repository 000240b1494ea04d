/**
 * Draws a plot: ECharts lays it out as SVG, resvg paints that as PNG outside of JavaScript's thread.
 * Both are heavy, so only `picture.ts` imports this file, and only when there is something to draw.
 *
 * The font is a file of a package: without one resvg paints charts without a word and no error, and
 * a server has no fonts of its own.
 */
import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { renderAsync } from "@resvg/resvg-js";
import { BarChart, LineChart, PieChart } from "echarts/charts";
import { GridComponent, LegendComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { type Plot, shortNumber } from "./plot.ts";

use([BarChart, LineChart, PieChart, GridComponent, LegendComponent, SVGRenderer]);

/** Small, so that words are still read when a phone shows the picture at half of it. */
const WIDTH = 640;
const HEIGHT = 360;
/** Larger than it is drawn, for sharp text on every screen. */
const PICTURE_WIDTH = 1_600;
const BAR_ROW_HEIGHT = 32;
/** About how wide a letter of the axis is. */
const LETTER_WIDTH = 10;
const VALUE_LABELS_MAX = 8;
const FONT_SIZE = 16;

const COLORS = ["#1d74c9", "#e8912d", "#2bac76", "#8650b8", "#e01e5a", "#15959f"];
/** White in light and dark mode: a transparent picture would lose its words in one of them. */
const BACKGROUND = "#ffffff";
const INK = "#1d1c1d";
const FAINT_INK = "#616061";
const GRID_LINE = "#e8e8e8";

const FONT_FAMILY = "Inter";
const FONT_FILES = [
  import.meta.resolve("@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf"),
].map((url) => fileURLToPath(url));

type Options = Parameters<ReturnType<typeof init>["setOption"]>[0];

/** The plot as PNG, 1,600 pixels wide. */
export async function paint(plot: Plot): Promise<Uint8Array> {
  await Promise.all(FONT_FILES.map(async (file) => await access(file)));
  const painted = await renderAsync(svgOf(plot), {
    font: { loadSystemFonts: false, fontFiles: FONT_FILES, defaultFontFamily: FONT_FAMILY },
    fitTo: { mode: "width", value: PICTURE_WIDTH },
  });
  return painted.asPng();
}

function svgOf(plot: Plot): string {
  const isAcross = plot.kind === "bar" && !fitBelow(plot.categories);
  const rows = plot.categories.length * Math.max(1, plot.series.length * 0.7);
  const height = isAcross ? Math.max(HEIGHT / 2, 70 + rows * BAR_ROW_HEIGHT) : HEIGHT;
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: BACKGROUND,
      color: COLORS,
      textStyle: { fontFamily: FONT_FAMILY, color: INK },
      ...(plot.kind === "pie" ? pieOptions(plot) : axesOptions(plot, isAcross)),
    });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

/** Whether the names have room side by side; else the bars lie, and each name has a line. */
function fitBelow(categories: readonly string[]): boolean {
  const longest = Math.max(...categories.map(({ length }) => length));
  return longest * LETTER_WIDTH + 12 <= (WIDTH - 80) / categories.length;
}

function axesOptions(plot: Plot, isAcross: boolean): Options {
  const isMany = plot.series.length > 1;
  const names = {
    type: "category" as const,
    data: [...plot.categories],
    inverse: isAcross,
    boundaryGap: true,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: FAINT_INK } },
    axisLabel: {
      color: INK,
      fontSize: FONT_SIZE,
      hideOverlap: true,
      ...(isAcross ? { interval: 0 } : {}),
    },
  };
  const numbers = {
    type: "value" as const,
    splitLine: { lineStyle: { color: GRID_LINE } },
    axisLabel: {
      color: FAINT_INK,
      fontSize: FONT_SIZE,
      hideOverlap: true,
      formatter: (value: number) => shortNumber(value, plot.unit),
    },
  };
  return {
    grid: { left: 16, right: 40, top: isMany ? 56 : 28, bottom: 16, ...INSIDE },
    ...(isMany ? { legend: legend({ left: "center", top: 14, itemGap: 20 }) } : {}),
    xAxis: isAcross ? numbers : names,
    yAxis: isAcross ? names : numbers,
    series: plot.series.map(({ name, values }) => ({
      name,
      data: [...values],
      ...(plot.kind === "bar" ? barStyle(plot, isAcross) : lineStyle(plot)),
    })),
  };
}

/** Names of both axes stay inside of the picture, however long. */
const INSIDE = { outerBoundsMode: "same", outerBoundsContain: "axisLabel" } as const;

function barStyle(plot: Plot, isAcross: boolean) {
  const isLabelled = plot.series.length === 1 && plot.categories.length <= VALUE_LABELS_MAX;
  return {
    type: "bar" as const,
    barMaxWidth: 48,
    itemStyle: { borderRadius: 3 },
    label: {
      ...numberLabel(plot),
      show: isLabelled || isAcross,
      position: isAcross ? ("right" as const) : ("top" as const),
    },
  };
}

function numberLabel({ unit }: Plot) {
  return {
    color: INK,
    fontSize: FONT_SIZE,
    formatter: ({ value }: { readonly value?: unknown }) => shortNumber(Number(value), unit),
  };
}

function lineStyle(plot: Plot) {
  return {
    type: "line" as const,
    symbol: "circle",
    symbolSize: 7,
    lineStyle: { width: 3 },
    // A lone point says nothing by its place.
    label: { ...numberLabel(plot), show: plot.categories.length === 1, position: "top" as const },
    ...(plot.kind === "area" ? { areaStyle: { opacity: 0.18 } } : {}),
  };
}

function pieOptions({ categories, series, unit }: Plot): Options {
  const values = series[0]?.values ?? [];
  const total = values.reduce((sum, value) => sum + value, 0);
  const names = categories.map((category, index) => {
    const value = values[index] ?? 0;
    return `${category}   ${shortNumber(value, unit)} · ${shareText(value / total)}`;
  });
  return {
    legend: legend({ orient: "vertical", left: 290, top: "middle", itemGap: 18 }),
    series: [
      {
        type: "pie",
        radius: ["38%", "70%"],
        center: [145, "50%"],
        startAngle: 90,
        label: { show: false },
        itemStyle: { borderColor: BACKGROUND, borderWidth: 2 },
        data: names.map((name, index) => ({ name, value: values[index] ?? 0 })),
      },
    ],
  };
}

function shareText(share: number): string {
  return share < 0.005 ? "<1%" : `${String(Math.round(100 * share))}%`;
}

function legend(place: Readonly<Record<string, unknown>>) {
  return {
    ...place,
    icon: "roundRect",
    itemWidth: 14,
    itemHeight: 14,
    textStyle: { color: INK, fontSize: FONT_SIZE, fontFamily: FONT_FAMILY },
  };
}
