/** How an amount moved, as an arrow and a rate: the same in reports, digests and App Home. */
import { changePercent, type Usd } from "./money.ts";

/** What moved by less than one percent. */
export const UNCHANGED = "unchanged";

/** More than this is not a rate any more. */
const PERCENT_MAX = 9_999;

/** "▲ 12%", "▼ 3%", "▲ >9,999%", or `UNCHANGED`; undefined when there is nothing to compare with. */
export function changeText(now: Usd, before: Usd): string | undefined {
  const percent = changePercent(now, before);
  if (percent === undefined) return undefined;
  if (percent === 0) return UNCHANGED;
  const size = Math.abs(percent);
  const shown =
    size > PERCENT_MAX ? `>${PERCENT_MAX.toLocaleString("en-US")}` : size.toLocaleString("en-US");
  return `${percent > 0 ? "▲" : "▼"} ${shown}%`;
}
