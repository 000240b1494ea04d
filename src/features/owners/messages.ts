/** What belongs to nobody, as an admin reads it in Slack and at the command line. Pure. */
import { formatUsd } from "../../domain/money.ts";
import { basisText, estimateAt } from "../../slack/basis-text.ts";
import {
  context,
  escapeText,
  header,
  message,
  type SlackMessage,
  section,
  truncate,
} from "../../slack/blocks.ts";
import type { Orphans } from "./rules/orphans.ts";
import type { Suggestion, UnallocatedReport } from "./rules.ts";

const SHOWN_MAX = 5;
const NAME_CHARS_MAX = 80;

export const NOT_ADMIN_ANSWER = note("What belongs to nobody is for admins and finance to see.");

/** The rules that would move most, ready to paste, and how much has no owner at all. */
export function unallocatedMessage(report: {
  readonly unallocated: UnallocatedReport;
  readonly orphans: Orphans;
}): SlackMessage {
  const { unallocated, orphans } = report;
  const { total, days, suggestions, asOf } = unallocated;
  const text = `Unallocated in the last ${String(days)} days: ${formatUsd(total)}`;
  const shown = suggestions.slice(0, SHOWN_MAX);
  const rules =
    shown.length === 0
      ? []
      : [
          section(shown.map(suggestionLine).join("\n")),
          section(copyable(yamlOf(shown.filter(({ yaml }) => !yaml.includes("`"))))),
          context(
            "Each amount is what that rule alone would have moved. Add the lines to `allocation` in governance.yml; what was recorded stays until `claude-spend reprice --owners`.",
          ),
        ];
  return message(text, [
    header("Unallocated"),
    section(`*${formatUsd(total)}* in the last ${String(days)} days belongs to no team.`),
    ...rules,
    section(orphanLines(orphans).join("\n")),
    context(
      `${basisText(estimateAt(asOf))} · all of it: \`claude-spend owners\` and \`claude-spend unallocated\``,
    ),
  ]);
}

function suggestionLine({ by, what, name, amount, team, because }: Suggestion): string {
  const called = name === undefined ? what : `${name} (${what})`;
  const owner = team === undefined ? "" : ` → ${team}, because ${because ?? "it fits"}`;
  return escapeText(
    `• ${formatUsd(amount)}  ${KIND_TEXT[by]} ${truncate(called, NAME_CHARS_MAX)}${owner}`,
  );
}

const KIND_TEXT: Readonly<Record<Suggestion["by"], string>> = {
  api_key: "key",
  workspace: "workspace",
  email_domain: "addresses",
  tag: "tag",
};

/** A document of its own would begin like this; pasted under `allocation` it is a list. */
export function yamlOf(suggestions: readonly Suggestion[]): string {
  const isOpen = suggestions.some(({ team }) => team === undefined);
  return [
    `allocation:${isOpen ? " # put a team's key in place of TEAM" : ""}`,
    ...suggestions.map(({ yaml }) => `  ${yaml}`),
  ].join("\n");
}

/** For copying: nothing may be added inside. What would end the block was left out before. */
function copyable(yaml: string): string {
  const safe = yaml.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `\`\`\`${safe}\`\`\``;
}

function orphanLines({ keys, people, teamsWithoutOwners, staleRules }: Orphans): string[] {
  const first = (names: readonly string[]): string => {
    const shown = names.slice(0, SHOWN_MAX).map((name) => truncate(name, NAME_CHARS_MAX));
    const more = names.length - shown.length;
    return escapeText([...shown, ...(more > 0 ? [`${String(more)} more`] : [])].join(", "));
  };
  const lines = [
    ...(keys.length === 0
      ? []
      : [
          `*Keys nobody owns* (${String(keys.length)}): ${first(keys.map(({ id, name }) => name ?? id))}`,
        ]),
    ...(people.length === 0
      ? []
      : [
          `*People in no team* (${String(people.length)}): ${first(people.map(({ email }) => email))}`,
        ]),
    ...(teamsWithoutOwners.length === 0
      ? []
      : [
          `*Teams without an owner* (${String(teamsWithoutOwners.length)}): ${first(teamsWithoutOwners)}`,
        ]),
    ...(staleRules.length === 0
      ? []
      : [
          `*Rules about what is gone* (${String(staleRules.length)}): ${first(staleRules.map(({ about, position }) => `allocation[${String(position)}] ${about}`))}`,
        ]),
  ];
  return lines.length === 0 ? ["Every key, person and team has an owner."] : lines;
}

function note(text: string): SlackMessage {
  const safe = escapeText(text);
  return message(safe, [section(safe)]);
}
