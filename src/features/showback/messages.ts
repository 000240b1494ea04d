/** Showback, the words: reports as people read them in Slack. Pure. */
import { formatUsd, type Usd, usd } from "../../domain/money.ts";
import { typedScope } from "../../domain/scope.ts";
import {
  actions,
  type Block,
  type Button,
  bar,
  button,
  commandText,
  context,
  escapeText,
  fields,
  header,
  message,
  type SlackMessage,
  section,
  slackDate,
} from "../../slack/blocks.ts";
import {
  type Breakdown,
  type BudgetShare,
  cacheSharePercent,
  changePercent,
  type GroupKey,
  type OwnSpend,
  type QuestionRefusal,
  type SpendReport,
  type SpendTotals,
  topRows,
} from "./rules.ts";

const TOP_ROWS = 5;
/** More teams of one person would push the rest out of a message, and of sight. */
const TEAMS_SHOWN_MAX = 20;

const GROUP_TITLES: Readonly<Partial<Record<GroupKey, string>>> = {
  team: "By team",
  project: "By project",
  user: "By person",
  model: "By model",
};

export function reportMessage(report: SpendReport): SlackMessage {
  const { spend, previous, period } = report;
  const total = formatUsd(spend.cost);
  const change = changeText(spend.cost, previous.cost);
  const text = `${report.name}: ${total}, ${lowerFirst(period.label)}${change === undefined ? "" : `, ${change} ${period.previousLabel}`}.`;
  const blocks: Block[] = [
    header(`${report.name} · ${total}`),
    section(
      `*${escapeText(period.label)}*${change === undefined ? "" : ` · ${change} ${period.previousLabel} (${formatUsd(previous.cost)})`}`,
    ),
    ...report.budgets.map((budget) => section(budgetLine(budget))),
  ];
  if (spend.requests === 0) {
    blocks.push(section("No usage yet in this period."));
  } else {
    // A breakdown, asked for at the same time as the total, may not have seen a first event yet.
    const breakdowns = report.breakdowns.filter(({ rows }) => rows.length > 0).map(breakdownText);
    if (breakdowns.length > 0) blocks.push(fields(breakdowns));
    blocks.push(context(factsText(spend)));
  }
  blocks.push(context(asOfText(report)));
  const budget = report.budgets[0];
  if (budget !== undefined) {
    blocks.push(actions([raiseButton(budget)]));
  }
  return message(text, blocks);
}

/** "▰▰▰▰▰▰▰▱▱▱ 71% of $500.00 monthly · $145.00 left". */
function budgetLine({ percent, limit, spend, periodKind }: BudgetShare): string {
  const left = limit - spend;
  const rest = left >= 0n ? `${formatUsd(usd(left))} left` : `${formatUsd(usd(-left))} over`;
  return `${bar(percent)} *${String(percent)}%* of ${formatUsd(limit)} ${periodKind} · ${rest}`;
}

function breakdownText({ key, rows }: Breakdown): string {
  const { top, othersCount, others } = topRows(rows, TOP_ROWS);
  const lines = top.map((row) => `${formatUsd(row.cost)}  ${nameOf(key, row.key)}`);
  if (othersCount > 0)
    lines.push(
      `${formatUsd(others)}  ${othersCount === 1 ? "1 other" : `${String(othersCount)} others`}`,
    );
  return [`*${GROUP_TITLES[key] ?? key}*`, ...lines].join("\n");
}

function nameOf(key: GroupKey, value: string | null): string {
  if (value !== null) return escapeText(value);
  switch (key) {
    case "team":
      return "_Unallocated_";
    case "user":
      return "_no person_";
    case "project":
      return "_no project_";
    case "model":
    case "api_key":
    case "workspace":
    case "source":
    case "day":
    case "hour":
      return "_none_";
  }
}

