/** What all charts share: the numbers to draw, the colours of series, the legend. */
import type { VNode } from "preact";

interface Series {
  readonly name: string;
  readonly values: readonly number[];
}

export interface Plot {
  readonly kind: string;
  readonly categories: readonly string[];
  readonly series: readonly Series[];
  readonly xLabel: string;
  readonly yLabel: string;
}

export interface PlotProps {
  readonly plot: Plot;
  readonly title: string;
}

/** Colours come from the style sheet, in the order of series. */
export function color(index: number): string {
  return `var(--chart-${String((index % 12) + 1)})`;
}

export function Legend({ names }: { readonly names: readonly string[] }): VNode {
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
