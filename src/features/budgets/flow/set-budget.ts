/** `/claude-spend budget set`: a limit by whoever may set it, with an audit entry. */
import type { Email } from "../../../domain/email.ts";
import { type Usd, usdToDecimal } from "../../../domain/money.ts";
import { formatScope, type Scope, typedScope } from "../../../domain/scope.ts";
import type { Clock, Instant, PeriodKind } from "../../../domain/time.ts";
import { recordAudit } from "../../../store/audit.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { mayChangeBudget, type Organization } from "../../organization/index.ts";
import type { SetBudgetResult } from "../messages/budgets.ts";
import { type Budget, DEFAULT_THRESHOLD_PERCENTS, FIRST_GENERATION } from "../rules.ts";
import { listBudgetsForUpdate } from "../store/budgets.ts";
import { changeBudgets } from "./change-budgets.ts";
import { loadAsking, resolveVisibleScope } from "./scopes.ts";
import { listBudgetStatus, named } from "./status.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

export interface SetBudgetCommand {
  readonly actor: Email;
  readonly scopeText: string;
  readonly amount: Usd;
  readonly periodKind: PeriodKind;
}

/**
 * Sets the base limit of a scope and period; creates the budget when there is none. A budget of
 * governance.yml is not touched: the next apply would undo it.
 */
export async function setBudget(
  { database, clock }: Deps,
  command: SetBudgetCommand,
): Promise<SetBudgetResult> {
  return await inTransaction(database, async (sql): Promise<SetBudgetResult> => {
    const asking = await loadAsking(sql, command.actor);
    const resolved = resolveVisibleScope(command.scopeText, asking);
    if (resolved.kind !== "found") return resolved;
    const { scope } = resolved;
    const name = asking.nameOf(scope);
    if (!mayChangeBudget(asking.person, scope, asking.teams)) {
      return { kind: "may-not-set", name, typed: typedScope(scope, command.actor) };
    }

    const locked = await listBudgetsForUpdate(sql, [formatScope(scope)]);
    const existing = locked.filter((budget) => budget.periodKind === command.periodKind);
    const governed = existing.find((budget) => budget.managedBy === "governance");
    if (governed !== undefined) return { kind: "governed", name, budgetId: governed.budgetId };
    const [before] = existing;
    const now = clock();
    const after = {
      ...(before ?? newBudget(scope, command.periodKind, asking.organization)),
      baseLimit: command.amount,
    };
    const isChange = before?.baseLimit !== command.amount;
    const { isAdmin } = asking.person;
    if (isChange) await save(sql, { before, after, actor: command.actor, isAdmin, now });

    const statuses = await listBudgetStatus(sql, { scope, now });
    const status = statuses.find(({ budgetId }) => budgetId === after.budgetId);
    if (status === undefined) throw new Error("a budget that was just stored has a status");
    const shown = named(asking.nameOf)(status);
    return isChange
      ? { kind: "set", named: shown, before: before?.baseLimit }
      : { kind: "unchanged", named: shown };
  });
}

async function save(
  sql: Sql,
  change: {
    readonly before: Budget | undefined;
    readonly after: Budget;
    readonly actor: Email;
    readonly isAdmin: boolean;
    readonly now: Instant;
  },
): Promise<void> {
  const { before, after, actor, isAdmin, now } = change;
  await changeBudgets(sql, [{ before, after, isNewLimit: true }], {
    at: now,
    by: actor,
    reason: "budget set",
  });
  await recordAudit(sql, {
    occurredAt: now,
    actor,
    action: before === undefined ? "budget.created" : "budget.limit_changed",
    subject: `budget:${after.budgetId}`,
    before: before === undefined ? undefined : { base_limit: usdToDecimal(before.baseLimit) },
    after: { base_limit: usdToDecimal(after.baseLimit), period: after.periodKind },
    rule: { role: isAdmin ? "admin" : "owner" },
  });
}

function newBudget(
  scope: Scope,
  periodKind: PeriodKind,
  organization: Organization,
): Omit<Budget, "baseLimit"> {
  return {
    // One for a scope and period: two people who set it at once set the same one.
    budgetId: `slack:${formatScope(scope)}:${periodKind}`,
    coverage: { kind: "one", scope },
    periodKind,
    timeZone: organization.timeZone,
    weekStartsOn: organization.weekStartsOn,
    fiscalMonthStartsOn: organization.fiscalMonthStartsOn ?? 1,
    fiscalYearStartsIn: organization.fiscalYearStartsIn ?? 1,
    thresholdPercents: DEFAULT_THRESHOLD_PERCENTS,
    forecastThresholdPercents: [],
    rollOverMaxPercent: undefined,
    paceDays: undefined,
    notifyReset: false,
    generation: FIRST_GENERATION,
    managedBy: "slack",
  };
}
