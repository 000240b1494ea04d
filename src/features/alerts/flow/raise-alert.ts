/**
 * A feature found something: the fact and its messages are stored by the transaction that found it.
 */
import { v7 as uuid } from "uuid";
import type { AlertFact } from "../../../domain/alert.ts";
import { ORG_SCOPE, type Scope } from "../../../domain/scope.ts";
import type { Clock } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { type Alert, isMutedByPlans, silenceOf } from "../rules.ts";
import { insertAlerts } from "../store/alerts.ts";
import { listActivePlans } from "../store/planned-events.ts";
import { openThread } from "../store/threads.ts";
import { loadAudience, loadSurroundings } from "./audience.ts";
import { loadSpokenThread, speak } from "./speak.ts";

export interface AlertDeps {
  readonly clock: Clock;
}

export type RaiseResult =
  /** Found before, by whomever: nothing happens. */
  | { readonly kind: "known" }
  | { readonly kind: "silent"; readonly alertId: string; readonly because: string }
  | { readonly kind: "announced"; readonly alertId: string };

/** Stores the fact and, if it is new and may speak, its messages, in the caller's transaction. */
export async function raiseAlert(sql: Sql, deps: AlertDeps, fact: AlertFact): Promise<RaiseResult> {
  const [result = { kind: "known" }] = await raiseAlerts(sql, deps, [fact]);
  return result;
}

/**
 * Several facts at once; results in their order.
 *
 * 1. Each is stored, if it is new, with why it is silent, if it is. 2. The threads of those that
 * speak are opened and locked, in one order for all callers. 3. Each thread says its news to
 * everybody who hears of it.
 */
export async function raiseAlerts(
  sql: Sql,
  { clock }: AlertDeps,
  facts: readonly AlertFact[],
): Promise<RaiseResult[]> {
  if (facts.length === 0) return [];
  const now = clock();
  const prepared = [];
  for (const fact of facts) {
    const plans = isMutedByPlans(fact.kind)
      ? // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
        await listActivePlans(sql, plannedFor(fact.scope), now)
      : [];
    prepared.push({ alertId: uuid(), fact, notSentBecause: silenceOf(fact, plans, now) });
  }
  const found = await insertAlerts(sql, prepared, now);
  const byId = new Map(found.map((alert) => [alert.alertId, alert]));
  await speakOf(
    sql,
    found.filter((alert) => alert.notSentBecause === undefined),
    now,
  );
  return prepared.map(({ alertId, notSentBecause }): RaiseResult => {
    if (!byId.has(alertId)) return { kind: "known" };
    return notSentBecause === undefined
      ? { kind: "announced", alertId }
      : { kind: "silent", alertId, because: notSentBecause };
  });
}

async function speakOf(sql: Sql, alerts: readonly Alert[], now: ReturnType<Clock>): Promise<void> {
  if (alerts.length === 0) return;
  const surroundings = await loadSurroundings(sql);
  const threadKeys = [...new Set(alerts.map((alert) => alert.threadKey))].toSorted();
  for (const threadKey of threadKeys) {
    const news = alerts.filter((alert) => alert.threadKey === threadKey);
    const [first] = news;
    if (first === undefined) continue;
    const { scope, period } = first;
    const opened = { threadKey, threadId: uuid(), scope, periodEnd: period?.end };
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    const thread = await openThread(sql, opened, now);
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    const spoken = await loadSpokenThread(sql, thread, now);
    if (spoken === undefined) continue;
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    const hearers = await loadAudience(sql, scope, surroundings);
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    await speak(sql, spoken, { news, hearers });
  }
}

/** What is planned for the whole organization covers everybody in it. */
function plannedFor(scope: Scope): readonly Scope[] {
  return scope.kind === "org" ? [scope] : [scope, ORG_SCOPE];
}
