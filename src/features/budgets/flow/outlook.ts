/** Where budgets are heading, from what was spent in the last months. Changes nothing. */
import { addMs, DAY_MS, type Instant, localDate, type Period } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { ACCURACY_PERIODS, type Outlook, outlookOf } from "../rules/outlook.ts";
import { PARTS_OF_DAY, usageHistory } from "../rules/usage-history.ts";
import { type Budget, currentPeriod } from "../rules.ts";
import { listUsageParts } from "../store/spend.ts";
import type { Standing } from "./standings.ts";

/** What a forecast is fitted to, and enough months before it to see how good such forecasts are. */
const HISTORY_DAYS = 160;

/** The outlooks of members of one budget, by member key, with one look at the past for all of them. */
export async function loadOutlooks(
  sql: Sql,
  { budget, standings }: { readonly budget: Budget; readonly standings: readonly Standing[] },
  now: Instant,
): Promise<ReadonlyMap<string, Outlook>> {
  if (standings.length === 0) return new Map();
  const { coverage, timeZone } = budget;
  const memberKeys = standings.map(({ memberKey }) => memberKey);
  const parts = await listUsageParts(
    sql,
    { coverage, memberKeys },
    {
      period: { start: addMs(now, -HISTORY_DAYS * DAY_MS), end: now },
      zone: timeZone,
      partHours: 24 / PARTS_OF_DAY,
    },
  );
  const formerPeriods = formerPeriodsOf(budget, now);
  const today = localDate(now, timeZone);
  return new Map(
    standings.map(({ memberKey, period, spend, limit }) => [
      memberKey,
      outlookOf(
        // A yardstick without a limit has no plan.
        { period, timeZone, spend, limit: limit > 0n ? limit : undefined, formerPeriods },
        usageHistory(parts.get(memberKey) ?? [], today),
        now,
      ),
    ]),
  );
}

/** The latest first. */
function formerPeriodsOf(budget: Budget, now: Instant): Period[] {
  const periods: Period[] = [];
  let next = currentPeriod(budget, now);
  while (periods.length < ACCURACY_PERIODS) {
    next = currentPeriod(budget, addMs(next.start, -1));
    periods.push(next);
  }
  return periods;
}