function factsText(spend: SpendTotals): string {
  const cache = cacheSharePercent(spend);
  const requests = `${spend.requests.toLocaleString("en-US")} ${spend.requests === 1 ? "request" : "requests"}`;
  const each = `${formatUsd(usd(spend.cost / BigInt(Math.max(1, spend.requests))))} each`;
  return [
    requests,
    each,
    ...(cache === undefined ? [] : [`${String(cache)}% of prompts from cache`]),
  ].join(" · ");
}

const BASIS_TEXTS = {
  estimated: "Estimated from usage events at list or contracted price",
  billed: "Compared with Anthropic's bill, with differences",
  reconciled: "Reconciled with Anthropic's bill",
} as const;

/** What the figures rest on, and as of when. */
function asOfText({ asOf, basis }: SpendReport): string {
  const at = basis?.asOf ?? asOf;
  return `${BASIS_TEXTS[basis?.kind ?? "estimated"]} · as of ${slackDate(at, "{date_short_pretty} {time}", at.toISOString())}`;
}

/** "▲ 12 % vs"; undefined when there is nothing to compare with. */
function changeText(now: Usd, before: Usd): string | undefined {
  const percent = changePercent(now, before);
  if (percent === undefined) return undefined;
  if (percent === 0) return "as much as";
  return `${percent > 0 ? "▲" : "▼"} ${Math.abs(percent).toLocaleString("en-US")}% vs`;
}

export function ownSpendMessage(own: OwnSpend): SlackMessage {
  return message(`You spent ${formatUsd(own.mine.cost)} this month.`, ownSpendBlocks(own));
}

/** What one person sees first, here and in App Home. */
export function ownSpendBlocks(own: OwnSpend): readonly Block[] {
  const blocks: Block[] = [
    header(`You · ${formatUsd(own.mine.cost)} this month`),
    ...own.myBudgets.map((budget) => section(budgetLine(budget), raiseButton(budget))),
  ];
  if (own.organization !== undefined) {
    const { name, spend } = own.organization;
    blocks.push(section(`*${escapeText(name)}* · ${formatUsd(spend.cost)} this month`));
  }
  for (const { name, spend, budgets } of own.teams.slice(0, TEAMS_SHOWN_MAX)) {
    const lines = [
      `*${escapeText(name)}* · ${formatUsd(spend.cost)} this month`,
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
    blocks.push(
      section(
        "You are in no team yet. Ask an admin to add your e-mail address to one in governance.yml.",
      ),
    );
  }
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

function raiseButton(budget: BudgetShare): Button {
  return button({
    actionId: "budget_request_raise",
    text: "Request raise",
    value: budget.raiseValue,
  });
}

export function reportRefusalMessage(result: QuestionRefusal): SlackMessage {
  const { text, hint } = refusalText(result);
  return message(text, [section(`${escapeText(text)}\n${hint}`)]);
}

function refusalText(result: QuestionRefusal): {
  readonly text: string;
  readonly hint: string;
} {
  switch (result.kind) {
    case "unknown-scope":
      return {
        text: `I don't know “${result.text}”.`,
        hint: `Did you mean ${choices(result.nearest)}? \`/claude-spend help\` shows what I understand.`,
      };
    case "not-allowed":
      return {
        text: `You may not see ${result.name}.`,
        hint: `You may see ${choices(result.viewable)}. An admin or an owner of the team can tell you more.`,
      };
  }
}

function choices(scopes: readonly string[]): string {
  const typed = scopes.map((scope) => commandText(`/claude-spend ${scope}`));
  return typed.length < 2
    ? typed.join("")
    : `${typed.slice(0, -1).join(", ")} or ${typed.at(-1) ?? ""}`;
}

export function unknownPersonMessage(): SlackMessage {
  return message("I can't tell who you are: Slack does not show me your e-mail address.", [
    section(
      "I can't tell who you are: Slack does not show me your e-mail address.\nAsk an admin to grant the app `users:read.email`, or add an address to your Slack profile.",
    ),
  ]);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
