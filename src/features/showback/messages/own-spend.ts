/** What one person sees first, as an answer and in App Home. Pure. */
import { formatUsd } from "../../../domain/money.ts";
import { typedScope } from "../../../domain/scope.ts";
import { basisText, estimateAt } from "../../../slack/basis-text.ts";
import {
  type Block,
  commandText,
  context,
  escapeText,
  header,
  message,
  type SlackMessage,
  section,
} from "../../../slack/blocks.ts";
import { askAgain } from "../../../slack/suggestions.ts";
import type { OwnSpend } from "../rules.ts";
import { budgetLine, raiseButton } from "./parts.ts";

/** More teams of one person would push the rest out of a message, and of sight. */
const TEAMS_SHOWN_MAX = 20;

export function ownSpendMessage(own: OwnSpend): SlackMessage {
  const whole = own.organization;
  return message(`You spent ${formatUsd(own.mine.cost)} this ${own.month}.`, [
    ...ownSpendBlocks(own),
    ...askAgain([
      { text: "My spend", command: "me" },
      ...own.teams.slice(0, 3).map(({ key, name }) => ({
        text: name,
        command: typedScope({ kind: "team", key }),
      })),
      ...(whole === undefined ? [] : [{ text: whole.name, command: "org" }]),
    ]),
  ]);
}

/** What one person sees first, here and in App Home. */
export function ownSpendBlocks(own: OwnSpend): readonly Block[] {
  const blocks: Block[] = [
    header(`You · ${formatUsd(own.mine.cost)} this ${own.month}`),
    ...own.myBudgets.map((budget) => section(budgetLine(budget), raiseButton(budget))),
  ];
  if (own.organization !== undefined) {
    const { name, spend } = own.organization;
    blocks.push(section(`*${escapeText(name)}* · ${formatUsd(spend.cost)} this ${own.month}`));
  }
  for (const { name, spend, budgets } of own.teams.slice(0, TEAMS_SHOWN_MAX)) {
    const lines = [
      `*${escapeText(name)}* · ${formatUsd(spend.cost)} this ${own.month}`,
      ...budgets.map(budgetLine),
    ];
    const [first] = budgets;
    blocks.push(section(lines.join("\n"), first === undefined ? undefined : raiseButton(first)));
  }
  const hiddenTeams = own.teams.length - TEAMS_SHOWN_MAX;
  if (hiddenTeams > 0) {
    const teams = hiddenTeams === 1 ? "1 more team" : `${String(hiddenTeams)} more teams`;
    blocks.push(context(`…and ${teams}: name one to see it.`));
  }
  if (own.teams.length === 0) {
    blocks.push(section("You are in no team yet. Ask an admin to add you to one."));
  }
  if (own.asOf !== undefined) blocks.push(context(basisText(estimateAt(own.asOf))));
  const [team] = own.teams;
  const otherwise = own.organization === undefined ? "me" : "org";
  const example = team === undefined ? otherwise : typedScope({ kind: "team", key: team.key });
  blocks.push(
    context(
      `Details: ${commandText(`/claude-spend ${example} 7d`)} · all commands: \`/claude-spend help\``,
    ),
  );
  return blocks;
}
