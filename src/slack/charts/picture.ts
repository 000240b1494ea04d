/**
 * A chart as a PNG, for workspaces that refuse the native block. What draws it (`drawing.ts`, some
 * 40 MB of memory) is loaded with the first picture, since most workspaces never need one.
 */
import type { ChartBlock } from "../block-types.ts";
import { type Plot, plotOf } from "./plot.ts";

/** What the font has letters for: of others it would show nothing at all, without a word. */
const DRAWABLE =
  /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\u0020-\u007E\u00A0-\u00BF×÷\u2010-\u2027\u2030-\u203A\u20AC\u2122\u2190-\u2193\u2212]*$/u;
/** Left out of pictures; the alternative text has them. */
const UNDRAWN = /\p{Emoji_Presentation}|\p{Emoji_Modifier}|\p{Cf}|\p{Variation_Selector}/gu;

/** The chart as PNG; undefined when its names are in letters that pictures can't show. */
export async function drawPicture(block: ChartBlock): Promise<Uint8Array | undefined> {
  const plot = drawablePlot(block);
  if (plot === undefined) return undefined;
  const { paint } = await import("./drawing.ts");
  return await paint(plot);
}

/** Without emoji; undefined when a name has other letters than the font, or nothing but emoji. */
export function drawablePlot(block: ChartBlock): Plot | undefined {
  const plot = plotOf(block);
  const categories = plot.categories.map(drawn);
  const series = plot.series.map(({ name, values }) => ({ name: drawn(name), values }));
  const names = [...categories, ...series.map(({ name }) => name)];
  const isDrawable = names.every((name) => name !== "" && DRAWABLE.test(name));
  return isDrawable ? { ...plot, categories, series } : undefined;
}

function drawn(name: string): string {
  return name.normalize("NFC").replace(UNDRAWN, "").replace(/\s+/g, " ").trim();
}
