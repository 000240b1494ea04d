/** `/claude-spend budget`: where the budgets of a scope stand, or all that concern somebody. */
import type { FigureBasis } from "../../../domain/basis.ts";
import type { Email } from "../../../domain/email.ts";
import type { ScopeRefusal } from "../../../domain/scope.ts";
import { typedScope } from "../../../domain/scope.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
import type { Database } from "../../../store/database.ts";
import { chooseReading } from "../../organization/index.ts";
import { loadBasis } from "../../reconciliation/index.ts";
import type { AskedPeriod } from "../messages/asked-period.ts";
import type { NamedScope } from "../messages/budgets.ts";
import type { NamedStatus } from "../messages/wording.ts";
import { type BudgetReading, budgetReadings } from "../rules/scope-words.ts";
import type { BudgetStatus } from "../rules.ts";
import { loadAsking } from "./scopes.ts";
import { loadBudgetStatus, named } from "./status.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

/** A name that leads nowhere, with the period that was typed beside it. */
export type AskedRefusal = ScopeRefusal & { readonly period?: string; readonly said?: string };

export type BudgetListResult =
  | AskedRefusal
  | {
      readonly kind: "list";
      readonly statuses: readonly NamedStatus[];
      readonly about: NamedScope | undefined;
      readonly basis: FigureBasis | undefined;
      readonly asked: AskedPeriod | undefined;
      readonly now: Instant;
    };

/** Of the scope that `text` names, perhaps of one period; all that concern the person without one. */
export async function listBudgetsFor(
  { database, clock }: Deps,
  email: Email,
  text: string,
): Promise<BudgetListResult> {
  const now = clock();
  const asking = await loadAsking(database, email, now);
  const { person, nameOf, organization } = asking;
  const { finding, reading } = chooseReading(budgetReadings(text, now, organization), asking, "me");
  if (finding.kind !== "found") return { ...finding, ...askedWords(reading) };
  const isAnybody = reading.scopeText === "";
  const { scope } = finding;
  const about = { name: nameOf(scope), typed: typedScope(scope, email) };
  const found = await loadBudgetStatus(database, isAnybody ? { person, now } : { scope, now });
  const wanted = found.filter(({ periodKind }) => periodKind === reading.periodKind);
  const statuses = wanted.length === 0 ? found : wanted;
  return {
    kind: "list",
    statuses: statuses.map(named(nameOf)),
    about: isAnybody ? undefined : about,
    basis: await basisFor(database, statuses, now),
    asked:
      reading.periodKind !== undefined && wanted.length === 0
        ? {
            kind: "none-of-period",
            periodKind: reading.periodKind,
            name: isAnybody ? "yours" : about.name,
          }
        : askedTime(reading, isAnybody ? "me" : about.typed),
    now,
  };
}

/** What was typed beside a name, for whoever meant another name. */
export function askedWords({
  period,
  periodKind,
}: BudgetReading): Pick<AskedRefusal, "period" | "said"> {
  if (period !== undefined) return { period: period.typed, said: period.said ?? period.typed };
  return periodKind === undefined ? {} : { period: periodKind };
}

/** A time that does not run is what a report tells of. */
export function askedTime({ period }: BudgetReading, typed: string): AskedPeriod | undefined {
  return period === undefined
    ? undefined
    : { kind: "other-time", label: period.label, command: `${typed} ${period.typed}` };
}

/** Today is a part of every budget's period: what holds for the nearest holds for all. */
async function basisFor(
  database: Database,
  [nearest]: readonly BudgetStatus[],
  now: Instant,
): Promise<FigureBasis | undefined> {
  return nearest === undefined ? undefined : await loadBasis(database, nearest, now);
}
