/**
 * The living message of a thread, and the replies under it: what happened, how much, why, what
 * follows, what to do. Every number is that of a fact; nothing is looked up. Pure.
 */
import type { Instant } from "../../../domain/time.ts";
import { basisText } from "../../../slack/basis-text.ts";
import {
  actions,
  type Block,
  button,
  context,
  message,
  type SlackMessage,
  section,
  slackDate,
} from "../../../slack/blocks.ts";
import type { Actor, Alert, Feedback, Thread, ThreadState } from "../rules.ts";
import {
  barText,
  boldText,
  driversText,
  iconOf,
  lineText,
  nameText,
  plainText,
} from "./wording.ts";

/** Answered by budgets, whose raises it asks for. */
const REQUEST_RAISE_ACTION = "budget_request_raise";
/** Shows the whole message to whoever clicks. */
export const SHOW_ALERT_ACTION = "alert_show";
export const WHY_ACTION = "alert_why";
export const ACKNOWLEDGE_ACTION = "alert_acknowledge";
export const SNOOZE_ACTION = "alert_snooze";
export const ASSIGN_ACTION = "alert_assign";
export const FEEDBACK_ACTION = "alert_feedback";

/** Earlier facts of the thread that are still named. */
const EARLIER_SHOWN_MAX = 4;
const DETAILS_MAX = 8;

export interface ShownThread {
  readonly thread: Thread;
  /** The latest first; the first is what the message is about. */
  readonly alerts: readonly [Alert, ...Alert[]];
  readonly state: ThreadState;
  readonly now: Instant;
}

/** The message as it stands after the latest fact and whatever people did. */
export function threadMessage(shown: ShownThread): SlackMessage {
  const { thread, alerts, state } = shown;
  const [latest] = alerts;
  const { content } = latest;
  const status = statusLines(shown);
  const texts = [
    plainText(content.happened),
    followsText(latest),
    ...status.map(({ plain }) => plain),
  ];
  return message(texts.filter((text) => text !== undefined).join(" "), [
    section(
      `${thread.resolved === undefined ? iconOf(latest) : ":white_check_mark:"} ${boldText(content.happened)}`,
    ),
    ...bodyOf(latest),
    ...basisOf(latest),
    ...earlierOf(alerts),
    ...(status.length === 0 ? [] : [context(...status.map(({ markup }) => markup))]),
    actions(buttonsOf(thread, latest, state)),
  ]);
}

/** What is new, as a reply under the living message. */
export function newsMessage(latest: Alert): SlackMessage {
  const { content } = latest;
  const text = [plainText(content.happened), followsText(latest)];
  return message(text.filter((part) => part !== undefined).join(" "), [
    section(`${iconOf(latest)} ${boldText(content.happened)}`),
    ...bodyOf(latest),
    ...basisOf(latest),
  ]);
}

/** That it is over, as a reply under the living message. */
export function resolvedMessage(because: string): SlackMessage {
  const text = `No longer the case: ${lineText(because)}`;
  return message(text, [section(`:white_check_mark: ${text}`)]);
}

/** To the person who is to look after it. */
export function assignedMessage(of: {
  readonly by: string;
  readonly happened: Alert["content"]["happened"];
  readonly threadId: string;
}): SlackMessage {
  return message(`An alert is yours to look after: ${plainText(of.happened)}`, [
    section(
      `:bust_in_silhouette: <@${of.by}> asks you to look after this alert:\n${boldText(of.happened)}`,
      button({ actionId: SHOW_ALERT_ACTION, text: "Show", value: of.threadId }),
    ),
  ]);
}

function followsText({ content }: Alert): string | undefined {
  return content.follows === undefined ? undefined : lineText(content.follows);
}

function bodyOf(alert: Alert): Block[] {
  const { percent, drivers, details = [] } = alert.content;
  const lines = [
    percent === undefined ? undefined : barText(percent),
    followsText(alert),
    driversText(drivers),
    ...details.slice(0, DETAILS_MAX).map((detail) => `• ${lineText(detail)}`),
  ].filter((line) => line !== undefined);
  return lines.length === 0 ? [] : [section(lines.join("\n"))];
}

/** What its numbers rest on; facts of before this was kept say nothing. */
function basisOf({ content: { basis } }: Alert): Block[] {
  return basis === undefined ? [] : [context(basisText(basis))];
}

