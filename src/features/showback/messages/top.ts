/** What `top` answers. Pure. */
import { changeText, UNCHANGED } from "../../../domain/change-text.ts";
import { formatUsd, type Usd } from "../../../domain/money.ts";
import { basisText } from "../../../slack/basis-text.ts";
import {
  context,
  escapeText,
  header,
  message,
  type SlackMessage,
  section,
} from "../../../slack/blocks.ts";
import { TOP_SHOWN_MAX, type TopList } from "../rules/top.ts";
import { type Dimension, topRows } from "../rules.ts";
import { inSentence, sharePercentText } from "./parts.ts";

const CALLED: Readonly<Record<Dimension, { readonly title: string; readonly none: string }>> = {
  user: { title: "people", none: "no person" },
  project: { title: "projects", none: "no project" },
  model: { title: "models", none: "no model" },
  api_key: { title: "API keys", none: "no API key" },
  team: { title: "teams", none: "Unallocated" },
};

/** The costliest of a scope, as a numbered list with buttons for the other lists. */
export function topMessage({
  name,
  dimension,
  period,
  rows,
  rest,
  total,
  basis,
}: TopList): SlackMessage {
  const { title, none } = CALLED[dimension];
  const costs = rows.filter((row) => row.cost !== 0n);
  const [first] = topRows(costs, 1).top;
  if (first === undefined) {
    const text = escapeText(`${name} has no spend yet: ${inSentence(period.label)}.`);
    return message(text, [section(text)]);
  }
  const { top, othersCount, others } = topRows(costs, TOP_SHOWN_MAX, rest);
  const lines = top.map((row, index) => {
    const label = row.key === null ? `_${none}_` : escapeText(row.key);
    const share = shareText(row.cost, total);
    return `${String(index + 1)}. *${escapeText(formatUsd(row.cost))}*  ${label}${share}${movedText(row.cost, row.previousCost)}`;
  });
  if (othersCount > 0) {
    lines.push(
      `…and ${othersCount === 1 ? "1 other" : `${othersCount.toLocaleString("en-US")} others`}: ${escapeText(formatUsd(others))}`,
    );
  }
  const summary = `Top ${title} of ${name}: ${first.key ?? none} ${formatUsd(first.cost)} of ${formatUsd(total)}, ${inSentence(period.label)}.`;
  return message(escapeText(summary), [
    header(`Top ${title} · ${name}`),
    section(
      `*${escapeText(period.label)}* · ${escapeText(formatUsd(total))} in all\n${lines.join("\n")}`,
    ),
    context(`${total > 0n ? "Share of the whole · change" : "Change"} vs ${period.previousLabel}`),
    ...(basis === undefined ? [] : [context(basisText(basis))]),
  ]);
}

/** " · 12%"; nothing where corrections and credits leave no whole to have a share of. */
function shareText(cost: Usd, total: Usd): string {
  if (total <= 0n) return "";
  return ` · ${cost > 0n ? sharePercentText(cost, total) : "0%"}`;
}

/** " · ▲ 12%"; " · new" for what had no cost before. */
function movedText(now: Usd, before: Usd | undefined): string {
  const change = before === undefined ? undefined : changeText(now, before);
  if (change === undefined) return " · new";
  return change === UNCHANGED ? "" : ` · ${change}`;
}
