/** Phrases that cards, notices and answers share, so that a thing is called the same everywhere. */
import { lastDayText } from "../../../domain/date-text.ts";
import type { Email } from "../../../domain/email.ts";
import { formatUsd, type Usd } from "../../../domain/money.ts";
import type { Instant } from "../../../domain/time.ts";
import { escapeText, slackDate } from "../../../slack/blocks.ts";
import { progressOf } from "../rules/progress.ts";
import type { ApprovalRequest, Vote } from "../rules.ts";

/** Enough to judge by; the rest of an essay would push the buttons off the screen. */
const REASON_CHARS_MAX = 800;
const TITLE_CHARS_MAX = 300;
/** More names than this are a crowd. */
const PEOPLE_NAMED_MAX = 3;

/** Slack's ids of people, as far as they are known. */
export type SlackIds = ReadonlyMap<Email, string>;

/** For texts that Slack shows without markup: everybody by their address. */
export const NO_SLACK_IDS: SlackIds = new Map();

/** A mention, where the id is known; else the address. For direct messages: a mention may ping. */
export function personText(person: Email, slackIds: SlackIds): string {
  const id = slackIds.get(person);
  return id === undefined ? escapeText(person) : `<@${id}>`;
}

/** Money for mrkdwn: an amount under a cent is written with a "<". */
export function moneyText(amount: Usd): string {
  return escapeText(formatUsd(amount));
}

/** In each reader's own zone, for mrkdwn. */
export function dateText(at: Instant): string {
  return slackDate(at, "{date_short_pretty} at {time}", utcText(at));
}

/** For places where Slack shows plain text only. */
export function utcText(at: Instant): string {
  const shown = new Intl.DateTimeFormat("en-US", {
    timeZone: "UTC",
    dateStyle: "medium",
    timeStyle: "short",
    hourCycle: "h23",
  });
  return `${shown.format(at)} UTC`;
}

/** "Search, monthly budget" as typed; escape it for mrkdwn. */
export function titleText(request: Pick<ApprovalRequest, "title">): string {
  return shorten(request.title, TITLE_CHARS_MAX);
}

/** "Search, monthly budget, through Nov 30": what is asked for and its last day, for mrkdwn. */
export function wantedText(request: ApprovalRequest): string {
  const asked = { ...request, approvedEndsAt: undefined };
  return `${escapeText(titleText(request))}, ${throughText(asked)}`;
}

/** " on behalf of bo@acme.test", or nothing. */
function behalfText({ requester, beneficiary }: ApprovalRequest, slackIds: SlackIds): string {
  return beneficiary === requester ? "" : `, on behalf of ${personText(beneficiary, slackIds)}`;
}

/** "through Nov 30", "through today": the last day, in the calendar that the request is about. */
export function throughText({
  endsAt,
  approvedEndsAt,
  timeZone,
  requestedAt,
  decidedAt,
}: Pick<
  ApprovalRequest,
  "endsAt" | "approvedEndsAt" | "timeZone" | "requestedAt" | "decidedAt"
>): string {
  return `through ${lastDayText(approvedEndsAt ?? endsAt, timeZone, decidedAt ?? requestedAt)}`;
}

/** Who asks for how much for what until when, as one sentence of mrkdwn. */
export function headline(request: ApprovalRequest, slackIds: SlackIds): string {
  const verb = request.status === "requested" ? "asks" : "asked";
  return (
    `*${personText(request.requester, slackIds)}* ${verb} for ` +
    `*${moneyText(request.requestedAmount)}* for ${wantedText(request)}${behalfText(request, slackIds)}.`
  );
}

/** The same for notifications and screen readers. */
export function headlineText(request: ApprovalRequest): string {
  const verb = request.status === "requested" ? "asks" : "asked";
  return (
    `${escapeText(request.requester)} ${verb} for ${moneyText(request.requestedAmount)} ` +
    `for ${wantedText(request)}${behalfText(request, NO_SLACK_IDS)}.`
  );
}

/** What somebody typed, harmless and as a quote; cut before escaping, so that no escape is cut. */
export function quote(text: string): string {
  return escapeText(shorten(text.trim(), REASON_CHARS_MAX))
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => `> ${line}`)
    .join("\n");
}

/** "ana@acme.test, bo@acme.test and 2 others". */
export function peopleText(people: readonly Email[], slackIds: SlackIds): string {
  return joined(people.map((person) => personText(person, slackIds)));
}

/** The same of names that stand already. */
export function joined(all: readonly string[]): string {
  const names = all.length > PEOPLE_NAMED_MAX + 1 ? all.slice(0, PEOPLE_NAMED_MAX) : all;
  const rest = all.length - names.length;
  if (rest > 0) return `${names.join(", ")} and ${String(rest)} others`;
  const last = names.at(-1) ?? "nobody";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}

/** "ana@acme.test (for dana@acme.test)": in whose place somebody spoke. */
export function voiceText(vote: Pick<Vote, "approver" | "for">, slackIds: SlackIds): string {
  const speaker = personText(vote.approver, slackIds);
  return vote.for === undefined ? speaker : `${speaker} (for ${personText(vote.for, slackIds)})`;
}

/** "1 of 2 approved, by ana@acme.test ($150.00)"; of a chain the step that waits, and who agreed before. */
export function votesText(
  request: ApprovalRequest,
  votes: readonly Vote[],
  slackIds: SlackIds,
): string {
  const voices = votes.map(
    (vote) =>
      `${voiceText(vote, slackIds)} (${moneyText(vote.amount)}${shorterText(request, vote)})`,
  );
  const { current, steps } = progressOf(request.policy, votes);
  const waiting = steps[current];
  const count = `${String(waiting?.voices.length ?? 0)} of ${String(waiting?.quorum ?? 1)} approved`;
  if (steps.length === 1)
    return `${count}${voices.length === 0 ? "" : `, by ${voices.join(", ")}`}`;
  const agreed = voices.length === 0 ? "" : ` · agreed so far: ${voices.join(", ")}`;
  return `Step ${String(current + 1)} of ${String(steps.length)}: ${count}${agreed}`;
}

/** ", through Nov 25" of a voice for a shorter time. */
function shorterText(
  { timeZone, requestedAt }: ApprovalRequest,
  { endsAt }: Pick<Vote, "endsAt">,
): string {
  return endsAt === undefined ? "" : `, through ${lastDayText(endsAt, timeZone, requestedAt)}`;
}

/** "$150.00 of $200.00", or just the amount when all of it was granted; with a shorter time. */
export function grantText(request: ApprovalRequest, granted: Usd): string {
  const isShorter = request.approvedEndsAt !== undefined && request.approvedEndsAt < request.endsAt;
  const time = isShorter ? `, only ${throughText(request)}` : "";
  return granted === request.requestedAmount
    ? `${moneyText(granted)}${time}`
    : `${moneyText(granted)} of ${moneyText(request.requestedAmount)}${time}`;
}

/** What those who decided want the requester to know, each as typed. */
export function notesOf(
  request: ApprovalRequest,
  votes: readonly Vote[],
): readonly { readonly by: Email; readonly text: string }[] {
  const notes = votes.flatMap(({ approver, note }) =>
    note === undefined ? [] : [{ by: approver, text: note }],
  );
  const { decidedBy, decisionReason } = request;
  // A denial is no vote; and votes kept no notes before they had a column of their own.
  const isMissing = !notes.some(({ by }) => by === decidedBy);
  return decidedBy !== undefined && decisionReason !== undefined && isMissing
    ? [...notes, { by: decidedBy, text: decisionReason }]
    : notes;
}

function shorten(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  return `${text.slice(0, charsMax - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
