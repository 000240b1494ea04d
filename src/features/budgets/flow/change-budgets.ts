/**
 * Changes of budgets. Usage, grants and what was said stay; what a new limit finds already reached
 * is recorded without a message, so that only real growth into a further threshold is news.
 */
import type { Instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import {
  type Budget,
  budgetFromGovernance,
  type GovernedBudget,
  hasOtherThresholds,
  isSameYardstick,
} from "../rules.ts";
import { archiveBudgets, listKnownBudgetsForUpdate, upsertBudgets } from "../store/budgets.ts";
import { insertLimits, type LimitChange } from "../store/limits.ts";
import { bringForwardWatches } from "../store/watches.ts";
import { recordReached, recordReachedAtLimitChange } from "./evaluate.ts";

/**
 * Makes `governed` the budgets of governance.yml, in the transaction that applies it: changes and
 * adds by key, archives what has vanished, leaves budgets made in Slack alone. Applied again it
 * changes nothing. A new budget that is over a threshold already is announced once.
 */
export async function replaceGovernedBudgets(
  sql: Sql,
  governed: readonly GovernedBudget[],
  now: Instant,
  appliedBy = "governance",
): Promise<void> {
  const budgets = governed.map(budgetFromGovernance);
  const keys = new Set(budgets.map((budget) => budget.budgetId));
  const known = await listKnownBudgetsForUpdate(sql, [...keys]);
  await archiveBudgets(
    sql,
    known
      .filter(({ budget, isArchived }) => budget.managedBy === "governance" && !isArchived)
      .map(({ budget }) => budget.budgetId)
      .filter((budgetId) => !keys.has(budgetId)),
    now,
  );
  const stored = new Map(known.map((one) => [one.budget.budgetId, one]));
  await changeBudgets(
    sql,
    budgets.map((after): BudgetChange => {
      const one = stored.get(after.budgetId);
      if (one === undefined) return { before: undefined, after, isNewLimit: true };
      const { budget: before, isArchived } = one;
      const isSame = isSameYardstick(before, after);
      const generation = isSame ? before.generation : before.generation + 1;
      return {
        before: isSame && !isArchived ? before : undefined,
        after: { ...after, generation },
        isNewLimit: !isSame || before.baseLimit !== after.baseLimit,
      };
    }),
    { at: now, by: appliedBy, reason: "governance document applied" },
  );
}

/** `before` is undefined for a budget that is new, or measures something else than it did. */
export interface BudgetChange {
  readonly before: Budget | undefined;
  readonly after: Budget;
  /** Whether the history of its limits gets an entry. */
  readonly isNewLimit: boolean;
}

/**
 * Stores budgets that the caller has locked.
 *
 * 1. What was reached under an old limit and not seen yet is announced while that limit holds.
 * 2. The budgets are stored. 3. What is already reached is recorded silently where the limit or
 * the thresholds changed, and announced where the budget is new, or its limit was set below what is
 * spent. 4. The clock looks after budgets of one scope; those of `each:…` from their first spend.
 */
export async function changeBudgets(
  sql: Sql,
  changes: readonly BudgetChange[],
  change: LimitChange,
): Promise<void> {
  const { at: now } = change;
  for (const { before, after } of changes) {
    if (before === undefined || !hasOtherThresholds(before, after)) continue;
    const target = { budget: before, memberKeys: undefined };
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    await recordReached(sql, target, now);
  }
  await upsertBudgets(
    sql,
    changes.map(({ after }) => after),
  );
  await insertLimits(
    sql,
    changes.filter(({ isNewLimit }) => isNewLimit).map(({ after }) => after),
    change,
  );
  for (const { before, after } of changes) {
    const target = { budget: after, memberKeys: undefined };
    if (before === undefined) {
      // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
      await recordReached(sql, target, now);
    } else if (hasOtherThresholds(before, after)) {
      // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
      await recordReachedAtLimitChange(sql, target, now, {
        isLowered: after.baseLimit < before.baseLimit,
      });
    }
  }
  await bringForwardWatches(
    sql,
    changes
      .filter(({ after }) => after.coverage.kind === "one")
      .map(({ after }) => ({ budgetId: after.budgetId, memberKey: "", dueAt: now })),
  );
}
