/** Alerts, the SQL of the facts: appended, never changed. Owns: alerts. */
import type { AlertContent, AlertFact, AlertKind, AlertSeverity } from "../../../domain/alert.ts";
import { usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import { formatScope, type Scope, scopeFrom } from "../../../domain/scope.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Alert } from "../rules.ts";

export interface NewAlert {
  readonly alertId: string;
  readonly fact: AlertFact;
  readonly notSentBecause: string | undefined;
}

/** Stores the facts and returns those that are new, with their number, in the order given. */
export async function insertAlerts(
  sql: Sql,
  alerts: readonly NewAlert[],
  foundAt: Instant,
): Promise<Alert[]> {
  // One order for all callers: two that find the same facts wait for, not on, each other.
  const sorted = alerts.toSorted((left, right) =>
    left.fact.factKey < right.fact.factKey ? -1 : 1,
  );
  const numbers = new Map<string, bigint>();
  for (const { alertId, fact, notSentBecause } of sorted) {
    const { budget, period } = fact;
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    const { rows } = await sql.query<{ readonly alert_number: string }>(
      `insert into alerts
              (alert_id, fact_key, thread_key, kind, scope, severity, period_start, period_end,
               budget_id, member_key, threshold_percent, limit_usd, spend_usd, content, found_at,
               not_sent_because)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
           on conflict (fact_key) do nothing
    returning alert_number::text`,
      [
        alertId,
        fact.factKey,
        fact.threadKey,
        fact.kind,
        formatScope(fact.scope),
        fact.severity,
        period?.start ?? null,
        period?.end ?? null,
        budget?.budgetId ?? null,
        budget?.memberKey ?? null,
        budget?.thresholdPercent ?? null,
        budget === undefined ? null : usdToDecimal(budget.limit),
        budget === undefined ? null : usdToDecimal(budget.spend),
        storable(contentToJson(fact.content)),
        foundAt,
        notSentBecause ?? null,
      ],
    );
    if (rows[0] !== undefined) numbers.set(alertId, BigInt(rows[0].alert_number));
  }
  return alerts.flatMap(({ alertId, fact, notSentBecause }) => {
    const number = numbers.get(alertId);
    return number === undefined ? [] : [{ ...fact, alertId, number, foundAt, notSentBecause }];
  });
}

/** The facts of a thread that people were told of or would have been, the latest first. */
export async function listThreadAlerts(
  sql: Sql,
  threadKey: string,
  alertsMax: number,
): Promise<Alert[]> {
  const { rows } = await sql.query<AlertRow>(
    `select ${COLUMNS}
       from alerts a
      where a.thread_key = $1 and a.not_sent_because is null
      order by a.alert_number desc
      limit $2`,
    [threadKey, alertsMax],
  );
  return rows.map(alertFromRow);
}

export interface AlertRow {
  readonly alert_id: string;
  readonly alert_number: string;
  readonly fact_key: string;
  readonly thread_key: string;
  readonly kind: AlertKind;
  readonly scope: string;
  readonly severity: AlertSeverity;
  readonly period_start: Date | null;
  readonly period_end: Date | null;
  readonly budget_id: string | null;
  readonly member_key: string | null;
  readonly threshold_percent: number | null;
  readonly limit_usd: string | null;
  readonly spend_usd: string | null;
  readonly content: StoredContent;
  readonly found_at: Date;
  readonly not_sent_because: string | null;
}

export const COLUMNS = `a.alert_id, a.alert_number::text, a.fact_key, a.thread_key, a.kind, a.scope,
            a.severity, a.period_start, a.period_end, a.budget_id, a.member_key,
            a.threshold_percent, a.limit_usd::text, a.spend_usd::text, a.content, a.found_at,
            a.not_sent_because`;

export function alertFromRow(row: AlertRow): Alert {
  const scope: Scope = scopeFrom(row.scope);
  return {
    alertId: row.alert_id,
    number: BigInt(row.alert_number),
    factKey: row.fact_key,
    threadKey: row.thread_key,
    kind: row.kind,
    scope,
    severity: row.severity,
    content: contentFromJson(row.content),
    foundAt: instant(row.found_at),
    notSentBecause: row.not_sent_because ?? undefined,
    ...(row.period_start === null || row.period_end === null
      ? {}
      : { period: { start: instant(row.period_start), end: instant(row.period_end) } }),
    ...(row.budget_id === null || row.limit_usd === null || row.spend_usd === null
      ? {}
      : {
          budget: {
            budgetId: row.budget_id,
            memberKey: row.member_key ?? "",
            limit: usdFromDecimal(row.limit_usd),
            spend: usdFromDecimal(row.spend_usd),
            ...(row.threshold_percent === null ? {} : { thresholdPercent: row.threshold_percent }),
          },
        }),
  };
}

/** Postgres refuses a NUL and half a surrogate pair in any text; a name may hold either. */
function storable(content: StoredContent): string {
  return JSON.stringify(content, (_, value: unknown) =>
    typeof value === "string"
      ? value.replaceAll("\0", "").replace(/\p{Surrogate}/gu, "\uFFFD")
      : value,
  );
}

/** As in the column: amounts are decimals. */
interface StoredContent extends Omit<AlertContent, "drivers"> {
  readonly drivers?: {
    readonly by: NonNullable<AlertContent["drivers"]>["by"];
    readonly top: readonly {
      readonly name: string;
      readonly cost: string;
      readonly normal?: string;
    }[];
  };
}

function contentToJson({ drivers, ...plain }: AlertContent): StoredContent {
  if (drivers === undefined) return plain;
  const top = drivers.top.map(({ name, cost, normal }) => ({
    name,
    cost: usdToDecimal(cost),
    ...(normal === undefined ? {} : { normal: usdToDecimal(normal) }),
  }));
  return { ...plain, drivers: { by: drivers.by, top } };
}

function contentFromJson({ drivers, ...plain }: StoredContent): AlertContent {
  if (drivers === undefined) return plain;
  const top = drivers.top.map(({ name, cost, normal }) => ({
    name,
    cost: usdFromDecimal(cost),
    ...(normal === undefined ? {} : { normal: usdFromDecimal(normal) }),
  }));
  return { ...plain, drivers: { by: drivers.by, top } };
}
