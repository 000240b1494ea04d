/** What people read about events that could not be recorded. Pure. */
import { type Instant, MINUTE_MS } from "../../../domain/time.ts";
import {
  type Block,
  context,
  escapeText,
  header,
  message,
  type SlackMessage,
  section,
  slackDate,
  truncate,
} from "../../../slack/blocks.ts";
import { REMEDY } from "../rules/rejected-events.ts";
import type { RejectionCode } from "../rules.ts";

/** What is open of one source for one reason. */
export interface RejectedSummary {
  readonly source: string;
  readonly code: RejectionCode;
  readonly count: number;
  readonly firstReceivedAt: Instant;
  /** Of one of them. */
  readonly message: string;
}

/** More sources than this are wrong at once only when everything is. */
const GROUPS_SHOWN_MAX = 5;
const MESSAGE_CHARS_MAX = 300;

/** A section of an admin's App Home; empty when all could be recorded. */
export function rejectedBlocks(groups: readonly RejectedSummary[]): readonly Block[] {
  if (groups.length === 0) return [];
  const hidden = groups.length - GROUPS_SHOWN_MAX;
  return [
    header("Could not be recorded"),
    ...groups
      .slice(0, GROUPS_SHOWN_MAX)
      .map((group) => section(`*${headline(group)}*\n${details(group)}`)),
    context(
      `${hidden > 0 ? `…and ${String(hidden)} more. ` : ""}These events are in no number. \`claude-spend rejected list\` shows them, \`rejected replay\` tries them again.`,
    ),
  ];
}

/** A notice of the first refusals of a source for a reason, today. */
export function rejectedNotice(group: RejectedSummary): SlackMessage {
  const text = `${headline(group)} could not be recorded`;
  return message(text, [
    section(`:warning: *${text}*\n${details(group)}`),
    context(
      `They are in no number. \`claude-spend rejected list --source ${escapeText(group.source)}\` shows them; App Home keeps count.`,
    ),
  ]);
}

function headline({ count, source }: RejectedSummary): string {
  return `${count === 1 ? "1 event" : `${String(count)} events`} from the source ${escapeText(source)}`;
}

function details({ firstReceivedAt, code, message: reason }: RejectedSummary): string {
  const minute = new Date(Math.floor(firstReceivedAt.getTime() / MINUTE_MS) * MINUTE_MS);
  const since = slackDate(minute, "{date_short_pretty} {time}", minute.toISOString());
  return `Since ${since}: ${escapeText(truncate(reason, MESSAGE_CHARS_MAX))}\n_${REMEDY[code]}_`;
}
