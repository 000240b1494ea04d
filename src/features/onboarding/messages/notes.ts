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
            escapeText(field === "" ? message : `${field}: ${message}`),
          ),
        ),
      ].join("\n");
    case "impossible":
      return problem.reason === "gone"
        ? `:warning: *Not saved:* ${escapeText(problem.what)} is gone; somebody removed it meanwhile.`
        : `:warning: *Not saved:* ${escapeText(problem.what)} is there already. Choose another name, or change that one.`;
    case "forbidden":
      return ":warning: *Not saved:* that is not yours to change. Ask an admin.";
    case "file-only":
      return ":warning: *Not saved:* here only the governance file decides (`GOVERNANCE_FILE_MODE=only`). Make the change there.";
  }
}

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
