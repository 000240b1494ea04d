/** What people read who named something that is not there, or not theirs to see. Pure. */
import type { ScopeOption, ScopeRefusal } from "../../domain/scope.ts";
import {
  commandText,
  escapeText,
  message,
  type SlackMessage,
  section,
  truncate,
} from "../../slack/blocks.ts";
import { askAgain, type Suggestion } from "../../slack/suggestions.ts";

/** What was not understood may have been meant as a time. */
const PERIODS_HINT = "A time is `7d`, `last month`, `since monday` or `2026-10`. ";
/** A longer one is no name. */
const TYPED_CHARS_MAX = 80;

/**
 * Says what is wrong and what to type; buttons ask the same of what may be meant. `verb` is what was
 * asked ("why", "top models"), empty for a report.
 */
export function scopeRefusalMessage(
  refusal: ScopeRefusal & { readonly period?: string },
  verb = "",
): SlackMessage {
  const { text, hint, options } = wording(refusal);
  const suggestions = options.map(
    ({ name, typed }): Suggestion => ({
      text: name,
      command: [verb, typed, refusal.period ?? ""].filter((part) => part !== "").join(" "),
    }),
  );
  const [first] = suggestions;
  const command = first === undefined ? "" : commandText(`/claude-spend ${first.command}`);
  const example =
    first === undefined ? "" : hint.endsWith(":") ? ` ${command}` : ` You can type ${command}.`;
  return message(hint.endsWith(":") ? text : `${text} ${hint}`, [
    section(`${escapeText(text)} ${hint}${example}`),
    ...askAgain(suggestions),
  ]);
}

function wording(refusal: ScopeRefusal): {
  readonly text: string;
  readonly hint: string;
  readonly options: readonly ScopeOption[];
} {
  const typed = truncate(refusal.text, TYPED_CHARS_MAX);
  if (refusal.kind === "not-allowed") {
    return {
      text: `You may not see “${typed}”.`,
      hint: "Its owners and admins may. What is yours:",
      options: refusal.viewable,
    };
  }
  if (refusal.isAmbiguous) {
    return {
      text: `“${typed}” means more than one thing.`,
      hint: "Which one?",
      options: refusal.nearest,
    };
  }
  const [nearest, ...others] = refusal.nearest;
  if (nearest === undefined) {
    return {
      text: `I don't know “${typed}”.`,
      hint: `${/\s/.test(typed.trim()) ? PERIODS_HINT : ""}What is yours:`,
      options: refusal.viewable,
    };
  }
  return {
    text: `I don't know “${typed}”.`,
    hint: others.length === 0 ? `Did you mean ${escapeText(nearest.name)}?` : "Did you mean:",
    options: refusal.nearest,
  };
}
