/**
 * The `data_visualization` block as SVG, with a table of the same numbers for those who prefer it.
 */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { type Json, number, record, records, string, strings } from "../text/json.ts";
import { Axes } from "./chart-axes.tsx";
import { color, Legend, type Plot, type PlotProps } from "./chart-plot.tsx";
import { slicePath } from "./chart-scale.ts";

export function Chart({ block }: { readonly block: Json }): VNode {
  const [isTable, setTable] = useState(false);
  const chart = record(block["chart"]) ?? {};
  const plot = plotOf(chart);
  const title = string(block["title"]);
  return (
    <figure class="chart">
      <figcaption class="chart-head">
        <span class="chart-title">{title}</span>
        <button type="button" class="chart-switch" onClick={() => setTable(!isTable)}>
          {isTable ? "Show chart" : "Show table"}
        </button>
      </figcaption>
      {isTable ? (
        <NumbersTable plot={plot} title={title} />
      ) : plot.kind === "pie" ? (
        <Pie plot={plot} title={title} />
      ) : (
        <Axes plot={plot} title={title} />
      )}
    </figure>
  );
}

function plotOf(chart: Json): Plot {
  const kind = string(chart["type"]);
  const axis = record(chart["axis_config"]) ?? {};
  if (kind === "pie") {
    const segments = records(chart["segments"]);
    const values = segments.map((segment) => number(segment["value"]) ?? 0);
    const categories = segments.map((segment) => string(segment["label"]));
    return { kind, categories, series: [{ name: "Value", values }], xLabel: "", yLabel: "" };
  }
  const categories = strings(axis["categories"]);
  const series = records(chart["series"]).map((one) => {
    const points = new Map(
      records(one["data"]).map((point) => [string(point["label"]), number(point["value"]) ?? 0]),
    );
    return {
      name: string(one["name"]),
      values: categories.map((category) => points.get(category) ?? 0),
    };
  });
  return {
    kind,
    categories,
    series,
    xLabel: string(axis["x_label"]),
    yLabel: string(axis["y_label"]),
  };
}

function Pie({ plot, title }: PlotProps): VNode {
  const values = plot.series[0]?.values ?? [];
  const total = values.reduce((sum, value) => sum + value, 0);
  let from = 0;
  const slices = values.map((value, index) => {
    const start = from;
    from += total === 0 ? 0 : value / total;
    return (
      <path class="chart-slice" d={slicePath(start, from)} style={{ fill: color(index) }}>
        <title>{`${plot.categories[index] ?? ""}: ${value.toLocaleString("en-US")}`}</title>
      </path>
    );
  });
  const names = values.map(
    (value, index) =>
      `${plot.categories[index] ?? ""} · ${String(Math.round((100 * value) / Math.max(total, Number.MIN_VALUE)))} %`,
  );
  return (
    <div class="chart-pie">
      <svg viewBox="-1.04 -1.04 2.08 2.08" role="img" aria-label={`${title}, pie chart`}>
        {slices}
      </svg>
      <Legend names={names} />
    </div>
  );
}

function NumbersTable({ plot, title }: PlotProps): VNode {
  return (
    <div class="table-frame">
      <table class="table" aria-label={title}>
        <thead>
          <tr>
            <th scope="col">{plot.xLabel === "" ? "Label" : plot.xLabel}</th>
            {plot.series.map(({ name }) => (
              <th scope="col" class="align-right">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {plot.categories.map((category, index) => (
            <tr>
              <th scope="row">{category}</th>
              {plot.series.map(({ values }) => (
                <td class="align-right">{(values[index] ?? 0).toLocaleString("en-US")}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
