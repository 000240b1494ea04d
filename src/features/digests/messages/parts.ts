/** The parts of a digest, each a few lines or left out. Pure. */
import { changeText } from "../../../domain/change-text.ts";
import { formatUsd, usd } from "../../../domain/money.ts";
import { formatEstimate, formatLimit } from "../../../domain/money-brief.ts";
import { bar, escapeText, truncate } from "../../../slack/blocks.ts";
import {
  budgetsInDanger,
  type DigestBudget,
  type Mover,
  movedMost,
  topAndOthers,
} from "../rules/content.ts";

export type NamedMover = Mover & { readonly name: string | null };

const ROWS_MAX = 5;
const TEAMS_MAX = 5;
const BUDGETS_MAX = 5;
const NEW_NAMES_MAX = 3;
/** A name longer than this would push the numbers of others out of sight. */
const NAME_CHARS_MAX = 60;

/** "*By team*", the costliest five and the others; undefined when there is nothing to tell apart. */
export function topText(
  title: string,
  all: readonly NamedMover[],
  kind: "team" | "project" | "model",
): string | undefined {
  const { top, othersCount, others } = topAndOthers(all, ROWS_MAX);
  if (top.length === 0 || (top.length === 1 && top[0]?.key === null)) return undefined;
  const lines = top.map((one) => {
    const change = changeText(one.cost, one.previousCost);
    return `${formatUsd(one.cost)}  ${nameText(one.name, kind)}${change === undefined ? "" : `  _${change}_`}`;
  });
  return [
    `*${title}*`,
    ...lines,
    ...(othersCount > 0
      ? [`${formatUsd(others)}  ${countText(othersCount, "other", "others")}`]
      : []),
  ].join("\n");
}

/** "*Moved most*\n▲ $20.00  Search, from $40.00"; undefined when nothing did. */
export function movedText(
  owners: readonly NamedMover[],
  models: readonly NamedMover[],
  by: "team" | "project",
): string | undefined {
  // What one part alone spent is the total, which is told above already.
  const apart = [owners, models].filter((list) => list.length > 1);
  const moved = apart.flatMap((list) => movedMost(list));
  if (moved.length === 0) return undefined;
  const lines = moved
    .toSorted((left, right) => Number(distance(right) - distance(left)))
    .slice(0, 4)
    .map((one) => {
      const kind = owners.includes(one) ? by : "model";
      const from = one.previousCost === 0n ? "from nothing" : `from ${formatUsd(one.previousCost)}`;
      return `${one.cost > one.previousCost ? "▲" : "▼"} ${formatUsd(usd(distance(one)))}  ${nameText(one.name, kind)}, ${from}`;
    });
  return ["*Moved most*", ...lines].join("\n");
}

function distance({ cost, previousCost }: Mover): bigint {
  return cost > previousCost ? cost - previousCost : previousCost - cost;
}

/** What was seen for the first time in the span. */
export interface NewThings {
  readonly models: readonly string[];
  readonly projects: readonly string[];
  readonly apiKeys: readonly string[];
  /** How many; a channel hears no names of people. */
  readonly people: number;
}

/** "*New*: model a, b · 2 people"; undefined when nothing is. */
export function newText({ models, projects, apiKeys, people }: NewThings): string | undefined {
  const parts = [
    ...named("model", models),
    ...named("project", projects),
    ...named("API key", apiKeys),
    ...(people > 0 ? [countText(people, "person", "people")] : []),
  ];
  return parts.length === 0 ? undefined : `*New*: ${parts.join(" · ")}`;
}

function named(kind: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, NEW_NAMES_MAX).map(shortName);
  const rest = names.length - shown.length;
  return [
    `${names.length === 1 ? kind : `${kind}s`} ${shown.join(", ")}${rest > 0 ? ` and ${String(rest)} more` : ""}`,
  ];
}

/** Of a person: their teams, one line each; undefined when they have none to see. */
export function teamsText(teams: readonly NamedMover[]): string | undefined {
  if (teams.length === 0) return undefined;
  const { top, othersCount, others } = topAndOthers(teams, TEAMS_MAX);
  if (top.length === 0) return undefined;
  const lines = top.map((team) => {
    const change = changeText(team.cost, team.previousCost);
    return `${formatUsd(team.cost)}  ${nameText(team.name, "team")}${change === undefined ? "" : `  _${change}_`}`;
  });
  const rest =
    othersCount > 0 ? [`${formatUsd(others)}  ${countText(othersCount, "other", "others")}`] : [];
  return ["*Your teams*", ...lines, ...rest].join("\n");
}

/** Budgets in danger, and how many are not; undefined when there is no budget. */
export function budgetsText(budgets: readonly DigestBudget[]): string | undefined {
  if (budgets.length === 0) return undefined;
  const danger = budgetsInDanger(budgets);
  const onTrack = budgets.length - danger.length;
  const lines = danger.slice(0, BUDGETS_MAX).map(budgetLine);
  const rest = danger.length - lines.length;
  if (rest > 0) lines.push(`…and ${String(rest)} more in danger`);
  if (danger.length === 0) {
    return onTrack === 1 ? "*Budget*: on track" : `*Budgets*: all ${String(onTrack)} on track`;
  }
  if (onTrack > 0) lines.push(`_${countText(onTrack, "other is", "others are")} on track_`);
  return ["*Budgets in danger*", ...lines].join("\n");
}

/** "▰▰▰▰▰▰▰▰▱▱ *82%* Search · $410.00 of $500 monthly · expected $540". */
function budgetLine({ name, percent, spend, limit, periodKind, expected }: DigestBudget): string {
  const outlook = expected !== undefined && expected > limit && spend < limit;
  return `${bar(percent)} *${percent.toLocaleString("en-US")}%* ${shortName(name)} · ${formatUsd(spend)} of ${formatLimit(limit)} ${periodKind}${outlook ? ` · expected ${formatEstimate(expected)}` : ""}`;
}

function nameText(name: string | null, kind: "team" | "project" | "model"): string {
  if (name !== null) return shortName(name);
  return kind === "team" ? "_Unallocated_" : `_no ${kind}_`;
}

function shortName(name: string): string {
  return escapeText(truncate(name.replaceAll(/\s+/g, " "), NAME_CHARS_MAX));
}

export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function countText(count: number, one: string, many: string): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}
