/** The private answer to `Why?`. Pure. */
import { formatUsd, type Usd, usd } from "../../../domain/money.ts";
import { basisText } from "../../../slack/basis-text.ts";
import { context, message, type SlackMessage, section, slackDate } from "../../../slack/blocks.ts";
import type { Explanation, ShownMover } from "../rules/explanation.ts";
import { lineText, nameText } from "./wording.ts";

const CALLED: Readonly<Record<string, string>> = {
  team: "teams",
  project: "projects",
  user: "people",
  model: "models",
  api_key: "keys",
};

export function explanationMessage(explanation: Explanation): SlackMessage {
  const { name, span, before, total, movers, words, basis } = explanation;
  const change = changeText(total.now, total.before);
  const headline = `${nameText(name)}: ${formatUsd(total.now)}, ${change}`;
  const lines = movers
    .filter(({ top }) => top.length > 0)
    .map(({ by, top }) => `*${CALLED[by] ?? by}*\n${top.map(moverText).join("\n")}`);
  return message(`${headline}.`, [
    section(`*${headline}.*`),
    ...(words === undefined ? [] : [section(lineText(words))]),
    ...(lines.length === 0
      ? [section("Nothing changed against the time before.")]
      : lines.map((line) =>
          section(line.replace(/^\*(.)/, (_, first: string) => `*${first.toUpperCase()}`)),
        )),
    context(
      `From ${timeText(span.start)} to ${timeText(span.end)}, against ${timeText(before.start)} to ${timeText(before.end)}.`,
    ),
    ...(basis === undefined ? [] : [context(basisText(basis))]),
  ]);
}

/** "+$12.00  ranking · $15.00": what it moved by, and what it is now. */
function moverText({ name, now, before }: ShownMover): string {
  const moved = usd(now - before);
  const change = moved < 0n ? `−${formatUsd(usd(0n - moved))}` : `+${formatUsd(moved)}`;
  return `${change}  ${nameText(name)} · ${formatUsd(now)}`;
}

/** "$12.00 more than $3.00", "nothing before", "as before". */
function changeText(now: Usd, before: Usd): string {
  if (before === 0n) return now === 0n ? "as before" : "nothing before";
  const difference = usd(now - before);
  if (difference === 0n) return "as before";
  const amount = formatUsd(difference < 0n ? usd(0n - difference) : difference);
  return `${amount} ${difference > 0n ? "more" : "less"} than ${formatUsd(before)}`;
}

function timeText(at: Date): string {
  return slackDate(at, "{date_short_pretty} {time}", `${at.toISOString().slice(0, 16)}Z`);
}
