/** What a person who clicked reads, and nobody else. Pure. */
import { weekdayText } from "../../../domain/date-text.ts";
import { formatUsd, type Usd } from "../../../domain/money.ts";
import type { ScopeOption } from "../../../domain/scope.ts";
import { addMs, type Instant, type TimeZone } from "../../../domain/time.ts";
import type { SlackMessage } from "../../../slack/blocks.ts";
import type { Feedback, Snooze } from "../rules.ts";
import { answer, nameText } from "./wording.ts";

export const NO_EMAIL_ANSWER = answer(
  "Slack doesn't tell me your e-mail address, so I can't know what you may see. Ask an admin to grant the app `users:read.email`, or add an address to your Slack profile.",
);

type Outcome =
  | { readonly kind: "done" }
  | { readonly kind: "already"; readonly by: string }
  | { readonly kind: "assignee-not-allowed"; readonly who: string }
  | { readonly kind: "not-allowed" }
  | { readonly kind: "period-over" }
  | { readonly kind: "unknown" };

type Did =
  | { readonly kind: "acknowledge" }
  | { readonly kind: "snooze"; readonly how: Snooze }
  | { readonly kind: "assign"; readonly to: { readonly email: string } }
  | { readonly kind: "feedback"; readonly what: Feedback };

const SNOOZED: Readonly<Record<Snooze, string>> = {
  hour: "for an hour",
  tomorrow: "until tomorrow, 9:00",
  period: "until its period ends",
};

export function actAnswer(did: Did, outcome: Outcome): SlackMessage {
  switch (outcome.kind) {
    case "done":
      return answer(doneText(did));
    case "already":
      return answer(`${nameText(outcome.by)} ${alreadyText(did)} before.`);
    case "assignee-not-allowed":
      return answer(
        `${nameText(outcome.who)} may not see what this alert is about. Choose somebody of the team, an owner or an admin.`,
      );
    case "not-allowed":
      return answer("Only people who may see this budget can act on its alerts.");
    case "period-over":
      return answer("Its period is over: there is nothing left to snooze.");
    case "unknown":
      return answer("That alert doesn't exist any more.");
  }
}

function doneText(did: Did): string {
  switch (did.kind) {
    case "acknowledge":
      return "Acknowledged. I'll speak up again only when there is something new.";
    case "snooze":
      return `Snoozed ${SNOOZED[did.how]}. The message stays up to date, without a sound.`;
    case "assign":
      return `${nameText(did.to.email)} looks after it now.`;
    case "feedback":
      return "Noted. Thank you: this decides what I alert on.";
  }
}

function alreadyText(did: Did): string {
  switch (did.kind) {
    case "acknowledge":
      return "acknowledged this";
    case "snooze":
      return "snoozed this";
    case "assign":
      return "assigned this";
    case "feedback":
      return "said so";
  }
}

type PlanOutcome =
  | {
      readonly kind: "planned";
      readonly event: {
        readonly name: string;
        readonly startsAt: Instant;
        readonly endsAt: Instant;
        readonly expected: Usd;
      };
      readonly scopeName: string;
      /** In which its days are whole. */
      readonly zone: TimeZone;
    }
  | {
      readonly kind: "not-yours";
      readonly scopeName: string;
      readonly offered: readonly ScopeOption[];
    }
  | { readonly kind: "impossible-dates"; readonly reason: "no-date" | "over" | "turned" };

const DATES_TEXT = {
  "no-date": "its days are dates such as 2026-11-27.",
  over: "its last day is over. Choose today or a later one.",
  turned: "its last day comes before its first.",
} as const;

/** `asked`: the same command again, with its scope and without. */
export function planAnswer(
  outcome: PlanOutcome,
  asked: { readonly scope: string; readonly details: string } = { scope: "", details: "" },
): SlackMessage {
  const { scope, details } = asked;
  switch (outcome.kind) {
    case "planned": {
      const { name, startsAt, endsAt, expected } = outcome.event;
      return answer(
        `Planned: ${nameText(name)} for ${nameText(outcome.scopeName)}, ${daysText({ startsAt, endsAt }, outcome.zone)}. Up to ${formatUsd(expected)} more than usual is no news; budgets still alert.`,
      );
    }
    case "not-yours":
      return answer(
        `Only admins, and owners for their own teams, can plan an event for ${nameText(outcome.scopeName)}.`,
        outcome.offered.map(({ name, typed }) => ({
          text: name,
          command: `plan ${typed} ${details}`.trim(),
        })),
      );
    case "impossible-dates":
      return answer(`Nothing was planned: ${DATES_TEXT[outcome.reason]}`, [
        { text: "Open the form again", command: `plan ${scope} ${details}`.trim() },
      ]);
  }
}

/** "on Fri, Nov 27", "from Fri, Nov 27 through Sun, Nov 29". */
function daysText(
  { startsAt, endsAt }: { readonly startsAt: Instant; readonly endsAt: Instant },
  zone: TimeZone,
): string {
  const first = weekdayText(startsAt, zone);
  const last = weekdayText(addMs(endsAt, -1), zone);
  return first === last ? `on ${first}` : `from ${first} through ${last}`;
}

/** Refuses to say more about what somebody may not see. */
export function lookRefusal(refusal: { readonly kind: "not-allowed" | "unknown" }): SlackMessage {
  return refusal.kind === "unknown"
    ? answer("That alert doesn't exist any more.")
    : answer("Only people who may see this budget can see why.");
}
