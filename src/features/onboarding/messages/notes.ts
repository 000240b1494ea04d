/** Why a form was not saved, above its fields: what is in the way, and what to do. Pure. */

import type { Instant } from "../../../domain/time.ts";
import { escapeText, slackDate, truncate } from "../../../slack/blocks.ts";

const LINES_MAX = 6;
const LINE_CHARS_MAX = 300;

interface Change {
  readonly appliedAt: Instant;
  readonly appliedBy: string;
  readonly changes: readonly string[] | undefined;
}

/** What came of an edit that was not made. */
export type EditProblem =
  | { readonly kind: "overtaken"; readonly since: readonly Change[] }
  | {
      readonly kind: "refused";
      readonly problems: readonly { readonly field: string; readonly message: string }[];
    }
  | { readonly kind: "impossible"; readonly reason: "gone" | "taken"; readonly what: string }
  | { readonly kind: "forbidden" }
  | { readonly kind: "file-only" };

export function editNote(problem: EditProblem): string {
  switch (problem.kind) {
    case "overtaken":
      return [
        ":warning: *Not saved yet:* somebody changed the same meanwhile.",
        ...lines(problem.since.map(changeText)),
        "What you typed is below. *Save* again to have it so, or close to leave theirs.",
      ].join("\n");
    case "refused":
      return [
        ":warning: *Not saved.* It doesn't fit what is decided already:",
        ...lines(
          problem.problems.map(({ field, message }) =>
            escapeText(field === "" ? message : `${fieldText(field)}: ${message}`),
          ),
        ),
      ].join("\n");
    case "impossible":
      return problem.reason === "gone"
        ? `:warning: *Not saved:* ${escapeText(problem.what)} is gone; somebody removed it meanwhile.`
        : `:warning: *Not saved:* there is ${escapeText(problem.what)} already. Change that one, or choose another ${problem.what.startsWith("a rule") ? "amount" : "name"}.`;
    case "forbidden":
      return ":warning: *Not saved:* that is not yours to change. Ask an admin.";
    case "file-only":
      return ":warning: *Not saved:* here only the governance file decides (`GOVERNANCE_FILE_MODE=only`). Make the change there.";
  }
}

/** The removal of something that may be another one by now. */
export function removalNote(problem: EditProblem): string {
  return problem.kind === "overtaken"
    ? [
        ":warning: *Not removed:* somebody changed the same meanwhile.",
        ...lines(problem.since.map(changeText)),
        "Open it again to see how it is now.",
      ].join("\n")
    : editNote(problem);
}

/** Of a rule or digest that was changed in a form and is not in the list any more. */
export function replacedNote(what: "rule" | "digest"): string {
  return `:warning: *Not saved:* somebody removed or replaced that ${what} meanwhile. Open the list to see how it is now.`;
}

/** A field of the document as the form calls it. */
function fieldText(field: string): string {
  return field
    .replace(/^approvals\[\d+\]\.(?=\w+$)/, "")
    .replace(/^(?:up_to|approvers|quorum|expires_in)$/, (name) => RULE_FIELDS[name] ?? name);
}

const RULE_FIELDS: Readonly<Record<string, string>> = {
  up_to: "Up to",
  approvers: "Who approves",
  quorum: "How many of them have to agree",
  expires_in: "Open for",
};

export function strangerNote(slackUserId: string): string {
  return `:warning: *Not saved:* Slack doesn't tell me the e-mail address of <@${slackUserId}>, so they can't be named here. Guests and apps have none.`;
}

function changeText({ appliedAt, appliedBy, changes }: Change): string {
  const at = slackDate(appliedAt, "{date_short_pretty} {time}", appliedAt.toISOString());
  const what = (changes ?? []).slice(0, 3).join("; ");
  return `${escapeText(appliedBy)}, ${at}: ${escapeText(truncate(what === "" ? "words and comments" : what, LINE_CHARS_MAX))}`;
}

function lines(all: readonly string[]): readonly string[] {
  const shown = all.slice(0, LINES_MAX).map((line) => `• ${truncate(line, 2 * LINE_CHARS_MAX)}`);
  const more = all.length - shown.length;
  return more > 0 ? [...shown, `…and ${String(more)} more`] : shown;
}
