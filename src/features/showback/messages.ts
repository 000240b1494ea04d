/** What showback answers where there is no report. Pure. */
import {
  commandText,
  escapeText,
  message,
  type SlackMessage,
  section,
} from "../../slack/blocks.ts";
import { askAgain } from "../../slack/suggestions.ts";
import { UNKNOWN_PERSON_ADVICE, UNKNOWN_PERSON_TEXT } from "../../slack/unknown-person.ts";

export function unknownPersonMessage(): SlackMessage {
  return message(UNKNOWN_PERSON_TEXT, [section(UNKNOWN_PERSON_ADVICE)]);
}

/** What somebody else of a scope spent is not for who asked; the totals are. */
export function peopleArePrivateMessage({
  name,
  typed,
}: {
  readonly name: string;
  readonly typed: string;
}): SlackMessage {
  const rule = "is for its owners, admins and finance.";
  const called = escapeText(name);
  return message(`What each person of ${called} spent ${rule}`, [
    section(
      `What each person of *${called}* spent ${rule}\nYou may ask for ${commandText(`/claude-spend top projects ${typed}`)} or ${commandText(`/claude-spend top models ${typed}`)}.`,
    ),
    ...askAgain([
      { text: "Top projects", command: `top projects ${typed}` },
      { text: "Top models", command: `top models ${typed}` },
    ]),
  ]);
}
