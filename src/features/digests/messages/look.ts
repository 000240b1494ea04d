/** What the buttons of a digest show, to one person. Pure. */
import { weekdayText } from "../../../domain/date-text.ts";
import { formatUsd, type Usd, usd } from "../../../domain/money.ts";
import { instant, timeZone } from "../../../domain/time.ts";
import {
  type Block,
  context,
  DIVIDER,
  fitsMessage,
  header,
  message,
  type SlackMessage,
  section,
} from "../../../slack/blocks.ts";
import { countText } from "./parts.ts";

/** The cards, one after the other, as many as fit; the rest are on App Home. */
export function requestsMessage(cards: readonly (readonly Block[])[]): SlackMessage {
  if (cards.length === 0) {
    const text = "Nothing waits for your decision.";
    return message(text, [
      section(`${text}\nWhoever can decide a request has its card as a direct message.`),
    ]);
  }
  const title = `${countText(cards.length, "request waits", "requests wait")} for you`;
  let blocks: readonly Block[] = [header(title)];
  for (const [index, card] of cards.entries()) {
    const more = [...blocks, ...(index === 0 ? [] : [DIVIDER]), ...card];
    const rest = context(
      `_${countText(cards.length - index, "more is", "more are")} on App Home._`,
    );
    if (!fitsMessage([...more, rest])) {
      blocks = [...blocks, rest];
      break;
    }
    blocks = more;
  }
  return message(`${title}.`, blocks);
}

export function rejectedMessage(blocks: readonly Block[]): SlackMessage {
  const text =
    blocks.length === 0
      ? "Everything of the last week is recorded by now."
      : "Usage events that could not be recorded.";
  return message(text, blocks.length === 0 ? [section(text)] : blocks);
}

interface DifferingDay {
  /** "2026-11-22", in UTC. */
  readonly day: string;
  readonly anthropicBilled: Usd;
  readonly charged: Usd;
}

const DAYS_SHOWN_MAX = 10;
const UTC = timeZone("UTC");

/** "Fri, Nov 13": a day of the bill has no hours, and is named by its noon. */
function shortDay(day: string): string {
  return weekdayText(instant(`${day}T12:00:00Z`), UTC);
}

export function differencesMessage(days: readonly DifferingDay[]): SlackMessage {
  if (days.length === 0) {
    const text = "No day differs from Anthropic's bill by more than is allowed.";
    return message(text, [section(text)]);
  }
  const text = `${countText(days.length, "day differs", "days differ")} from Anthropic's bill`;
  const shown = days.toReversed().slice(0, DAYS_SHOWN_MAX);
  const lines = shown.map(({ day, anthropicBilled: billed, charged }) => {
    const gap = charged - billed;
    const how = gap < 0n ? `${formatUsd(usd(-gap))} less` : `${formatUsd(usd(gap))} more`;
    return `*${shortDay(day)}*: ${how} than billed · ${formatUsd(charged)} counted, ${formatUsd(billed)} billed`;
  });
  const rest = days.length - shown.length;
  return message(`${text}.`, [
    header(text),
    section([...lines, ...(rest > 0 ? [`…and ${String(rest)} more`] : [])].join("\n")),
    context(
      "Days are UTC. `claude-spend reconcile` tells the causes, and accepts those that are known.",
    ),
  ]);
}

const NOT_FOR_YOU = "That concerns everybody's money: admins and finance can see it.";
export const NOT_FOR_YOU_ANSWER: SlackMessage = message(NOT_FOR_YOU, [section(NOT_FOR_YOU)]);
