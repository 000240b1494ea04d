/**
 * Says a thread's facts at its destinations: posts the living message, updates it, replies under
 * it, holds it back or leaves it to be gathered. Everything goes through the outbox, in the caller's
 * transaction.
 */
import { type Instant } from "../../../domain/time.ts";
import type { SlackMessage } from "../../../slack/blocks.ts";
import { destinationFrom, destinationText } from "../../../slack/destination.ts";
import { enqueueMessage } from "../../../slack/outbox.ts";
import type { Sql } from "../../../store/database.ts";
import { notifyOfWork } from "../../../store/notify.ts";
import { findPerson, listTeams, mayViewScope } from "../../organization/index.ts";
import { newsMessage, threadMessage } from "../messages/thread.ts";
import { areMuted } from "../rules/preferences.ts";
import { quietUntil } from "../rules/quiet-hours.ts";
import { type Alert, planDelivery, stormWindowStart, type Thread } from "../rules.ts";
import { loadThreadState } from "../store/actions.ts";
import { listThreadAlerts } from "../store/alerts.ts";
import { listHeldAlerts, saveAlertDelivery } from "../store/deliveries.ts";
import { insertThreadMessage, listThreadMessages, loadCrowd } from "../store/threads.ts";
import type { Hearer } from "./audience.ts";

/** Earlier facts that a message may name, and one to know that there are more. */
const ALERTS_LOADED_MAX = 6;

/** A locked thread as it reads now. */
export interface SpokenThread {
  readonly thread: Thread;
  readonly alerts: readonly [Alert, ...Alert[]];
  readonly state: Awaited<ReturnType<typeof loadThreadState>>;
  /** Key of its message by destination. */
  readonly messages: ReadonlyMap<string, string>;
  readonly now: Instant;
}

/** Undefined: nothing was ever announced in it. */
export async function loadSpokenThread(
  sql: Sql,
  thread: Thread,
  now: Instant,
): Promise<SpokenThread | undefined> {
  const [latest, ...earlier] = await listThreadAlerts(sql, thread.threadKey, ALERTS_LOADED_MAX);
  if (latest === undefined) return undefined;
  return {
    thread,
    alerts: [latest, ...earlier],
    state: await loadThreadState(sql, thread.threadKey, latest.number),
    messages: await listThreadMessages(sql, thread.threadKey),
    now,
  };
}

/** Says `news`, oldest first, to each hearer; what was decided is on record for each fact. */
export async function speak(
  sql: Sql,
  spoken: SpokenThread,
  said: { readonly news: readonly Alert[]; readonly hearers: readonly Hearer[] },
): Promise<void> {
  const { thread, state, messages, now } = spoken;
  for (const hearer of said.hearers) {
    const destination = destinationText(hearer.destination);
    const plan = planDelivery({
      now,
      isWanted:
        hearer.isWanted &&
        !areMuted(
          hearer.muted,
          said.news.map(({ kind }) => kind),
        ),
      snoozedUntil: state.snoozed?.until,
      periodEnd: thread.periodEnd,
      quietUntil:
        hearer.quiet === undefined
          ? undefined
          : quietUntil(hearer.quiet.hours, now, hearer.quiet.zone),
      isPosted: messages.has(destination),
      // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
      ...(await loadCrowd(
        sql,
        { destination, threadKey: thread.threadKey },
        stormWindowStart(now),
      )),
    });
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    await carryOut(sql, spoken, { plan, destination, news: said.news });
  }
}

interface Carried {
  readonly plan: ReturnType<typeof planDelivery>;
  readonly destination: string;
  readonly news: readonly Alert[];
}

async function carryOut(sql: Sql, spoken: SpokenThread, carried: Carried): Promise<void> {
  const { plan, destination, news } = carried;
  const { now } = spoken;
  const record = async (result: Parameters<typeof saveAlertDelivery>[2]): Promise<void> => {
    for (const alert of news) {
      // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
      await saveAlertDelivery(sql, { alert, destination }, result, now);
    }
  };
  switch (plan.kind) {
    case "post":
      await record({ carriedBy: await postRoot(sql, spoken, destination) });
      await dropHeld(sql, spoken, destination);
      return;
    case "news":
      await updateThread(sql, spoken, destination);
      await replyWithNews(sql, spoken, { destination, news });
      await dropHeld(sql, spoken, destination);
      return;
    case "hold":
      // The message is kept true without a sound; the news waits.
      await updateThread(sql, spoken, destination);
      await record({ heldUntil: plan.until, heldBecause: plan.because });
      return;
    case "drop":
      if (plan.because === "snoozed") await updateThread(sql, spoken, destination);
      await record({ notSentBecause: plan.because });
      return;
    case "gather":
      // Whoever writes that message locks the destination: not this transaction, which holds threads.
      await record({ gatheringSince: now });
      await dropHeld(sql, spoken, destination);
      await notifyOfWork(sql, "gatherings");
  }
}

