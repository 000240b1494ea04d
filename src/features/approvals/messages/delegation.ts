/** What people read about deciding in somebody's place. Pure. */
import { lastDayText } from "../../../domain/date-text.ts";
import type { Email } from "../../../domain/email.ts";
import type { Instant, TimeZone } from "../../../domain/time.ts";
import { UNTIL_REFUSAL_TEXT, type UntilRefusal } from "../../../domain/until.ts";
import {
  commandText,
  escapeText,
  message,
  type SlackMessage,
  section,
} from "../../../slack/blocks.ts";
import { NO_SLACK_IDS, personText, type SlackIds } from "./wording.ts";

export const DELEGATE_USAGE = "delegate [@PERSON until DATE | off]";

interface Named {
  readonly from: Email;
  readonly to: Email;
  readonly endsAt: Instant;
}

interface Zoned {
  readonly timeZone: TimeZone;
  readonly now: Instant;
}

/** For the delegate. */
export function delegateNotice({
  delegation: { from, endsAt },
  slackIds,
  timeZone,
  now,
}: Zoned & { readonly delegation: Named; readonly slackIds: SlackIds }): SlackMessage {
  const sentence = (ids: SlackIds): string =>
    `${personText(from, ids)} asks you to decide on budget requests in their place through ` +
    `${lastDayText(endsAt, timeZone, now)}. You decide in your own name; what waits for them comes to you as well.`;
  return message(sentence(NO_SLACK_IDS), [section(`:briefcase: ${sentence(slackIds)}`)]);
}

type Outcome =
  | ({ readonly kind: "delegated"; readonly delegation: Named } & Zoned)
  | { readonly kind: "ended"; readonly to: Email }
  | ({ readonly kind: "current"; readonly delegation: Named | undefined } & Zoned)
  | { readonly kind: "refused"; readonly reason: UntilRefusal | "oneself" | "unknown-person" };

/** A private answer to whoever delegates. */
export function delegationAnswer(outcome: Outcome): SlackMessage {
  switch (outcome.kind) {
    case "delegated": {
      const { delegation, timeZone, now } = outcome;
      return answer(
        `${escapeText(delegation.to)} decides in your place through ${lastDayText(delegation.endsAt, timeZone, now)}. You can still decide yourself; ${commandText("/claude-spend delegate off")} ends it.`,
      );
    }
    case "ended":
      return answer(`Ended: ${escapeText(outcome.to)} no longer decides in your place.`);
    case "current": {
      const { delegation, timeZone, now } = outcome;
      return answer(
        delegation === undefined
          ? `Nobody decides in your place. ${commandText("/claude-spend delegate @ana until friday")} names somebody.`
          : `${escapeText(delegation.to)} decides in your place through ${lastDayText(delegation.endsAt, timeZone, now)}.`,
      );
    }
    case "refused":
      return answer(`Nothing was changed. ${REFUSALS[outcome.reason]}`);
  }
}

/** For what can't be read as a delegation. */
export function delegationUsageAnswer(): SlackMessage {
  return answer(
    `Nothing was changed. Say who and until when: ${commandText("/claude-spend delegate @ana until friday")}, or ${commandText("/claude-spend delegate off")}.`,
  );
}

const REFUSALS: Readonly<Record<Extract<Outcome, { kind: "refused" }>["reason"], string>> = {
  ...UNTIL_REFUSAL_TEXT,
  oneself: "You decide for yourself already: name somebody else.",
  "unknown-person": "I don't know anybody with that address in this organization.",
};

function answer(text: string): SlackMessage {
  return message(text, [section(text)]);
}
