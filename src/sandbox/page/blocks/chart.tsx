/**
 * The `data_visualization` block as SVG, with a table of the same numbers for those who prefer it.
 * Colours come from the style sheet, in the order of series, as in Slack.
 */
import { type RefObject, type VNode } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Json, number, record, records, string, strings } from "../text/json.ts";
import { niceScale, type Scale, shortNumber, slicePath } from "./chart-scale.ts";

interface Series {
  readonly name: string;
  readonly values: readonly number[];
}

interface Plot {
  readonly kind: string;
  readonly categories: readonly string[];
  readonly series: readonly Series[];
  readonly xLabel: string;
  readonly yLabel: string;
}

/** Until the real width is known. */
const USUAL_WIDTH = 606;
const HEIGHT = 250;
const LEFT = 52;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 30;

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

interface PlotProps {
  readonly plot: Plot;
  readonly title: string;
}

function color(index: number): string {
  return `var(--chart-${String((index % 12) + 1)})`;
}

/** Drawn at the width it has, so that its words stay as large as the others. */
function useWidth(frame: RefObject<HTMLElement>): number {
  const [width, setWidth] = useState(USUAL_WIDTH);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const measure = (): void => setWidth(Math.max(240, element.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return width;
}

function Axes({ plot, title }: PlotProps): VNode {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const scale = niceScale(plot.series.flatMap(({ values }) => values));
  const y: ToY = (value) =>
    TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - scale.min) / (scale.max - scale.min));
  return (
    <div ref={frame}>
      {plot.yLabel !== "" && <div class="chart-axis-name">{plot.yLabel}</div>}
      <svg
        class="chart-plot"
        viewBox={`0 0 ${String(width)} ${String(HEIGHT)}`}
        role="img"
        aria-label={`${title}, ${plot.kind} chart`}
      >
        <Grid scale={scale} y={y} width={width} />
        <CategoryNames categories={plot.categories} width={width} />
        {plot.kind === "bar" ? (
          <Bars plot={plot} y={y} width={width} />
        ) : (
          <Lines plot={plot} y={y} width={width} />
        )}
      </svg>
      {plot.xLabel !== "" && <div class="chart-axis-name chart-axis-name-x">{plot.xLabel}</div>}
      {plot.series.length > 1 && <Legend names={plot.series.map(({ name }) => name)} />}
    </div>
  );
}

type ToY = (value: number) => number;

function Grid({
  scale,
  y,
  width,
}: {
  readonly scale: Scale;
  readonly y: ToY;
  readonly width: number;
}): VNode {
  return (
    <g>
      {scale.ticks.map((tick) => (
        <g>
          <line
            class={tick === 0 ? "chart-zero" : "chart-grid"}
            x1={LEFT}
            x2={width - RIGHT}
            y1={y(tick)}
            y2={y(tick)}
          />
          <text class="chart-label" x={LEFT - 8} y={y(tick) + 4} text-anchor="end">
            {shortNumber(tick)}
          </text>
        </g>
      ))}
    </g>
  );
}

/** Beyond about a dozen, names would run into each other: only every second, third… is written. */
interface NamesProps {
  readonly categories: readonly string[];
  readonly width: number;
}

function CategoryNames({ categories, width }: NamesProps): VNode {
  const longest = Math.max(1, ...categories.map(({ length }) => length));
  const room = (width - LEFT - RIGHT) / Math.max(1, categories.length);
  const every = Math.max(1, Math.ceil((longest * 6.4 + 8) / room));
  return (
    <g>
      {categories.map((category, index) =>
        index % every === 0 ? (
          <text
            class="chart-label"
            x={centerOf(index, categories.length, width)}
            y={HEIGHT - 10}
            text-anchor="middle"
          >
            {category}
          </text>
        ) : null,
      )}
    </g>
  );
}

function centerOf(index: number, count: number, width: number): number {
  return LEFT + ((width - LEFT - RIGHT) * (index + 0.5)) / Math.max(1, count);
}

interface MarksProps {
  readonly plot: Plot;
  readonly y: ToY;
  readonly width: number;
}

function Bars({ plot, y, width }: MarksProps): VNode {
  const slot = (width - LEFT - RIGHT) / Math.max(1, plot.categories.length);
  const group = Math.min(slot * 0.72, 44 * plot.series.length);
  const thickness = group / Math.max(1, plot.series.length);
  return (
    <g>
      {plot.series.map(({ name, values }, series) =>
        values.map((value, index) => {
          const x = centerOf(index, plot.categories.length, width) - group / 2 + series * thickness;
          const top = Math.min(y(value), y(0));
          return (
            <rect
              x={x + 1}
              y={top}
              width={Math.max(1, thickness - 2)}
              height={Math.abs(y(value) - y(0))}
              rx="2"
              style={{ fill: color(series) }}
            >
              <title>{`${plot.categories[index] ?? ""} · ${name}: ${value.toLocaleString("en-US")}`}</title>
            </rect>
          );
        }),
      )}
    </g>
  );
}

function Lines({ plot, y, width }: MarksProps): VNode {
  const count = plot.categories.length;
  return (
    <g>
      {plot.series.map(({ name, values }, series) => {
        const points = values
          .map(
            (value, index) => `${centerOf(index, count, width).toFixed(1)},${y(value).toFixed(1)}`,
          )
          .join(" ");
        const base = `${centerOf(count - 1, count, width).toFixed(1)},${y(0).toFixed(1)} ${centerOf(0, count, width).toFixed(1)},${y(0).toFixed(1)}`;
        return (
          <g>
            {plot.kind === "area" && (
              <polygon
                class="chart-area"
                points={`${points} ${base}`}
                style={{ fill: color(series) }}
              />
            )}
            <polyline class="chart-line" points={points} style={{ stroke: color(series) }} />
            {values.map((value, index) => (
              <circle
                class="chart-dot"
                cx={centerOf(index, count, width)}
                cy={y(value)}
                r="3"
                style={{ fill: color(series) }}
              >
                <title>{`${plot.categories[index] ?? ""} · ${name}: ${value.toLocaleString("en-US")}`}</title>
              </circle>
            ))}
          </g>
        );
      })}
    </g>
  );
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

function Legend({ names }: { readonly names: readonly string[] }): VNode {
  return (
    <ul class="chart-legend">
      {names.map((name, index) => (
        <li>
          <span class="chart-key" style={{ background: color(index) }} />
          {name}
        </li>
      ))}
    </ul>
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
