/** App Home, the words of spend: one's own, one's budgets, one's teams'. Pure. */
import { formatUsd, percentOf, sumUsd } from "../../../domain/money.ts";
import { formatScope } from "../../../domain/scope.ts";
import {
  type Block,
  bar,
  button,
  commandText,
  context,
  header,
  section,
} from "../../../slack/blocks.ts";
import {
  type BudgetLine,
  type HomePage,
  isTight,
  SHOWN_MAX,
  sparkline,
  type TeamLine,
} from "../rules.ts";
import { BAR_WIDTH, budgetLines, comparedText, moneyText, nameText } from "./words.ts";

export const REPORT_ACTION = "home_report";
/** The budgets feature listens to it. */
const RAISE_ACTION = "budget_request_raise";

export function ownSpendBlocks({ spend, budgets, now, month }: HomePage): readonly Block[] {
  const { cost, previous, days } = spend;
  const line = sparkline(days);
  const change = comparedText(cost, previous, month);
  const facts = [
    ...(change === undefined ? [] : [change]),
    ...(line === undefined ? [] : [`${line}  last ${String(days.length)} days`]),
  ];
  const hidden = budgets.length - SHOWN_MAX.budgets;
  return [
    header(`You · ${formatUsd(cost)} this ${month}`),
    section(facts.length === 0 ? "No usage recorded yet." : facts.join("\n")),
    ...modelBlocks(spend),
    ...budgets
      .slice(0, SHOWN_MAX.budgets)
      .map((budget) =>
        section(
          budgetLines(budget, now).join("\n"),
          isTight(budget) ? raiseButton(budget) : undefined,
        ),
      ),
    ...(hidden > 0
      ? [context(`…and ${String(hidden)} more: ${commandText("/claude-spend budget me")}`)]
      : []),
  ];
}

/** "▰▰▰▰▰▰▱▱ *$80.10* claude-opus-5-5": bars under each other, as those of budgets. */
function modelBlocks({ models }: HomePage["spend"]): readonly Block[] {
  const [first, ...others] = models.filter(({ cost }) => cost > 0n);
  if (first === undefined) return [];
  const shown = [first, ...others.slice(0, SHOWN_MAX.models - 1)];
  const rest = others.slice(SHOWN_MAX.models - 1);
  const rows = [
    ...shown.map(({ name, cost }) => ({ name: nameText(name), cost })),
    ...(rest.length === 0
      ? []
      : [
          {
            name: rest.length === 1 ? "1 other" : `${String(rest.length)} others`,
            cost: sumUsd(rest.map(({ cost }) => cost)),
          },
        ]),
  ];
  return [
    section(
      rows
        .map(
          ({ name, cost }) =>
            `${bar(percentOf(cost, first.cost), BAR_WIDTH)} *${moneyText(cost)}* ${name}`,
        )
        .join("\n"),
    ),
  ];
}

function raiseButton({ raiseValue }: BudgetLine): ReturnType<typeof button> {
  return button({ actionId: RAISE_ACTION, text: "Request raise", value: raiseValue });
}

export function teamBlocks({ teams, organization, now, month }: HomePage): readonly Block[] {
  const hidden = teams.count - teams.shown.length;
  return [
    header(`Teams this ${month}`),
    ...(organization === undefined
      ? []
      : [
          section(
            [
              `*${nameText(organization.name)}* · ${moneyText(organization.cost)}`,
              comparedText(organization.cost, organization.previous, month) ?? "",
            ]
              .join("\n")
              .trimEnd(),
            reportButton("org", organization.name),
          ),
        ]),
    ...teams.shown.map((team) => teamRow(team, now)),
    ...(hidden > 0
      ? [context(`…and ${teamsText(hidden)}: ${commandText("/claude-spend NAME")}`)]
      : []),
    ...(teams.count === 0 && organization === undefined
      ? [section("You are in no team yet. An admin or the team's owner can add you.")]
      : []),
  ];
}

function teamsText(count: number): string {
  return count === 1 ? "1 more team" : `${String(count)} more teams`;
}

function teamRow({ key, name, cost, budget }: TeamLine, now: HomePage["now"]): Block {
  return section(
    [
      `*${nameText(name)}* · ${moneyText(cost)}`,
      ...(budget === undefined ? ["No budget"] : budgetLines(budget, now)),
    ].join("\n"),
    reportButton(formatScope({ kind: "team", key }), name),
  );
}

function reportButton(scope: string, name: string): ReturnType<typeof button> {
  return button({
    actionId: REPORT_ACTION,
    text: "Report",
    value: scope,
    label: `Report of ${name}`,
  });
}
