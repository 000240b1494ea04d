/** What people read who named something that is not there, or not theirs to see. Pure. */
import type { ScopeOption, ScopeRefusal } from "../../domain/scope.ts";
import { localDate, timeZone } from "../../domain/time.ts";
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
/** Commands of which nothing has a time behind its name. */
const WITHOUT_PERIOD: ReadonlySet<string> = new Set(["audit", "plan"]);
const OFFER = /\s*[^.]*:$/;
/** A longer one is no name. */
const TYPED_CHARS_MAX = 80;

/**
 * Says what is wrong and what to type; buttons ask the same of what may be meant. `verb` is what was
 * asked ("why", "top models"), empty for a report; `period` is what was typed behind the name.
 */
export function scopeRefusalMessage(
  refusal: ScopeRefusal & { readonly period?: string; readonly said?: string },
  verb = "",
): SlackMessage {
  const worded = wording(refusal, WITHOUT_PERIOD.has(verb) ? "" : PERIODS_HINT);
  const { options } = worded;
  const text = escapeText(worded.text);
  // Nothing of theirs: no list is announced.
  const hint = options.length > 0 ? worded.hint : worded.hint.replace(OFFER, "");
  const { period = "", said = period } = refusal;
  const words = (...parts: readonly string[]): string =>
    parts.filter((part) => part !== "").join(" ");
  const suggestions = options.map(
    ({ name, typed }): Suggestion => ({ text: name, command: words(verb, typed, period) }),
  );
  const [first] = options;
  const command =
    first === undefined ? "" : commandText(`/claude-spend ${words(verb, first.typed, said)}`);
  const example =
    first === undefined ? "" : hint.endsWith(":") ? ` ${command}` : ` You can type ${command}.`;
  return message(hint.endsWith(":") ? text : `${text} ${hint}`.trimEnd(), [
    section(`${text} ${hint}${example}`.trimEnd()),
    ...askAgain(suggestions),
  ]);
}

function wording(
  refusal: ScopeRefusal,
  periodsHint: string,
): {
  readonly text: string;
  readonly hint: string;
  readonly options: readonly ScopeOption[];
} {
  const typed = truncate(refusal.text, TYPED_CHARS_MAX);
  if (refusal.kind === "not-allowed" && refusal.elsewhereUntil !== undefined) {
    const from = localDate(refusal.elsewhereUntil, timeZone("UTC"));
    return {
      text: `You may not see all of “${typed}”: until ${from} some of it belonged to another team.`,
      hint: "A time that begins later can be shown, and your team by person. What is yours:",
      options: refusal.viewable,
    };
  }
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
      hint: `${/\s/.test(typed.trim()) ? periodsHint : ""}What is yours:`,
      options: refusal.viewable,
    };
  }
  return {
    text: `I don't know “${typed}”.`,
    hint: others.length === 0 ? `Did you mean ${escapeText(nearest.name)}?` : "Did you mean:",
    options: refusal.nearest,
  };
}
