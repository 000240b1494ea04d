/** `/claude-spend forecast`: where a scope's budgets end, or its month where it has none. */
import type { FigureBasis } from "../../../domain/basis.ts";
import type { Email } from "../../../domain/email.ts";
import { ZERO_USD } from "../../../domain/money.ts";
import { formatScope, type Scope, typedScope } from "../../../domain/scope.ts";
import type { Clock, Instant, PeriodKind } from "../../../domain/time.ts";
import type { Database, Sql } from "../../../store/database.ts";
import { chooseReading, type Organization } from "../../organization/index.ts";
import { loadBasis } from "../../reconciliation/index.ts";
import type { AskedPeriod } from "../messages/asked-period.ts";
import type { NamedScope } from "../messages/budgets.ts";
import type { ShownOutlook } from "../messages/outlook.ts";
import { budgetReadings } from "../rules/scope-words.ts";
import { type Budget, FIRST_GENERATION } from "../rules.ts";
import { listBudgets } from "../store/budgets.ts";
import { type AskedRefusal, askedTime, askedWords } from "./list-budgets.ts";
import { loadOutlooks } from "./outlook.ts";
import { loadAsking } from "./scopes.ts";
import { loadStandings } from "./standings.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

export type ForecastResult =
  | AskedRefusal
  | {
      readonly kind: "forecast";
      readonly about: NamedScope;
      readonly outlooks: readonly ShownOutlook[];
      readonly basis: FigureBasis | undefined;
      readonly asked: AskedPeriod | undefined;
    };

/**
 * Computed now, not looked up; "me" where no scope is named. Of one period where `text` names one:
 * without a budget of that period, where spend itself ends.
 */
export async function forecastFor(
  { database, clock }: Deps,
  email: Email,
  text: string,
): Promise<ForecastResult> {
  const now = clock();
  const asking = await loadAsking(database, email, now);
  const { organization } = asking;
  const { finding, reading } = chooseReading(budgetReadings(text, now, organization), asking, "me");
  if (finding.kind !== "found") return { ...finding, ...askedWords(reading) };
  const { scope } = finding;
  const about = { name: asking.nameOf(scope), typed: typedScope(scope, email) };
  const { periodKind } = reading;
  const ofScope = await listBudgets(database, [formatScope(scope), `each:${scope.kind}`]);
  const budgets = ofScope.filter(
    (budget) => periodKind === undefined || budget.periodKind === periodKind,
  );
  const yardsticks =
    budgets.length > 0 ? budgets : [withoutLimit(scope, organization, periodKind ?? "monthly")];
  const outlooks: ShownOutlook[] = [];
  for (const budget of yardsticks) {
    // oxlint-disable-next-line no-await-in-loop -- one query at a time leaves connections to others
    outlooks.push(...(await outlookIn(database, { budget, scope, name: about.name, now })));
  }
  const [first] = outlooks;
  const basis =
    first === undefined
      ? undefined
      : await loadBasis(database, { scope, period: first.period }, now);
  return { kind: "forecast", about, outlooks, basis, asked: askedTime(reading, about.typed) };
}

async function outlookIn(
  sql: Sql,
  of: {
    readonly budget: Budget;
    readonly scope: Scope;
    readonly name: string;
    readonly now: Instant;
  },
): Promise<ShownOutlook[]> {
  const { budget, scope, now } = of;
  const memberKeys = [budget.coverage.kind === "each" ? scope.key : ""];
  const standings = await loadStandings(sql, { budget, memberKeys }, now);
  const outlooks = await loadOutlooks(sql, { budget, standings }, now);
  return [...outlooks].map(([memberKey, outlook]) => ({ ...outlook, ...of, memberKey }));
}

/** A yardstick for a scope that has none: the organization's period, without a limit. */
function withoutLimit(scope: Scope, organization: Organization, periodKind: PeriodKind): Budget {
  return {
    budgetId: "",
    coverage: { kind: "one", scope },
    baseLimit: ZERO_USD,
    periodKind,
    timeZone: organization.timeZone,
    weekStartsOn: organization.weekStartsOn,
    fiscalMonthStartsOn: organization.fiscalMonthStartsOn ?? 1,
    fiscalYearStartsIn: organization.fiscalYearStartsIn ?? 1,
    thresholdPercents: [],
    forecastThresholdPercents: [],
    rollOverMaxPercent: undefined,
    paceDays: undefined,
    notifyReset: false,
    managedBy: "slack",
    generation: FIRST_GENERATION,
  };
}
