/**
 * What the worker does as time passes: looks at members' budgets that are due for forecasts, pace,
 * raises that ended and periods that began.
 */
import type { Clock, Instant } from "../../../domain/time.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import type { Outlook } from "../rules/outlook.ts";
import { dueAfterLook, isReset } from "../rules/watch.ts";
import type { Budget } from "../rules.ts";
import { findBudgetForUpdate } from "../store/budgets.ts";
import { upsertForecasts } from "../store/forecasts.ts";
import { listGrantsInForce } from "../store/grants.ts";
import {
  type DueWatch,
  deleteWatches,
  listDueBudgetIds,
  listDueWatches,
  updateWatches,
} from "../store/watches.ts";
import { recordReached } from "./evaluate.ts";
import { loadOutlooks } from "./outlook.ts";
import { raiseOutlookNews, raiseResets } from "./outlook-news.ts";
import { loadStandings, type Standing } from "./standings.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

/** Bounds a call: what is left is due a minute later. */
const BUDGETS_MAX = 200;
/** Bounds how long a budget stays locked. */
const MEMBERS_MAX = 500;

/**
 * Looks at what is due and returns how many members' budgets that were.
 *
 * Each budget in a transaction of its own, under its lock: 1. thresholds, because a raise may have
 * ended; 2. the forecast and the pace; 3. the beginning of a period; 4. when to look again. Replicas
 * that find the same budget due look one after the other, and the second finds nothing.
 */
export async function checkDueWatches({ database, clock }: Deps): Promise<number> {
  let count = 0;
  for (const budgetId of await listDueBudgetIds(database, clock(), BUDGETS_MAX)) {
    // oxlint-disable-next-line no-await-in-loop -- each budget is locked for as long as it takes
    count += await inTransaction(database, async (sql) => {
      const budget = await findBudgetForUpdate(sql, budgetId);
      return budget === undefined ? 0 : await checkBudget(sql, budget, clock());
    });
  }
  return count;
}

async function checkBudget(sql: Sql, budget: Budget, now: Instant): Promise<number> {
  const due = await listDueWatches(sql, budget.budgetId, { now, watchesMax: MEMBERS_MAX });
  if (due.length === 0) return 0;
  const memberKeys = due.map(({ memberKey }) => memberKey);
  await recordReached(sql, { budget, memberKeys }, now);
  const standings = await loadStandings(sql, { budget, memberKeys }, now);
  const outlooks = await loadOutlooks(sql, { budget, standings }, now);
  await saveForecasts(sql, { budget, outlooks }, now);
  await raiseOutlookNews(sql, { budget, standings, outlooks }, now);
  await raiseResets(sql, { budget, standings: standings.filter(beginsAnew(due, now)) }, now);
  await planNextLooks(sql, { budget, standings, outlooks }, now);
  return due.length;
}

function beginsAnew(due: readonly DueWatch[], now: Instant): (standing: Standing) => boolean {
  const checkedAt = new Map(due.map((watch) => [watch.memberKey, watch.checkedAt]));
  return ({ memberKey, period }) => isReset(checkedAt.get(memberKey), { period, now });
}

async function saveForecasts(
  sql: Sql,
  of: { readonly budget: Budget; readonly outlooks: ReadonlyMap<string, Outlook> },
  now: Instant,
): Promise<void> {
  const { budgetId, generation } = of.budget;
  await upsertForecasts(
    sql,
    [...of.outlooks].flatMap(([memberKey, { forecast, period, daysAhead = 0 }]) =>
      forecast === undefined
        ? []
        : [
            {
              ...forecast,
              budgetId,
              memberKey,
              generation,
              periodStart: period.start,
              asOf: now,
              daysAhead,
            },
          ],
    ),
  );
}

/** A member who spent nothing that a forecast could be made of is looked after again when they do. */
async function planNextLooks(
  sql: Sql,
  of: {
    readonly budget: Budget;
    readonly standings: readonly Standing[];
    readonly outlooks: ReadonlyMap<string, Outlook>;
  },
  now: Instant,
): Promise<void> {
  const { budget, standings } = of;
  const { budgetId } = budget;
  const memberKeys = standings.map(({ memberKey }) => memberKey);
  const grants = await listGrantsInForce(sql, { budgetId, memberKeys }, now);
  const isIdle = ({ memberKey, spend, grants: granted }: Standing): boolean =>
    budget.coverage.kind === "each" &&
    spend === 0n &&
    granted === 0n &&
    (of.outlooks.get(memberKey)?.forecast?.expected ?? 0n) === 0n;
  const idle = standings.filter(isIdle).map(({ memberKey }) => memberKey);
  await deleteWatches(sql, budgetId, idle);
  await updateWatches(
    sql,
    standings.map(({ memberKey, period }) => ({
      budgetId,
      memberKey,
      dueAt: dueAfterLook(now, {
        period,
        grantsEnd: grants
          .filter((grant) => grant.memberKey === memberKey)
          .map(({ validUntil }) => validUntil),
      }),
    })),
    now,
  );
}
