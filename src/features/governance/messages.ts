/** What people read about a governance document, wherever they read it. Pure. */
import type { VersionFacts } from "./rules/versions.ts";
import type { GovernanceProblem } from "./rules.ts";

/** One line a problem, as editors and people know it: "governance.yml:12:5 budgets[0].limit: expected …". */
export function formatProblems(problems: readonly GovernanceProblem[], fileName: string): string {
  return problems
    .map(({ line, column, field, message }) => {
      const place = `${fileName}:${String(line)}:${String(column)}`;
      return field === "" ? `${place} ${message}` : `${place} ${field}: ${message}`;
    })
    .join("\n");
}

/** A version for a terminal: who, when, from where, and what it changed. */
export function versionText(version: VersionFacts): string {
  const { appliedAt, changes, restoredVersion } = version;
  const restored =
    restoredVersion === undefined ? "" : `, back to version ${String(restoredVersion)}`;
  const head = `Version ${String(version.version)} · ${appliedAt.toISOString()} · ${whoText(version)} ${originText(version)}${restored}`;
  return [head, ...changesText(changes).map((line) => `  ${line}`)].join("\n");
}

/** A person where one is known: by address, by the name of their account, or by the token they hold. */
export function whoText({ appliedBy, origin }: VersionFacts): string {
  if (origin?.via === "cli") return origin.user;
  return origin?.via === "api" && origin.token !== undefined ? `token ${origin.token}` : appliedBy;
}

/** "in Slack", "over HTTP": where somebody did it. */
export function originText({ origin }: Pick<VersionFacts, "origin">): string {
  switch (origin?.via) {
    case "slack":
      return "in Slack";
    case "api":
      return "over HTTP";
    case "cli":
      return "on the command line";
    case "file":
      return "from the governance file";
    case undefined:
      return "by the program";
  }
}

/** A line each, never none. */
export function changesText(changes: readonly string[] | undefined): readonly string[] {
  if (changes === undefined) return ["What it changed was not kept."];
  return changes.length === 0 ? ["Only words and comments."] : changes;
}

/** How to bring a file up to date that others have overtaken. */
export const REFRESH_FILE = "claude-spend governance show > governance.yml";
