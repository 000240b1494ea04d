/** What people read about their names, and the question whether a claim is right. Pure. */
import type { Email } from "../../domain/email.ts";
import { type ExternalIdentity, formatIdentity } from "../../domain/identity.ts";
import {
  actions,
  button,
  commandText,
  context,
  escapeText,
  header,
  message,
  type SlackMessage,
  section,
  truncate,
} from "../../slack/blocks.ts";
import type { ClaimOutcome } from "./rules.ts";

export const CLAIM_CONFIRM_ACTION = "identity_confirm";
export const CLAIM_DECLINE_ACTION = "identity_decline";
const LISTED_MAX = 30;

const KIND_TEXT: Readonly<Record<ExternalIdentity["kind"], string>> = {
  email: "e-mail address",
  slack_user: "Slack user",
  anthropic_user: "Anthropic user",
  anthropic_account: "Anthropic account",
  gateway_user: "gateway user",
};

/** Asks whoever has the name whether somebody else may have its spend. */
export function claimMessage(claim: {
  readonly claimId: string;
  readonly identity: ExternalIdentity;
  readonly person: Email;
}): SlackMessage {
  const { claimId, identity, person } = claim;
  const name = escapeText(nameText(identity));
  const who = escapeText(person);
  return message(`${who} says that ${name} is theirs, too. Is that so?`, [
    section(
      `${who} says that *${name}* is theirs, too.\nIf you agree, what is used under that name counts as theirs from then on. If you are not the same person, say no.`,
    ),
    actions([
      button({ actionId: CLAIM_CONFIRM_ACTION, text: "Yes, that's me", value: claimId }),
      button({ actionId: CLAIM_DECLINE_ACTION, text: "No", value: claimId, style: "danger" }),
    ]),
  ]);
}

/** All names of a person, and how to add one. */
export function linksMessage(links: {
  readonly person: Email;
  readonly identities: readonly ExternalIdentity[];
  readonly linkedNow: number;
}): SlackMessage {
  const { person, identities, linkedNow } = links;
  const lines = identities.slice(0, LISTED_MAX).map((identity) => `• ${shownName(identity)}`);
  const more = identities.length - lines.length;
  const names =
    lines.length === 0
      ? "No other names are linked to it."
      : [...lines, ...(more > 0 ? [`…and ${String(more)} more`] : [])].join("\n");
  const news =
    linkedNow === 0
      ? []
      : [
          context(
            linkedNow === 1
              ? "1 is new: Slack or Anthropic say that it is yours."
              : `${String(linkedNow)} are new: Slack or Anthropic say that they are yours.`,
          ),
        ];
  const who = escapeText(person);
  return message(`What is used under these names counts as ${who}.`, [
    header("Your names"),
    section(`What is used under these names counts as *${who}*.\n${names}`),
    ...news,
    context(
      "Another address or id of yours: `/claude-spend link email:me@old.example` or `/claude-spend link anthropic_user:user_01…`. Whoever has it is asked.",
    ),
  ]);
}

export function claimAnswer(outcome: ClaimOutcome, identity: ExternalIdentity): SlackMessage {
  const name = nameText(identity);
  switch (outcome.kind) {
    case "already":
      return note(`${name} is yours already.`);
    case "verified":
      return note(`${name} is yours now. New usage counts as yours.`);
    case "ask":
      return note(`I asked ${outcome.confirmer}. Nothing changes until they agree.`);
    case "refused":
      return outcome.reason === "taken"
        ? note(`${name} is somebody else's. If that is wrong, ask an admin.`)
        : unknownNameAnswer(identity);
  }
}

function unknownNameAnswer(identity: ExternalIdentity): SlackMessage {
  const text = escapeText(`Nothing tells me whose ${nameText(identity)} is.`);
  const command = commandText(`claude-spend people link ${formatIdentity(identity)} ADDRESS`);
  return message(text, [section(`${text} An admin can link it: ${command}`)]);
}

export const LINK_USAGE_ANSWER = note(
  "I expected email:ADDRESS, slack_user:ID, anthropic_user:ID or gateway_user:SOURCE/ID.",
);
export const NO_EMAIL_ANSWER = note(
  "Slack doesn't tell me your e-mail address, so I can't link it.",
);
export const NOT_OPEN_ANSWER = note(
  "This is decided already, over, or not yours to decide. Nothing was changed.",
);

export function confirmationAnswer(
  kind: "linked" | "declined" | "taken",
  { identity, person }: { readonly identity: ExternalIdentity; readonly person: Email },
): SlackMessage {
  const name = nameText(identity);
  switch (kind) {
    case "linked":
      return note(`${name} counts as ${person} now.`);
    case "declined":
      return note(`Nothing was changed: ${name} does not count as ${person}.`);
    case "taken":
      return note(`${name} became somebody else's in the meantime. Nothing was changed.`);
  }
}

/** A Slack user by the name that people know. */
function shownName(identity: ExternalIdentity): string {
  const { kind, externalId } = identity;
  return kind === "slack_user" && /^[UW][A-Z0-9]{2,20}$/.test(externalId)
    ? `${KIND_TEXT[kind]} <@${externalId}>`
    : escapeText(nameText(identity));
}

function nameText(identity: ExternalIdentity): string {
  const { kind, source, externalId } = identity;
  const id = truncate(kind === "gateway_user" ? `${source}/${externalId}` : externalId, 120);
  return `${KIND_TEXT[kind]} ${id}`;
}

function note(text: string): SlackMessage {
  const safe = escapeText(text.charAt(0).toUpperCase() + text.slice(1));
  return message(safe, [section(safe)]);
}
