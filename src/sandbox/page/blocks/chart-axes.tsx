/** Bars, lines and areas over a row of categories. */
import type { RefObject, VNode } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { color, Legend, type Plot, type PlotProps } from "./chart-plot.tsx";
import { niceScale, type Scale, shortNumber } from "./chart-scale.ts";

/** Until the real width is known. */
const USUAL_WIDTH = 606;
const PLOT_HEIGHT = 208;
const LEFT = 52;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 30;
const LETTER = 6.4;
/** Names of bars that have no room side by side are written uphill, by so many degrees. */
const SLANT = 32;
const STEEP = 60;
/** Less room for each bar than this is for steep names. */
const SLANT_ROOM = 26;

/** Drawn at the width it has, so that its words stay as large as the others. */
function useWidth(frame: RefObject<HTMLElement | null>): number {
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

export function Axes({ plot, title }: PlotProps): VNode {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const scale = niceScale(plot.series.flatMap(({ values }) => values));
  const names = namesOf(plot, width);
  const height = TOP + PLOT_HEIGHT + names.height;
  const y: ToY = (value) => TOP + PLOT_HEIGHT * (1 - (value - scale.min) / (scale.max - scale.min));
  return (
    <div ref={frame}>
      {plot.yLabel !== "" && <div class="chart-axis-name">{plot.yLabel}</div>}
      <svg
        class="chart-plot"
        viewBox={`0 0 ${String(width)} ${String(height)}`}
        role="img"
        aria-label={`${title}, ${plot.kind} chart`}
      >
        <Grid scale={scale} y={y} width={width} />
        <CategoryNames categories={plot.categories} width={width} names={names} />
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

interface Names {
  /** In degrees; 0 where they have room side by side. */
  readonly slant: number;
  /** Only every second, third… is written where they would run into each other. */
  readonly every: number;
  readonly height: number;
}

function namesOf({ kind, categories }: Plot, width: number): Names {
  const longest = Math.max(1, ...categories.map(({ length }) => length)) * LETTER;
  const room = (width - LEFT - RIGHT) / Math.max(1, categories.length);
  const every = Math.max(1, Math.ceil((longest + 8) / room));
  if (kind !== "bar" || every === 1) return { slant: 0, every, height: BOTTOM };
  const isWide = longest * Math.cos((SLANT * Math.PI) / 180) > LEFT + room / 2;
  const slant = isWide || room < SLANT_ROOM ? STEEP : SLANT;
  const height = BOTTOM - 10 + longest * Math.sin((slant * Math.PI) / 180);
  return { slant, every: 1, height };
}

interface NamesProps {
  readonly categories: readonly string[];
  readonly width: number;
  readonly names: Names;
}

function CategoryNames({ categories, width, names }: NamesProps): VNode {
  const isSlanted = names.slant > 0;
  const top = TOP + PLOT_HEIGHT + 20;
  return (
    <g>
      {categories.map((category, index) => {
        if (index % names.every !== 0) return null;
        const x = centerOf(index, categories.length, width);
        return (
          <text
            class="chart-label"
            x={isSlanted ? x + 6 : x}
            y={isSlanted ? top - 6 : top}
            text-anchor={isSlanted ? "end" : "middle"}
            transform={
              isSlanted
                ? `rotate(${String(-names.slant)} ${String(x + 6)} ${String(top - 6)})`
                : undefined
            }
          >
            {category}
          </text>
        );
      })}
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
