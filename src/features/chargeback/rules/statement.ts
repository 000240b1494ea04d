/**
 * Lines as a statement that people read: by team with its projects, each kind of cost in a column of
 * its own. Pure. The rows add up to the lines, whatever the teams are called by now.
 */
import type { Month } from "../../../domain/month.ts";
import type { Period } from "../../../domain/time.ts";
import {
  areNothing,
  type ClosedMonth,
  type Costs,
  type Line,
  NO_COSTS,
  type StatementTeam,
  sumCosts,
} from "../rules.ts";

export interface Amounts {
  /** Usage of the month itself. */
  readonly direct: Costs;
  /** What rules of shared cost took away or gave. */
  readonly shared: Costs;
  /** Purchases, what they paid for, and what of them was not used. */
  readonly commitments: Costs;
  readonly credits: Costs;
  /** Changes of closed months, the oldest first. */
  readonly adjustments: readonly { readonly originMonth: Month; readonly costs: Costs }[];
  readonly total: Costs;
}

export interface ProjectAmounts extends Amounts {
  /** Undefined: of the team, and of none of its projects. */
  readonly projectKey: string | undefined;
}

export interface TeamAmounts extends Amounts {
  /** Undefined: Unallocated. */
  readonly teamKey: string | undefined;
  readonly name: string;
  readonly costCenter: string | undefined;
  readonly projects: readonly ProjectAmounts[];
}

export interface Statement {
  readonly month: Month;
  readonly period: Period;
  /** Undefined: it may still change. */
  readonly closed: ClosedMonth | undefined;
  /** By the teams' keys; Unallocated is the last, and always there. */
  readonly teams: readonly TeamAmounts[];
  readonly total: Amounts;
}

export function statementOf(
  { month, period, closed }: Pick<Statement, "month" | "period" | "closed">,
  lines: readonly Line[],
  teams: readonly StatementTeam[],
): Statement {
  const keys = new Set([...teams.map(({ teamKey }) => teamKey), ...keysOf(lines)]);
  const rows = [...[...keys].toSorted(), undefined].map((teamKey): TeamAmounts => {
    const own = lines.filter((line) => line.teamKey === teamKey);
    const team = teams.find((one) => one.teamKey === teamKey);
    return {
      teamKey,
      name: team?.name ?? teamKey ?? "Unallocated",
      costCenter: team?.costCenter,
      projects: projectsOf(own, month),
      ...amountsOf(own, month),
    };
  });
  return { month, period, closed, teams: rows, total: amountsOf(lines, month) };
}

function keysOf(lines: readonly Line[]): readonly string[] {
  return lines.flatMap(({ teamKey }) => (teamKey === undefined ? [] : [teamKey]));
}

function projectsOf(lines: readonly Line[], month: Month): readonly ProjectAmounts[] {
  // What is in no project comes last: that is where sorting puts undefined, without a comparison.
  const keys = [...new Set(lines.map(({ projectKey }) => projectKey))].toSorted((one, other) =>
    String(one) < String(other) ? -1 : 1,
  );
  return keys.map((projectKey) => ({
    projectKey,
    ...amountsOf(
      lines.filter((line) => line.projectKey === projectKey),
      month,
    ),
  }));
}

function amountsOf(lines: readonly Line[], month: Month): Amounts {
  const own = lines.filter(({ originMonth }) => originMonth === month);
  const sum = (kinds: readonly Line["kind"][]): Costs =>
    sumCosts(own.filter(({ kind }) => kinds.includes(kind)).map(({ costs }) => costs));
  const origins = [
    ...new Set(lines.map(({ originMonth }) => originMonth).filter((one) => one !== month)),
  ];
  return {
    direct: sum(["usage"]),
    shared: sum(["shared"]),
    commitments: sum(["purchase", "commitment_used", "commitment_paid", "commitment_unused"]),
    credits: sum(["credit"]),
    adjustments: origins
      .toSorted()
      .map((originMonth) => ({
        originMonth,
        costs: sumCosts(
          lines.filter((line) => line.originMonth === originMonth).map(({ costs }) => costs),
        ),
      }))
      .filter(({ costs }) => !areNothing(costs)),
    total: sumCosts(lines.map(({ costs }) => costs)),
  };
}

/** All adjustments as one amount, where there is no room for their months. */
export function adjustmentTotal({ adjustments }: Amounts): Costs {
  return adjustments.length === 0 ? NO_COSTS : sumCosts(adjustments.map(({ costs }) => costs));
}
