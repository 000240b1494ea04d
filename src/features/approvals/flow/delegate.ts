/**
 * Out of office: a person names who decides in their place, until when. The delegate speaks in
 * their own name, marked as for the absent person, and gets the cards that wait for them.
 */
import { v7 as uuidV7 } from "uuid";
import type { Email } from "../../../domain/email.ts";
import type { Clock, Instant, TimeZone } from "../../../domain/time.ts";
import { parseUntil, type UntilRefusal } from "../../../domain/until.ts";
import { enqueueMessage } from "../../../slack/outbox.ts";
import { recordAudit } from "../../../store/audit.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { delegateNotice } from "../messages/delegation.ts";
import { isExcluded } from "../rules/mandate.ts";
import {
  type Delegation,
  endDelegation,
  insertDelegation,
  listDelegations,
} from "../store/delegations.ts";
import { isKnownPerson, loadSlackIds } from "../store/people.ts";
import { loadCalendar } from "../store/policies.ts";
import { listQuestions } from "../store/questions.ts";
import { listWaitingForUpdate } from "../store/requests.ts";
import { listVotes } from "../store/votes.ts";
import { askAlso } from "./save-decision.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

/** The calendar in which people mean their dates. */
interface Zoned {
  readonly timeZone: TimeZone;
  readonly now: Instant;
}

export type DelegationOutcome =
  | ({ readonly kind: "delegated"; readonly delegation: Delegation } & Zoned)
  | { readonly kind: "ended"; readonly to: Email }
  | ({ readonly kind: "current"; readonly delegation: Delegation | undefined } & Zoned)
  | { readonly kind: "refused"; readonly reason: DelegationRefusal };

export type DelegationRefusal = UntilRefusal | "oneself" | "unknown-person";

/**
 * 1. Until when, in the organization's calendar. 2. Takes the place of an earlier delegation.
 * 3. Audit entry and a message to the delegate. 4. Cards for what waits for the absent person.
 */
export async function delegate(
  { database, clock }: Deps,
  { from, to, untilText }: { readonly from: Email; readonly to: Email; readonly untilText: string },
): Promise<DelegationOutcome> {
  if (from === to) return { kind: "refused", reason: "oneself" };
  return await inTransaction(database, async (sql): Promise<DelegationOutcome> => {
    const now = clock();
    const calendar = await loadCalendar(sql);
    const until = parseUntil(untilText, now, calendar);
    if (until.kind === "refused") return until;
    if (!(await isKnownPerson(sql, to))) return { kind: "refused", reason: "unknown-person" };
    const before = await endDelegation(sql, from, now);
    const delegation: Delegation = {
      delegationId: uuidV7(),
      from,
      to,
      startsAt: now,
      endsAt: until.at,
    };
    await insertDelegation(sql, delegation);
    await recordAudit(sql, {
      occurredAt: now,
      actor: from,
      action: "approval.delegated",
      subject: `person:${from}`,
      before: before === undefined ? undefined : snapshot(before),
      after: snapshot(delegation),
    });
    const zoned = { timeZone: calendar.zone, now };
    await tellDelegate(sql, delegation, zoned);
    await askDelegate(sql, delegation, now);
    return { kind: "delegated", delegation, ...zoned };
  });
}

/** Takes the delegation back; from then on the delegate's clicks no longer count. */
export async function endOwnDelegation(
  { database, clock }: Deps,
  from: Email,
): Promise<DelegationOutcome> {
  return await inTransaction(database, async (sql): Promise<DelegationOutcome> => {
    const now = clock();
    const before = await endDelegation(sql, from, now);
    if (before === undefined) {
      const { zone: timeZone } = await loadCalendar(sql);
      return { kind: "current", delegation: undefined, timeZone, now };
    }
    await recordAudit(sql, {
      occurredAt: now,
      actor: from,
      action: "approval.delegation_ended",
      subject: `person:${from}`,
      before: snapshot(before),
    });
    return { kind: "ended", to: before.to };
  });
}

export async function findOwnDelegation(
  { database, clock }: Deps,
  from: Email,
): Promise<DelegationOutcome> {
  const now = clock();
  const [delegation] = await listDelegations(database, { now, from });
  const { zone: timeZone } = await loadCalendar(database);
  return { kind: "current", delegation, timeZone, now };
}

function snapshot({ to, endsAt }: Delegation): Readonly<Record<string, unknown>> {
  return { to, ends_at: endsAt };
}

async function tellDelegate(sql: Sql, delegation: Delegation, zoned: Zoned): Promise<void> {
  const { from, to } = delegation;
  const slackIds = await loadSlackIds(sql, [from, to]);
  await enqueueMessage(
    sql,
    {
      dedupeKey: `delegation:${delegation.delegationId}`,
      kind: "notice",
      destination: { person: to },
      message: delegateNotice({ delegation, slackIds, ...zoned }),
    },
    zoned.now,
  );
}

async function askDelegate(sql: Sql, delegation: Delegation, now: Instant): Promise<void> {
  const { from, to } = delegation;
  for (const request of await listWaitingForUpdate(sql, from)) {
    if (isExcluded(request, to) || request.waitingFor.includes(to) || now >= request.expiresAt) {
      continue;
    }
    // oxlint-disable no-await-in-loop -- one connection, one query at a time
    const votes = await listVotes(sql, request.requestId);
    if (votes.some(({ approver }) => approver === to)) continue;
    const questions = await listQuestions(sql, request.requestId);
    const waitingFor = [...request.waitingFor, to];
    const state = `delegation-${delegation.delegationId}`;
    await askAlso(sql, { request, votes, questions, now }, { waitingFor, state });
    // oxlint-enable no-await-in-loop
  }
}
