/** Alerts, the SQL of what was announced ahead. Owns: planned_events. */
import { emailFrom } from "../../../domain/email.ts";
import { usdFromDecimal, usdToDecimal } from "../../../domain/money.ts";
import { formatScope, type Scope, scopeFrom } from "../../../domain/scope.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { PlannedEvent } from "../rules.ts";

interface PlannedEventRow {
  readonly planned_event_id: string;
  readonly scope: string;
  readonly name: string;
  readonly starts_at: Date;
  readonly ends_at: Date;
  readonly expected_usd: string;
  readonly announced_by: string;
}

const COLUMNS = `e.planned_event_id, e.scope, e.name, e.starts_at, e.ends_at,
            e.expected_usd::text, e.announced_by`;

export async function insertPlannedEvent(
  sql: Sql,
  event: PlannedEvent,
  now: Instant,
): Promise<void> {
  await sql.query(
    `insert into planned_events
            (planned_event_id, scope, name, starts_at, ends_at, expected_usd, announced_by,
             announced_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      event.plannedEventId,
      formatScope(event.scope),
      event.name,
      event.startsAt,
      event.endsAt,
      usdToDecimal(event.expected),
      event.announcedBy,
      now,
    ],
  );
}

/** What is planned for these scopes and under way at `at`. */
export async function listActivePlans(
  sql: Sql,
  scopes: readonly Scope[],
  at: Instant,
): Promise<PlannedEvent[]> {
  if (scopes.length === 0) return [];
  const { rows } = await sql.query<PlannedEventRow>(
    `select ${COLUMNS}
       from planned_events e
      where e.scope = any($1) and e.starts_at <= $2 and e.ends_at > $2
      order by e.starts_at, e.planned_event_id`,
    [scopes.map(formatScope), at],
  );
  return rows.map(plannedEventFromRow);
}

function plannedEventFromRow(row: PlannedEventRow): PlannedEvent {
  return {
    plannedEventId: row.planned_event_id,
    scope: scopeFrom(row.scope),
    name: row.name,
    startsAt: instant(row.starts_at),
    endsAt: instant(row.ends_at),
    expected: usdFromDecimal(row.expected_usd),
    announcedBy: emailFrom(row.announced_by),
  };
}