/** What was held back is older than what was said just now, and is never told after it. */
async function dropHeld(sql: Sql, spoken: SpokenThread, destination: string): Promise<void> {
  for (const { alert } of await listHeldAlerts(sql, spoken.thread.threadKey, destination)) {
    const result = { notSentBecause: "newer-alert" };
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    await saveAlertDelivery(sql, { alert, destination }, result, spoken.now);
  }
}

/** Posts the thread's message; returns its key. */
async function postRoot(sql: Sql, spoken: SpokenThread, destination: string): Promise<string> {
  const { thread, now } = spoken;
  const rootDedupeKey = `alert:${thread.threadId}:${destination}`;
  await insertThreadMessage(sql, { threadKey: thread.threadKey, destination, rootDedupeKey }, now);
  const message = threadMessage(spoken);
  await enqueue(sql, spoken, { destination, dedupeKey: rootDedupeKey, message });
  return rootDedupeKey;
}

async function replyWithNews(
  sql: Sql,
  spoken: SpokenThread,
  { destination, news }: { readonly destination: string; readonly news: readonly Alert[] },
): Promise<void> {
  for (const alert of news) {
    const dedupeKey = `alert-news:${alert.alertId}:${destination}`;
    const reply = { destination, dedupeKey, message: newsMessage(alert) };
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    await replyUnder(sql, spoken, reply);
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    await saveAlertDelivery(sql, { alert, destination }, { carriedBy: dedupeKey }, spoken.now);
  }
}

/** A reply under the thread's message at a destination where it has one. */
export async function replyUnder(
  sql: Sql,
  spoken: SpokenThread,
  reply: {
    readonly destination: string;
    readonly dedupeKey: string;
    readonly message: SlackMessage;
  },
): Promise<void> {
  const repliesTo = spoken.messages.get(reply.destination);
  if (repliesTo !== undefined) await enqueue(sql, spoken, { ...reply, repliesTo });
}

/** Where it stands, without people who may no longer see its scope: they learn nothing new of it. */
export async function listStillAllowed(
  sql: Sql,
  { thread, messages }: SpokenThread,
): Promise<readonly string[]> {
  const teams = await listTeams({ database: sql });
  const allowed = [];
  for (const destination of messages.keys()) {
    const to = destinationFrom(destination);
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    const person = "person" in to ? await findPerson({ database: sql }, to.person) : undefined;
    if (person === undefined || mayViewScope(person, thread.scope, teams))
      allowed.push(destination);
  }
  return allowed;
}

/** Makes the thread's message at a destination show what holds now; nothing where there is none. */
async function updateThread(sql: Sql, spoken: SpokenThread, destination: string): Promise<void> {
  const updates = spoken.messages.get(destination);
  if (updates === undefined) return;
  const dedupeKey = `${updates}:r${String(spoken.thread.revision)}`;
  await enqueue(sql, spoken, { destination, dedupeKey, message: threadMessage(spoken), updates });
}

/** The same at all its destinations, for those who may still see it. */
export async function updateEverywhere(sql: Sql, spoken: SpokenThread): Promise<void> {
  for (const destination of await listStillAllowed(sql, spoken)) {
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    await updateThread(sql, spoken, destination);
  }
}

async function enqueue(
  sql: Sql,
  spoken: SpokenThread,
  entry: {
    readonly destination: string;
    readonly dedupeKey: string;
    readonly message: SlackMessage;
    readonly updates?: string;
    readonly repliesTo?: string;
  },
): Promise<void> {
  const { thread, now } = spoken;
  const destination = destinationFrom(entry.destination);
  await enqueueMessage(
    sql,
    {
      ...entry,
      kind: "alert",
      destination,
      // What stands there already may always be corrected.
      ...(thread.periodEnd === undefined || entry.updates !== undefined
        ? {}
        : { validUntil: thread.periodEnd }),
    },
    now,
  );
}
