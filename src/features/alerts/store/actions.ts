/** Alerts, the SQL of what people did about a thread: appended only. Owns: alert_actions. */
import { v7 as uuid } from "uuid";
import { type Email, emailFrom } from "../../../domain/email.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import { type Actor, FEEDBACKS, type ThreadState, UNTOUCHED } from "../rules.ts";

export type ActionName = "acknowledge" | "snooze" | "assign" | "feedback";

/** False when somebody acknowledged the same facts before. */
export async function insertAction(
  sql: Sql,
  action: {
    readonly threadKey: string;
    readonly name: ActionName;
    readonly value: string;
    readonly actor: Actor;
    readonly throughNumber: bigint;
  },
  now: Instant,
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `insert into alert_actions
            (alert_action_id, thread_key, action, value, actor_email, actor_slack_user_id,
             through_alert_number, done_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (thread_key, through_alert_number) where action = 'acknowledge' do nothing`,
    [
      uuid(),
      action.threadKey,
      action.name,
      action.value,
      action.actor.email,
      action.actor.slackUserId,
      action.throughNumber.toString(),
      now,
    ],
  );
  return rowCount === 1;
}

/** The latest of each action; who acknowledged earlier facts has not acknowledged `throughNumber`. */
export async function loadThreadState(
  sql: Sql,
  threadKey: string,
  throughNumber: bigint,
): Promise<ThreadState> {
  const { rows } = await sql.query<{
    readonly action: ActionName;
    readonly value: string;
    readonly actor_email: string;
    readonly actor_slack_user_id: string;
    readonly through_alert_number: string;
    readonly done_at: Date;
  }>(
    `select distinct on (h.action) h.action, h.value, h.actor_email, h.actor_slack_user_id,
            h.through_alert_number::text, h.done_at
       from alert_actions h
      where h.thread_key = $1
      order by h.action, h.done_at desc, h.alert_action_id desc`,
    [threadKey],
  );
  let state = UNTOUCHED;
  for (const row of rows) {
    const by: Actor = {
      email: emailFrom(row.actor_email),
      slackUserId: row.actor_slack_user_id,
    };
    switch (row.action) {
      case "acknowledge":
        if (BigInt(row.through_alert_number) >= throughNumber) {
          state = { ...state, acknowledged: { by, at: instant(row.done_at) } };
        }
        break;
      case "snooze":
        state = { ...state, snoozed: { by, until: instant(row.value) } };
        break;
      case "assign":
        state = { ...state, assigned: { by, to: personFrom(row.value) } };
        break;
      case "feedback": {
        const what = FEEDBACKS.find((feedback) => feedback === row.value);
        if (what !== undefined) state = { ...state, feedback: { by, what } };
      }
    }
  }
  return state;
}

/** How a person stands in `value`: "U123 ana@acme.test". */
export function personText(person: {
  readonly email: Email;
  readonly slackUserId: string;
}): string {
  return `${person.slackUserId} ${person.email}`;
}

function personFrom(text: string): Actor {
  const space = text.indexOf(" ");
  return { slackUserId: text.slice(0, space), email: emailFrom(text.slice(space + 1)) };
}
