/** One message instead of a storm of them: a line for each alert, with a way to it. Pure. */
import { basisText } from "../../../slack/basis-text.ts";
import {
  type Block,
  button,
  context,
  message,
  type SlackMessage,
  section,
} from "../../../slack/blocks.ts";
import type { Alert } from "../rules.ts";
import { SHOW_ALERT_ACTION } from "./thread.ts";
import { boldText, iconOf, lineText } from "./wording.ts";

/** The latest; a message holds 50 blocks and about 10,000 characters. */
export const LINES_MAX = 15;

/** `latest` oldest first, and how many there are in all. */
export function gatheredMessage({
  count,
  latest,
}: {
  readonly count: number;
  readonly latest: readonly { readonly alert: Alert; readonly threadId: string }[];
}): SlackMessage {
  const headline =
    count === 1 ? "One more alert in a short time" : `${String(count)} more alerts in a short time`;
  const shown = latest.slice(-LINES_MAX);
  const hidden = count - shown.length;
  const first = shown.at(-1);
  return message(
    first === undefined
      ? headline
      : `${headline}, the latest: ${lineText(first.alert.content.brief)}`,
    [
      section(`:cloud_with_lightning: *${headline}*`),
      ...shown.map(
        ({ alert, threadId }): Block =>
          section(
            `${iconOf(alert)} ${boldText(alert.content.happened)}`,
            button({ actionId: SHOW_ALERT_ACTION, text: "Show", value: threadId }),
          ),
      ),
      ...(hidden > 0
        ? [context(`…and ${String(hidden)} before. All of them are in GET /v1/alerts.`)]
        : []),
      ...basesOf(shown.map(({ alert }) => alert)),
    ],
  );
}

/** Of each kind the latest. */
function basesOf(alerts: readonly Alert[]): Block[] {
  const bases = alerts.flatMap(({ content: { basis } }) => basis ?? []);
  const byKind = new Map(bases.map((basis) => [basis.kind, basis]));
  return byKind.size === 0 ? [] : [context([...byKind.values()].map(basisText).join("\n"))];
}
