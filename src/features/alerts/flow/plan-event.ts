/**
 * Somebody announces something ahead: what it is expected to cost is no news for spikes, pace and
 * forecasts. Thresholds of budgets still speak.
 */
import { v7 as uuid } from "uuid";
import type { Email } from "../../../domain/email.ts";
import { type Usd, usdToDecimal } from "../../../domain/money.ts";
import {
  formatScope,
  type Scope,
  type ScopeOption,
  type ScopeRefusal,
} from "../../../domain/scope.ts";
import {
  addMs,
  type Clock,
  DAY_MS,
  localDate,
  parseLocalDate,
  type TimeZone,
} from "../../../domain/time.ts";
import { recordAudit } from "../../../store/audit.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import {
  type Asking,
  chooseReading,
  findPerson,
  findScope,
  listTeams,
  loadOrganization,
  mayPlanFor,
  offering,
  type ScopeFinding,
  viewableScopes,
} from "../../organization/index.ts";
import { scopeName } from "../rules/names.ts";
import type { PlanWords } from "../rules/plan-words.ts";
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

/** Whom nobody may announce anything for, or not this person. */
export type PlanRefusal =
  | ScopeRefusal
  /** They may see it, and that is all; `offered`: what they may plan for. */
  | {
      readonly kind: "not-yours";
      readonly scopeName: string;
      readonly offered: readonly ScopeOption[];
    };

export type PlanResult =
  | {
      readonly kind: "planned";
      readonly event: PlannedEvent;
      readonly scopeName: string;
      readonly zone: TimeZone;
    }
  | PlanRefusal
  | { readonly kind: "impossible-dates"; readonly reason: "no-date" | "over" | "turned" };

/** Admins announce for everything, owners for their teams, projects and people. */
export async function planEvent(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  request: PlanRequest,
): Promise<PlanResult> {
  return await inTransaction(database, async (sql): Promise<PlanResult> => {
    const planner = await loadPlanner(sql, request.planner);
    const wanted = judge(findScope(request.scope, planner), planner);
    if (wanted.kind !== "theirs") return wanted;
    const { scope, scopeName: called } = wanted;
    const { timeZone: zone } = planner.organization;
    const now = clock();
    const startsAt = parseLocalDate(request.from, zone);
    const endsAt = endOfDay(request.until, zone);
    if (startsAt === undefined || endsAt === undefined) {
      return { kind: "impossible-dates", reason: "no-date" };
    }
    if (endsAt <= startsAt) return { kind: "impossible-dates", reason: "turned" };
    if (endsAt <= now) return { kind: "impossible-dates", reason: "over" };
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
    return { kind: "planned", event, scopeName: called, zone };
  });
}

/**
 * Which way to read a command is meant, before its form is filled in; or what is in the way of any
 * event for what it names. `words` is what was read either way.
 */
export async function readPlanFor(
  { database }: { readonly database: Sql },
  planner: Email,
  readings: readonly PlanWords[],
): Promise<{ readonly refusal: PlanRefusal | undefined; readonly words: PlanWords }> {
  const loaded = await loadPlanner(database, planner);
  const { finding, reading } = chooseReading(readings, loaded, "org");
  const wanted = judge(finding, loaded);
  return { refusal: wanted.kind === "theirs" ? undefined : wanted, words: reading };
}

type Planner = Asking & { readonly organization: Awaited<ReturnType<typeof loadOrganization>> };

async function loadPlanner(sql: Sql, planner: Email): Promise<Planner> {
  return {
    organization: await loadOrganization({ database: sql }),
    teams: await listTeams({ database: sql }),
    person: await findPerson({ database: sql }, planner),
  };
}

function judge(
  finding: ScopeFinding,
  planner: Planner,
): { readonly kind: "theirs"; readonly scope: Scope; readonly scopeName: string } | PlanRefusal {
  const { person, teams, organization } = planner;
  const mayPlan = (scope: Scope): boolean => {
    const isOwn = scope.kind === "user" && scope.key === person.email && !person.isAdmin;
    return !isOwn && mayPlanFor(person, scope, teams);
  };
  if (finding.kind !== "found") return offering(finding, planner, mayPlan);
  const { scope } = finding;
  const called = scopeName(scope, { organizationName: organization.name, teams });
  if (mayPlan(scope)) return { kind: "theirs", scope, scopeName: called };
  const all = { kind: "not-allowed", text: called, viewable: viewableScopes(planner) } as const;
  const { viewable: offered } = offering(all, planner, mayPlan);
  return { kind: "not-yours", scopeName: called, offered };
}

/** The first instant after that local day: noon of it is never skipped, and a day later is the next. */
function endOfDay(date: string, zone: TimeZone): ReturnType<typeof parseLocalDate> {
  const start = parseLocalDate(date, zone);
  if (start === undefined) return undefined;
  const inNextDay = addMs(start, DAY_MS + DAY_MS / 2);
  return parseLocalDate(localDate(inNextDay, zone), zone);
}
