/**
 * Somebody announces something ahead: what it is expected to cost is no news for spikes, pace and
 * forecasts. Thresholds of budgets still speak.
 */
import { v7 as uuid } from "uuid";
import type { Email } from "../../../domain/email.ts";
import type { Usd } from "../../../domain/money.ts";
import { usdToDecimal } from "../../../domain/money.ts";
import { formatScope } from "../../../domain/scope.ts";
import {
  addMs,
  type Clock,
  DAY_MS,
  localDate,
  parseLocalDate,
  type TimeZone,
} from "../../../domain/time.ts";
import { recordAudit } from "../../../store/audit.ts";
import { type Database, inTransaction } from "../../../store/database.ts";
import {
  findPerson,
  listTeams,
  loadOrganization,
  mayPlanFor,
  resolveScopeName,
} from "../../organization/index.ts";
import { scopeName } from "../rules/names.ts";
import type { PlannedEvent } from "../rules.ts";
import { insertPlannedEvent } from "../store/planned-events.ts";

export interface PlanRequest {
  readonly planner: Email;
  /** As typed. */
  readonly scope: string;
  readonly name: string;
  /** "2026-11-27", in the organization's zone; the last day counts whole. */
  readonly from: string;
  readonly until: string;
  readonly expected: Usd;
}

export type PlanResult =
  | {
      readonly kind: "planned";
      readonly event: PlannedEvent;
      readonly scopeName: string;
      readonly zone: TimeZone;
    }
  | { readonly kind: "unknown-scope"; readonly text: string }
  | { readonly kind: "not-allowed"; readonly scopeName: string }
  | { readonly kind: "impossible-dates" };

/** Admins announce for everything, owners for their teams, projects and people. */
export async function planEvent(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  request: PlanRequest,
): Promise<PlanResult> {
  return await inTransaction(database, async (sql): Promise<PlanResult> => {
    const organization = await loadOrganization({ database: sql });
    const teams = await listTeams({ database: sql });
    const named = { me: request.planner, organizationName: organization.name, teams };
    const resolved = resolveScopeName(request.scope, named);
    if (resolved.kind === "unknown") return { kind: "unknown-scope", text: request.scope };
    const { scope } = resolved;
    const called = scopeName(scope, named);
    const person = await findPerson({ database: sql }, request.planner);
    const isOwn = scope.kind === "user" && scope.key === person.email && !person.isAdmin;
    if (isOwn || !mayPlanFor(person, scope, teams)) {
      return { kind: "not-allowed", scopeName: called };
    }
    const now = clock();
    const startsAt = parseLocalDate(request.from, organization.timeZone);
    const endsAt = endOfDay(request.until, organization.timeZone);
    if (startsAt === undefined || endsAt === undefined || endsAt <= startsAt || endsAt <= now) {
      return { kind: "impossible-dates" };
    }
    const { name, expected, planner: announcedBy } = request;
    const plannedEventId = uuid();
    const event = { plannedEventId, scope, name, startsAt, endsAt, expected, announcedBy };
    await insertPlannedEvent(sql, event, now);
    await recordAudit(sql, {
      occurredAt: now,
      actor: announcedBy,
      action: "alerts.event_planned",
      subject: `planned_event:${plannedEventId}`,
      after: {
        scope: formatScope(scope),
        name,
        starts_at: startsAt,
        ends_at: endsAt,
        expected: usdToDecimal(expected),
      },
    });
    return { kind: "planned", event, scopeName: called, zone: organization.timeZone };
  });
}

/** The first instant after that local day: noon of it is never skipped, and a day later is the next. */
function endOfDay(
  date: string,
  zone: Parameters<typeof parseLocalDate>[1],
): ReturnType<typeof parseLocalDate> {
  const start = parseLocalDate(date, zone);
  if (start === undefined) return undefined;
  const inNextDay = addMs(start, DAY_MS + DAY_MS / 2);
  return parseLocalDate(localDate(inNextDay, zone), zone);
}
