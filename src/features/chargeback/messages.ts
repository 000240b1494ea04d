/** Statements as text for people and as plain values for programs. Pure. */
import { formatUsd, usdToDecimal } from "../../domain/money.ts";
import { type Amounts, adjustmentTotal, type Statement } from "./rules/statement.ts";
import { areNothing, type Costs } from "./rules.ts";

/** Every amount as exact decimal text, under FOCUS's names. */
export function statementJson({ month, period, closed, teams, total }: Statement): object {
  return {
    month,
    from: period.start.toISOString(),
    to: period.end.toISOString(),
    status: closed === undefined ? "open" : "closed",
    closed_at: closed?.closedAt.toISOString() ?? null,
    currency: "USD",
    teams: teams.map((team) => ({
      team: team.teamKey ?? null,
      name: team.name,
      cost_center: team.costCenter ?? null,
      ...amountsJson(team),
      projects: team.projects.map((project) => ({
        project: project.projectKey ?? null,
        ...amountsJson(project),
      })),
    })),
    ...amountsJson(total),
  };
}

function amountsJson(amounts: Amounts): object {
  return {
    direct: costsJson(amounts.direct),
    shared: costsJson(amounts.shared),
    commitments: costsJson(amounts.commitments),
    credits: costsJson(amounts.credits),
    adjustments: amounts.adjustments.map(({ originMonth, costs }) => ({
      month: originMonth,
      ...costsJson(costs),
    })),
    total: costsJson(amounts.total),
  };
}

function costsJson({ list, contracted, billed, effective }: Costs): object {
  return {
    list_cost: usdToDecimal(list),
    contracted_cost: usdToDecimal(contracted),
    billed_cost: usdToDecimal(billed),
    effective_cost: usdToDecimal(effective),
  };
}

export const STATEMENT_COLUMNS = [
  "month",
  "status",
  "team",
  "name",
  "cost_center",
  "project",
  "direct_cost",
  "shared_cost",
  "commitment_cost",
  "credit_cost",
  "adjustment_cost",
  "effective_cost",
  "billed_cost",
  "contracted_cost",
  "list_cost",
] as const;

/** Of the columns of `STATEMENT_COLUMNS` those that are amounts. */
export const STATEMENT_DECIMALS: ReadonlySet<string> = new Set(
  STATEMENT_COLUMNS.filter((column) => column.endsWith("_cost")),
);

/** One row for each project, and for what a team spent in none: they add up to the statement. */
export function statementRows({
  month,
  closed,
  teams,
}: Statement): readonly Readonly<Record<string, string | null>>[] {
  return teams.flatMap((team) =>
    team.projects.map((project) => ({
      month,
      status: closed === undefined ? "open" : "closed",
      team: team.teamKey ?? null,
      name: team.name,
      cost_center: team.costCenter ?? null,
      project: project.projectKey ?? null,
      direct_cost: usdToDecimal(project.direct.effective),
      shared_cost: usdToDecimal(project.shared.effective),
      commitment_cost: usdToDecimal(project.commitments.effective),
      credit_cost: usdToDecimal(project.credits.effective),
      adjustment_cost: usdToDecimal(adjustmentTotal(project).effective),
      effective_cost: usdToDecimal(project.total.effective),
      billed_cost: usdToDecimal(project.total.billed),
      contracted_cost: usdToDecimal(project.total.contracted),
      list_cost: usdToDecimal(project.total.list),
    })),
  );
}

/** A table in effective cost, which is what teams are charged; what is invoiced below it. */
export function statementText(statement: Statement): string {
  const { month, closed, teams, total } = statement;
  const header = `${month}, ${closed === undefined ? "open: as it stands now" : `closed ${closed.closedAt.toISOString().slice(0, 10)} by ${closed.closedBy}`}`;
  const rows = teams.flatMap((team) => [
    line(team.costCenter === undefined ? team.name : `${team.name} (${team.costCenter})`, team),
    ...team.projects
      .filter(({ projectKey, total: own }) => projectKey !== undefined && !areNothing(own))
      .map((project) => line(`  ${project.projectKey ?? ""}`, project)),
  ]);
  const origins = total.adjustments.map(
    ({ originMonth, costs }) => `Adjustments of ${originMonth}: ${formatUsd(costs.effective)}`,
  );
  return [
    header,
    "",
    [
      "Team".padEnd(NAME_WIDTH),
      ...["direct", "shared", "commitments", "credits", "adjustments", "total"].map(pad),
    ].join(" "),
    ...rows,
    line("All", total),
    "",
    `Effective cost. Billed: ${formatUsd(total.total.billed)}, at list prices ${formatUsd(total.total.list)}.`,
    ...origins,
  ].join("\n");
}

const NAME_WIDTH = 26;
const AMOUNT_WIDTH = 13;

function line(name: string, amounts: Amounts): string {
  const { direct, shared, commitments, credits, total } = amounts;
  return [
    name.padEnd(NAME_WIDTH),
    ...[direct, shared, commitments, credits, adjustmentTotal(amounts), total].map(
      ({ effective }) => pad(formatUsd(effective)),
    ),
  ].join(" ");
}

function pad(text: string): string {
  return text.padStart(AMOUNT_WIDTH);
}
