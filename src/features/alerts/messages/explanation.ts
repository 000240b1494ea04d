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
    section(`*Why?* ${headline}.`),
    ...(words === undefined ? [] : [section(lineText(words))]),
    ...(lines.length === 0
      ? [section("Nothing changed against the time before.")]
      : lines.map((line) =>
          section(line.replace(/^\*(.)/, (_, first: string) => `*${first.toUpperCase()}`)),
        )),
    context(
      `${timeText(span.start)} – ${timeText(span.end)}, against the same time before, from ${timeText(before.start)}.`,
    ),
    ...(basis === undefined ? [] : [context(basisText(basis))]),
  ]);
}

function moverText({ name, now, before }: ShownMover): string {
  return `• ${nameText(name)} ${formatUsd(now)}, ${changeText(now, before)}`;
}

/** "$12.00 more (was $3.00)", "new", "nothing any more (was $3.00)". */
function changeText(now: Usd, before: Usd): string {
  if (before === 0n) return now === 0n ? "as before" : "nothing before";
  const difference = usd(now - before);
  if (difference === 0n) return "as before";
  const amount = formatUsd(difference < 0n ? usd(0n - difference) : difference);
  return `${amount} ${difference > 0n ? "more" : "less"} (was ${formatUsd(before)})`;
}

function timeText(at: Date): string {
  return slackDate(at, "{date_short} {time}", `${at.toISOString().slice(0, 16)}Z`);
}
