/** What the worker does when something was spent: look at the budgets it counts towards. */
import type { Clock, Instant } from "../../../domain/time.ts";
import { type Database, inTransaction } from "../../../store/database.ts";
import { dueAfterSpend } from "../rules/watch.ts";
import { type Budget, budgetsTouchedBy, coveragesOf, currentPeriod } from "../rules.ts";
import { listBudgetsForUpdate } from "../store/budgets.ts";
import { type BudgetCheck, claimBudgetChecks } from "../store/checks.ts";
import { bringForwardWatches } from "../store/watches.ts";
import { loadDirectory } from "./announce.ts";
import { recordReached, type Target } from "./evaluate.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log?: { info(fields: Readonly<Record<string, unknown>>, message: string): void };
}

/** Bounds how long budgets stay locked; a burst is worked off in several transactions. */
const CHECKS_MAX = 500;

/**
 * Works off one batch of due checks and returns how many there were; 0: nothing is due.
 *
 * In one transaction: 1. take checks out of the queue, none that another replica has; 2. lock the
 * budgets that they touch; 3. sum each one's current period; 4. record thresholds that were newly
 * reached; 5. put the messages into the outbox; 6. have the clock look after them. A crash anywhere leaves the checks in the queue.
 */
export async function checkDueBudgets({ database, clock, log }: Deps): Promise<number> {
  const startedAt = clock();
  const done = await inTransaction(database, async (sql) => {
    const checks = await claimBudgetChecks(sql, CHECKS_MAX, startedAt);
    if (checks.length === 0) return { checks: 0, budgets: 0, alerts: 0 };
    const coverages = new Set(checks.flatMap((check) => coveragesOf(check.spend)));
    const budgets = await listBudgetsForUpdate(sql, [...coverages]);
    // Waiting for the locks may have taken us into another period.
    const now = clock();
    const targets = targetsOf(budgets, checks, now);
    let alerts = 0;
    let directory: ReturnType<typeof loadDirectory> | undefined;
    const loadedDirectory = async (): ReturnType<typeof loadDirectory> => {
      directory ??= loadDirectory(sql);
      return await directory;
    };
    for (const target of targets) {
      // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
      alerts += await recordReached(sql, { ...target, loadedDirectory }, now);
    }
    const dueAt = dueAfterSpend(now);
    await bringForwardWatches(
      sql,
      targets.flatMap(({ budget: { budgetId }, memberKeys = [] }) =>
        memberKeys.map((memberKey) => ({ budgetId, memberKey, dueAt })),
      ),
    );
    return { checks: checks.length, budgets: targets.length, alerts };
  });
  if (done.checks > 0) {
    log?.info(
      {
        work: "budget_check",
        outcome: "done",
        ...done,
        duration_ms: clock().getTime() - startedAt.getTime(),
      },
      "budgets checked",
    );
  }
  return done.checks;
}

/** Each touched budget once, with the members whose spend may have grown in the current period. */
function targetsOf(
  budgets: readonly Budget[],
  checks: readonly BudgetCheck[],
  now: Instant,
): Target[] {
  const members = new Map<Budget, Set<string>>();
  for (const { spend, occurredAt } of checks) {
    for (const { budget, memberKey } of budgetsTouchedBy(budgets, spend)) {
      // Late news of a past period changes its sums, but alerts nobody any more.
      if (occurredAt < currentPeriod(budget, now).start) continue;
      members.set(budget, (members.get(budget) ?? new Set()).add(memberKey));
    }
  }
  return [...members].map(([budget, memberKeys]) => ({ budget, memberKeys: [...memberKeys] }));
}
