/** The report of a scope: who asks, what they may see, the numbers. Changes nothing. */
import type { Email } from "../../../domain/email.ts";
import { type Scope, typedScope } from "../../../domain/scope.ts";
import type { Clock } from "../../../domain/time.ts";
import { type Database, onOneConnection, type Sql } from "../../../store/database.ts";
import { together } from "../../../store/together.ts";
import { loadListedNames } from "../../directory-sync/index.ts";
import { mayViewPeopleOf, mayViewScope, scopeName, type Team } from "../../organization/index.ts";
import { basisOf } from "../../reconciliation/index.ts";
import { wholeCourse } from "../rules/course.ts";
import {
  type Breakdown,
  courseStep,
  type Dimension,
  mayShareReport,
  type ReportResult,
  type SpendReport,
  type TopRow,
  type UnitCost,
} from "../rules.ts";
import { type KeyCost, listBreakdowns } from "../store/breakdowns.ts";
import { listCourse, loadDataUntil } from "../store/course.ts";
import { loadCost } from "../store.ts";
import { loadBudgetShares } from "./own-spend.ts";
import { type Question, readQuestion } from "./question.ts";

export interface ReportDeps {
  readonly database: Database;
  readonly clock: Clock;
  /** What one of each posted business metric of the scope cost, of what it cost (see unit-costs). */
  readonly unitCosts: (
    sql: Sql,
    of: Pick<SpendReport, "scope"> & {
      readonly period: Question["period"]["current"];
      readonly teams: readonly Team[];
    },
  ) => Promise<(cost: SpendReport["spend"]["cost"]) => readonly UnitCost[]>;
}

/** Answers "how much did `text` spend": a scope and a period as people write them. */
export async function loadReport(
  deps: ReportDeps,
  asked: { readonly asker: Email; readonly text: string },
): Promise<ReportResult> {
  const question = await readQuestion(deps, asked);
  if (question.kind !== "asked") return question;
  const { scope, period, person, teams, organization, view } = question;
  const mayViewPeople = mayViewPeopleOf(person, scope, teams, period.previous.start);
  if ((view.by === "user" || view.by === "api_key") && !mayViewPeople) {
    return {
      kind: "people-are-private",
      name: scopeName(scope, teams, organization),
      typed: typedScope(scope, asked.asker),
    };
  }
  return { kind: "report", report: await buildReport(deps, question, mayViewPeople) };
}

/** Reads the numbers; without `mayViewPeople` nothing of it tells what one person spent. */
export async function buildReport(
  deps: ReportDeps,
  question: Question,
  mayViewPeople: boolean,
): Promise<SpendReport> {
  const { scope, period, organization, teams, view, now, person } = question;
  const zone = organization.timeZone;
  const dimensions = dimensionsOf(scope, mayViewPeople);
  const keys = view.by === undefined ? overviewOf(scope, dimensions) : [view.by];
  // One connection a question: fifty people who ask at once must not wait for each other's parts.
  const numbers = await onOneConnection(
    deps.database,
    async (sql) => await loadNumbers({ ...deps, sql }, question, keys),
  );
  return {
    ...numbers,
    scope,
    name: scopeName(scope, teams, organization),
    typed: typedScope(scope, person.email),
    period,
    zone,
    view,
    dimensions,
    mayShare: mayShareReport(scope, view.by),
    asOf: now,
  };
}

type Numbers = Pick<
  SpendReport,
  "spend" | "previous" | "course" | "breakdowns" | "budgets" | "unitCosts" | "dataUntil" | "basis"
>;

/** All that is asked of the database for a report, in as few goes as it takes. */
async function loadNumbers(
  { sql, unitCosts }: Pick<ReportDeps, "unitCosts"> & { readonly sql: Sql },
  { scope, period, organization, person, teams, now }: Question,
  keys: readonly Dimension[],
): Promise<Numbers> {
  const query = { scope, zone: organization.timeZone, period: period.current };
  const step = courseStep(period.current);
  const [{ total, costsBy }, before, points, budgets, dataUntil, basis, unitCostsOf] =
    await together([
      listBreakdowns(sql, query, keys),
      loadCost(sql, { ...query, period: period.previous }),
      listCourse(sql, query, step),
      loadBudgetShares(sql, scope, now, (since) => mayViewScope(person, scope, teams, since)),
      loadDataUntil(sql, now),
      basisOf({ database: sql }, { scope, period: period.current }),
      unitCosts(sql, { scope, period: period.current, teams }),
    ]);
  const named = await keyNames(sql, costsBy.get("api_key")?.rows ?? []);
  return {
    spend: total,
    previous: { cost: before },
    course: { step, points: wholeCourse(points, step, query) },
    breakdowns: [...costsBy].map(
      ([key, { rows, rest }]): Breakdown => ({
        key,
        rows: rows.map(
          ({ key: value, cost }): TopRow => ({ key: named(shownKey(key, value, teams)), cost }),
        ),
        rest,
      }),
    ),
    budgets,
    unitCosts: unitCostsOf(total.cost),
    dataUntil,
    basis,
  };
}

/** By what somebody may look closer: amounts of people and their keys need authority. */
function dimensionsOf(scope: Scope, mayViewPeople: boolean): readonly Dimension[] {
  const isPerson = scope.kind === "user";
  return [
    ...(scope.kind === "team" ? [] : (["team"] as const)),
    ...(scope.kind === "project" ? [] : (["project"] as const)),
    ...(scope.kind === "model" ? [] : (["model"] as const)),
    ...(mayViewPeople && !isPerson ? (["user"] as const) : []),
    ...(mayViewPeople && scope.kind !== "api_key" ? (["api_key"] as const) : []),
  ];
}

/** A phone shows two or three lists. */
function overviewOf(scope: Scope, dimensions: readonly Dimension[]): readonly Dimension[] {
  if (scope.kind === "org") return ["team", "model"];
  const wanted: readonly Dimension[] =
    scope.kind === "team" || scope.kind === "user"
      ? ["project", "model", "user"]
      : ["team", "model", "user"];
  return wanted.filter((dimension) => dimensions.includes(dimension) && !isPlain(scope, dimension));
}

/** A project belongs to one team, so that a list of its teams says nothing. */
function isPlain(scope: Scope, dimension: Dimension): boolean {
  return scope.kind === "project" && dimension === "team";
}

async function keyNames(
  sql: Sql,
  rows: readonly KeyCost[],
): Promise<(key: string | null) => string | null> {
  const apiKeys = rows.flatMap(({ key }) => key ?? []);
  if (apiKeys.length === 0) return (key) => key;
  const names = await loadListedNames(sql, { workspaces: [], apiKeys });
  return (key) => (key === null ? null : names.apiKey(key));
}

/** Teams by their names; everything else as it is. */
export function shownKey(
  key: Dimension,
  value: string | null,
  teams: readonly Team[],
): string | null {
  return value === null || key !== "team"
    ? value
    : (teams.find((team) => team.key === value)?.name ?? value);
}
