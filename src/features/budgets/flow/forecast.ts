/** `/claude-spend forecast`: where a scope's budgets end, or its month where it has none. */
import type { FigureBasis } from "../../../domain/basis.ts";
import type { Email } from "../../../domain/email.ts";
import { ZERO_USD } from "../../../domain/money.ts";
import { formatScope, type Scope, type ScopeRefusal, typedScope } from "../../../domain/scope.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
import type { Database, Sql } from "../../../store/database.ts";
import { findScope, type Organization } from "../../organization/index.ts";
import { loadBasis } from "../../reconciliation/index.ts";
import type { NamedScope } from "../messages/budgets.ts";
import type { ShownOutlook } from "../messages/outlook.ts";
import { type Budget, FIRST_GENERATION } from "../rules.ts";
import { listBudgets } from "../store/budgets.ts";
import { loadOutlooks } from "./outlook.ts";
import { loadAsking } from "./scopes.ts";
import { loadStandings } from "./standings.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

export type ForecastResult =
  | ScopeRefusal
  | {
      readonly kind: "forecast";
      readonly about: NamedScope;
      readonly outlooks: readonly ShownOutlook[];
      readonly basis: FigureBasis | undefined;
    };

/** Computed now, not looked up; "me" where no scope is named. */
export async function forecastFor(
  { database, clock }: Deps,
  email: Email,
  scopeText: string,
): Promise<ForecastResult> {
  const now = clock();
  const asking = await loadAsking(database, email);
  const resolved = findScope(scopeText === "" ? "me" : scopeText, asking);
  if (resolved.kind !== "found") return resolved;
  const { scope } = resolved;
  const about = { name: asking.nameOf(scope), typed: typedScope(scope, email) };
  const budgets = await listBudgets(database, [formatScope(scope), `each:${scope.kind}`]);
  const outlooks: ShownOutlook[] = [];
  for (const budget of budgets) {
    // oxlint-disable-next-line no-await-in-loop -- one query at a time leaves connections to others
    outlooks.push(...(await outlookIn(database, { budget, scope, name: about.name, now })));
  }
  const answered = async (): Promise<ForecastResult> => {
    const [first] = outlooks;
    const basis =
      first === undefined
        ? undefined
        : await loadBasis(database, { scope, period: first.period }, now);
    return { kind: "forecast", about, outlooks, basis };
  };
  if (budgets.length > 0) return await answered();
  const month = monthOf(scope, asking.organization);
  outlooks.push(...(await outlookIn(database, { budget: month, scope, name: about.name, now })));
  return await answered();
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

/** A yardstick for a scope that has none: the organization's month, without a limit. */
function monthOf(scope: Scope, organization: Organization): Budget {
  return {
    budgetId: "",
    coverage: { kind: "one", scope },
    baseLimit: ZERO_USD,
    periodKind: "monthly",
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
