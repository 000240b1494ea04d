/** One measured figure and the baseline of the same run, printed as one JSON line. */

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is compared with. */
  readonly baseline: string;
  readonly baseline_value: number;
}

/** Ratio: value through baseline, so more is better for rates. */
export function printFigure(figure: Figure): void {
  const ratio = figure.value / figure.baseline_value;
  const rounded = (value: number): number => Number(value.toPrecision(4));
  process.stdout.write(
    `${JSON.stringify({
      name: figure.name,
      value: rounded(figure.value),
      unit: figure.unit,
      baseline: figure.baseline,
      baseline_value: rounded(figure.baseline_value),
      ratio: rounded(ratio),
    })}\n`,
  );
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
