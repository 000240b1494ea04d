/** Budgets, the SQL of the facts that thresholds were reached. Owns: budget_alerts. */
import { type Email, emailFrom } from "../../../domain/email.ts";
import { usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { BudgetAlert, ReachedFact } from "../rules/evaluate.ts";

interface AlertRow {
  readonly alert_id: string;
  readonly budget_id: string;
  readonly member_key: string;
  readonly period_start: Date;
  readonly period_end: Date;
  readonly threshold_percent: number;
  readonly limit_usd: string;
  readonly spend_usd: string;
  readonly found_at: Date;
  readonly silent_because: string | null;
  readonly acknowledged_by: string | null;
  readonly acknowledged_at: Date | null;
}

const COLUMNS = `a.alert_id, a.budget_id, a.member_key, a.period_start, a.period_end,
            a.threshold_percent, a.limit_usd::text, a.spend_usd::text, a.found_at,
            a.silent_because, a.acknowledged_by, a.acknowledged_at`;

/** Stores the facts and returns the ids of those that are new. */
export async function insertAlerts(
  sql: Sql,
  alerts: readonly BudgetAlert[],
): Promise<ReadonlySet<string>> {
  if (alerts.length === 0) return new Set();
  const { rows } = await sql.query<{ readonly alert_id: string }>(
    `insert into budget_alerts
            (alert_id, budget_id, member_key, period_start, period_end, threshold_percent,
             limit_usd, spend_usd, found_at, silent_because)
     select *
       from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[],
                   $6::integer[], $7::numeric[], $8::numeric[], $9::timestamptz[], $10::text[])
         on conflict (budget_id, member_key, period_start, threshold_percent, limit_usd) do nothing
     returning alert_id`,
    [
      alerts.map((alert) => alert.alertId),
      alerts.map((alert) => alert.budgetId),
      alerts.map((alert) => alert.memberKey),
      alerts.map((alert) => alert.period.start),
      alerts.map((alert) => alert.period.end),
      alerts.map((alert) => alert.thresholdPercent),
      alerts.map((alert) => usdToDecimal(alert.limit)),
      alerts.map((alert) => usdToDecimal(alert.spend)),
      alerts.map((alert) => alert.foundAt),
      alerts.map((alert) => alert.silentBecause ?? null),
    ],
  );
  return new Set(rows.map((row) => row.alert_id));
}

/** What was reached in a period, by member, under whatever limit. */
export async function listReachedFacts(
  sql: Sql,
  of: {
    readonly budgetId: string;
    readonly memberKeys: readonly string[] | undefined;
    readonly periodStart: Instant;
  },
): Promise<ReadonlyMap<string, readonly ReachedFact[]>> {
  const { rows } = await sql.query<{
    readonly member_key: string;
    readonly threshold_percent: number;
    readonly limit_usd: string;
  }>(
    `select a.member_key, a.threshold_percent, a.limit_usd::text
       from budget_alerts a
      where a.budget_id = $1
        and a.period_start = $2
        and ($3::text[] is null or a.member_key = any($3))`,
    [of.budgetId, of.periodStart, of.memberKeys ?? null],
  );
  const byMember = new Map<string, ReachedFact[]>();
  for (const row of rows) {
    const facts = byMember.get(row.member_key) ?? [];
    facts.push({
      thresholdPercent: row.threshold_percent,
      limit: usdFromDecimal(row.limit_usd),
    });
    byMember.set(row.member_key, facts);
  }
  return byMember;
}

/** Forgets what was said of a budget in periods that are not over: it measures something else now. */
export async function deleteOpenAlerts(sql: Sql, budgetId: string, now: Instant): Promise<void> {
  await sql.query(`delete from budget_alerts a where a.budget_id = $1 and a.period_end > $2`, [
    budgetId,
    now,
  ]);
}

export async function findAlert(sql: Sql, alertId: string): Promise<BudgetAlert | undefined> {
  const { rows } = await sql.query<AlertRow>(
    `select ${COLUMNS} from budget_alerts a where a.alert_id = $1`,
    [alertId],
  );
  return rows[0] === undefined ? undefined : alertFromRow(rows[0]);
}

/** False when somebody was faster. */
export async function updateAcknowledged(
  sql: Sql,
  { alertId, by, at }: { readonly alertId: string; readonly by: Email; readonly at: Instant },
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `update budget_alerts
        set acknowledged_by = $2, acknowledged_at = $3
      where alert_id = $1 and acknowledged_at is null`,
    [alertId, by, at],
  );
  return rowCount === 1;
}

/** The latest facts first, with the coverage text of their budget; of one scope or of all. */
export async function listAlerts(
  sql: Sql,
  of:
    | { readonly coverage: string; readonly eachCoverage: string; readonly memberKey: string }
    | undefined,
  alertsMax: number,
): Promise<{ readonly alert: BudgetAlert; readonly coverage: string }[]> {
  const { rows } = await sql.query<AlertRow & { readonly scope: string }>(
    `select ${COLUMNS}, b.scope
       from budget_alerts a
       join budgets b on b.budget_id = a.budget_id
      where $1::text is null
         or b.scope = $1
         or (b.scope = $2 and a.member_key = $3)
      order by a.found_at desc, a.alert_id desc
      limit $4`,
    [of?.coverage ?? null, of?.eachCoverage ?? null, of?.memberKey ?? null, alertsMax],
  );
  return rows.map((row) => ({ alert: alertFromRow(row), coverage: row.scope }));
}

function alertFromRow(row: AlertRow): BudgetAlert {
  const silentBecause = row.silent_because;
  return {
    alertId: row.alert_id,
    budgetId: row.budget_id,
    memberKey: row.member_key,
    period: { start: instant(row.period_start), end: instant(row.period_end) },
    thresholdPercent: row.threshold_percent,
    limit: usdFromDecimal(row.limit_usd),
    spend: usdFromDecimal(row.spend_usd),
    foundAt: instant(row.found_at),
    silentBecause:
      silentBecause === "higher-threshold" || silentBecause === "limit-changed"
        ? silentBecause
        : undefined,
    acknowledgedBy: row.acknowledged_by === null ? undefined : emailFrom(row.acknowledged_by),
    acknowledgedAt: row.acknowledged_at === null ? undefined : instant(row.acknowledged_at),
  };
}
