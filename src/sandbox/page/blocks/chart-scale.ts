/** Where things stand in a chart: round ticks, positions, slices. Pure. */

export interface Scale {
  readonly ticks: readonly number[];
  readonly min: number;
  readonly max: number;
}

/** An axis from zero (or below, for negative values) in about four round steps. */
export function niceScale(values: readonly number[]): Scale {
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const span = high - low === 0 ? 1 : high - low;
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.floor(low / step);
  const last = Math.ceil((high === low ? span : high) / step);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  return { ticks, min: first * step, max: last * step };
}

/** "1,250", "12.5K", "3M": as short as an axis needs. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  return new Intl.NumberFormat("en-US", {
    notation: size >= 10_000 ? "compact" : "standard",
    ...(size > 0 && size < 1
      ? { maximumSignificantDigits: 2 }
      : { maximumFractionDigits: size >= 100 ? 1 : 2 }),
  }).format(value);
}

/** The outline of one slice of a pie around (0, 0) with radius 1, angles as shares of a turn. */
export function slicePath(from: number, to: number): string {
  if (to - from >= 1) return "M 0 -1 A 1 1 0 1 1 0 1 A 1 1 0 1 1 0 -1 Z";
  const [startX, startY] = onCircle(from);
  const [endX, endY] = onCircle(to);
  const isLarge = to - from > 0.5 ? "1" : "0";
  return `M 0 0 L ${startX} ${startY} A 1 1 0 ${isLarge} 1 ${endX} ${endY} Z`;
}

function onCircle(share: number): readonly [string, string] {
  const angle = share * 2 * Math.PI - Math.PI / 2;
  return [Math.cos(angle).toFixed(4), Math.sin(angle).toFixed(4)];
}
