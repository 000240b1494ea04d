/** Reminding somebody of a request that waits for them, in the thread of their card. Pure. */
import type { Email } from "../../../domain/email.ts";
import { message, type SlackMessage, section } from "../../../slack/blocks.ts";
import type { ApprovalRequest } from "../rules.ts";
import { dateText, NO_SLACK_IDS, personText, type SlackIds, utcText } from "./wording.ts";

/** A thread notifies only whom it mentions. */
export function reminderMessage({
  request,
  person,
  slackIds,
}: {
  readonly request: ApprovalRequest;
  readonly person: Email;
  readonly slackIds: SlackIds;
}): SlackMessage {
  const sentence = (ids: SlackIds, when: string): string =>
    `${personText(person, ids)}, this request of ${personText(request.requester, ids)} still waits for you. It expires ${when}.`;
  return message(sentence(NO_SLACK_IDS, utcText(request.expiresAt)), [
    section(`:bell: ${sentence(slackIds, dateText(request.expiresAt))}`),
  ]);
}