/** "Before: 50%: $250.10 of $500.00 (Nov 12)". */
function earlierOf([, ...earlier]: readonly Alert[]): Block[] {
  if (earlier.length === 0) return [];
  const named = earlier
    .slice(0, EARLIER_SHOWN_MAX)
    .map(({ content, foundAt }) => `${lineText(content.brief)} (${dateText(foundAt)})`);
  const more = earlier.length > EARLIER_SHOWN_MAX ? ["…"] : [];
  return [context(`Before: ${[...named, ...more].join(" · ")}`)];
}

interface Status {
  readonly markup: string;
  readonly plain: string;
}

/** Who did what, and what became of it. */
function statusLines({ thread, state, now }: ShownThread): Status[] {
  const { acknowledged, assigned, snoozed, feedback } = state;
  const lines: Status[] = [];
  if (thread.resolved !== undefined) {
    const text = `No longer the case: ${lineText(thread.resolved.because)}`;
    lines.push({ markup: text, plain: text });
  }
  if (acknowledged !== undefined) {
    lines.push(byLine(":white_check_mark: Acknowledged by", acknowledged.by));
  }
  if (assigned !== undefined) {
    lines.push({
      markup: `:bust_in_silhouette: ${personText(assigned.to)} looks after it (assigned by ${personText(assigned.by)})`,
      plain: `${nameText(assigned.to.email)} looks after it.`,
    });
  }
  if (snoozed !== undefined && snoozed.until > now) {
    lines.push({
      markup: `:zzz: Snoozed until ${timeText(snoozed.until)} by ${personText(snoozed.by)}`,
      plain: `Snoozed by ${nameText(snoozed.by.email)}.`,
    });
  }
  if (feedback !== undefined) {
    lines.push(
      byLine(`${FEEDBACK_ICON[feedback.what]} ${FEEDBACK_SAID[feedback.what]}, says`, feedback.by),
    );
  }
  return lines;
}

function byLine(what: string, by: Actor): Status {
  return {
    markup: `${what} ${personText(by)}`,
    plain: `${what.replace(/^:\w+: /, "")} ${nameText(by.email)}.`,
  };
}

const FEEDBACK_ICON: Readonly<Record<Feedback, string>> = {
  real: ":thumbsup:",
  false: ":thumbsdown:",
  planned: ":calendar:",
};

const FEEDBACK_SAID: Readonly<Record<Feedback, string>> = {
  real: "A real problem",
  false: "A false alarm",
  planned: "Planned",
};

/** As Slack shows them; by address where we know no more. */
function personText({ slackUserId, email }: Actor): string {
  return slackUserId === "" ? nameText(email) : `<@${slackUserId}>`;
}

function dateText(at: Instant): string {
  return slackDate(at, "{date_short}", at.toISOString().slice(0, 10));
}

function timeText(at: Instant): string {
  return slackDate(at, "{date_short_pretty} {time}", `${at.toISOString().slice(0, 16)}Z`);
}

type Element = Extract<Block, { type: "actions" }>["elements"][number];

function buttonsOf(thread: Thread, { content }: Alert, state: ThreadState): Element[] {
  const value = thread.threadId;
  const { raise: raiseValue = "" } = content;
  const raise =
    raiseValue === "" || raiseValue.length > RAISE_CHARS_MAX
      ? []
      : [button({ actionId: REQUEST_RAISE_ACTION, text: "Request raise", value: raiseValue })];
  const acknowledge =
    state.acknowledged === undefined
      ? [button({ actionId: ACKNOWLEDGE_ACTION, text: "Acknowledge", value })]
      : [];
  // What is over needs nobody to look after it.
  const open =
    thread.resolved === undefined
      ? [
          ...acknowledge,
          button({ actionId: SNOOZE_ACTION, text: "Snooze", value }),
          button({ actionId: ASSIGN_ACTION, text: "Assign", value }),
        ]
      : [];
  return [
    ...(thread.resolved === undefined ? raise : []),
    button({ actionId: WHY_ACTION, text: "Why?", value }),
    ...open,
    button({ actionId: FEEDBACK_ACTION, text: "Feedback", value }),
  ];
}

/** Slack's limit of a button's value; nobody's key is longer. */
const RAISE_CHARS_MAX = 2_000;
