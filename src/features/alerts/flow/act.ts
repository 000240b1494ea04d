/**
 * Somebody does something about an alert: looks after it, silences it for a while, gives it to a
 * person, says what it was. Each has one effect, however often it is clicked, and is shown where
 * the alert stands. Who may see a scope may act on its alerts.
 */
import { validate as isUuid } from "uuid";
import type { Clock, Instant, TimeZone } from "../../../domain/time.ts";
import { type Database, inTransaction } from "../../../store/database.ts";
import { findPerson, listTeams, loadOrganization, mayViewScope } from "../../organization/index.ts";
import { snoozeUntil } from "../rules/snooze.ts";
import type { Actor, Feedback, Snooze, ThreadState } from "../rules.ts";
import { type ActionName, insertAction, personText } from "../store/actions.ts";
import { findThread, findThreadForUpdate, nextRevision } from "../store/threads.ts";
import { loadSpokenThread, type SpokenThread, updateEverywhere } from "./speak.ts";

export interface ActDeps {
  readonly database: Database;
  readonly clock: Clock;
}

export type ActResult =
  | { readonly kind: "done" }
  /** It was so before: who did it. */
  | { readonly kind: "already"; readonly by: string }
  /** The person that it should be given to may not see it. */
  | { readonly kind: "assignee-not-allowed"; readonly who: string }
  | { readonly kind: "not-allowed" }
  | { readonly kind: "period-over" }
  | { readonly kind: "unknown" };

export type AlertAction =
  | { readonly kind: "acknowledge" }
  | { readonly kind: "snooze"; readonly how: Snooze }
  | { readonly kind: "assign"; readonly to: Actor }
  | { readonly kind: "feedback"; readonly what: Feedback };

/**
 * `threadId` as buttons carry it; the id of an alert names its thread, too.
 *
 * 1. Lock the thread: of two clicks at once the second one sees what the first one did. 2. Check
 * authority, as it is now. 3. Record it, if it changes anything. 4. Show it at every destination.
 */
export async function actOnAlert(
  { database, clock }: ActDeps,
  click: { readonly threadId: string; readonly actor: Actor; readonly action: AlertAction },
): Promise<ActResult> {
  if (!isUuid(click.threadId)) return { kind: "unknown" };
  return await inTransaction(database, async (sql): Promise<ActResult> => {
    const { threadId, actor, action } = click;
    const named =
      (await findThread(sql, { threadId })) ?? (await findThread(sql, { alertId: threadId }));
    const { threadKey } = named ?? {};
    const thread =
      threadKey === undefined ? undefined : await findThreadForUpdate(sql, { threadKey });
    if (thread === undefined) return { kind: "unknown" };
    const now = clock();
    const spoken = await loadSpokenThread(sql, thread, now);
    if (spoken === undefined) return { kind: "unknown" };
    const teams = await listTeams({ database: sql });
    const person = await findPerson({ database: sql }, actor.email);
    if (!mayViewScope(person, thread.scope, teams)) return { kind: "not-allowed" };
    if (action.kind === "assign") {
      const assignee = await findPerson({ database: sql }, action.to.email);
      if (!mayViewScope(assignee, thread.scope, teams)) {
        return { kind: "assignee-not-allowed", who: action.to.email };
      }
    }

    const { timeZone } = await loadOrganization({ database: sql });
    const decision = decide(spoken, action, timeZone);
    if (decision.kind !== "record") return decision;
    const [{ number: throughNumber }] = spoken.alerts;
    const { name, value } = decision;
    const record = { threadKey: thread.threadKey, name, value, actor, throughNumber };
    await insertAction(sql, record, now);
    const shown = await loadSpokenThread(sql, await nextRevision(sql, thread), now);
    if (shown !== undefined) await updateEverywhere(sql, shown);
    return { kind: "done" };
  });
}

type Decision =
  | Extract<ActResult, { readonly kind: "already" | "period-over" }>
  | { readonly kind: "record"; readonly name: ActionName; readonly value: string };

function decide(
  { thread, state, now }: SpokenThread,
  action: AlertAction,
  zone: TimeZone,
): Decision {
  switch (action.kind) {
    case "acknowledge":
      return state.acknowledged === undefined
        ? { kind: "record", name: "acknowledge", value: "" }
        : { kind: "already", by: state.acknowledged.by.email };
    case "snooze": {
      const until = snoozeUntil(action.how, { now, periodEnd: thread.periodEnd, zone });
      if (until <= now) return { kind: "period-over" };
      return isSnoozedAsLong(state, until)
        ? { kind: "already", by: state.snoozed?.by.email ?? "" }
        : { kind: "record", name: "snooze", value: until.toISOString() };
    }
    case "assign":
      return state.assigned?.to.email === action.to.email
        ? { kind: "already", by: state.assigned.by.email }
        : { kind: "record", name: "assign", value: personText(action.to) };
    case "feedback":
      return state.feedback?.what === action.what
        ? { kind: "already", by: state.feedback.by.email }
        : { kind: "record", name: "feedback", value: action.what };
  }
}

/** A second click comes a moment later, and means the same. */
const SAME_CLICK_MS = 60_000;

function isSnoozedAsLong({ snoozed }: ThreadState, until: Instant): boolean {
  return (
    snoozed !== undefined && Math.abs(until.getTime() - snoozed.until.getTime()) <= SAME_CLICK_MS
  );
}
