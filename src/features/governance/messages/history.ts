/** The history of the governance document in Slack, within its limits for any document. Pure. */
import {
  actions,
  type Block,
  button,
  context,
  DIVIDER,
  escapeText,
  header,
  type Modal,
  message,
  modal,
  type SlackMessage,
  section,
  slackDate,
  truncate,
} from "../../../slack/blocks.ts";
import { UNKNOWN_PERSON_ADVICE } from "../../../slack/unknown-person.ts";
import { changesText, originText, whoText } from "../messages.ts";
import type { VersionFacts } from "../rules/versions.ts";

export const HISTORY_ACTION = "governance_history";
export const OLDER_ACTION = "governance_older";
export const OPEN_VERSION_ACTION = "governance_version";
export const RESTORE_ACTION = "governance_restore";

/** Versions of one page; with their changes they stay far below what a message may hold. */
export const PAGE_VERSIONS = 8;
const CHANGES_SHOWN_MAX = 4;
const CHANGE_CHARS_MAX = 150;
const CHANGES_WHOLE_MAX = 30;
/** A code block within one section, whose text has 3,000 characters with every escape. */
const TEXT_CHUNK_CHARS_MAX = 2_800;
/** Of the largest documents the beginning is shown; the rest is on the command line. */
const TEXT_CHUNKS_MAX = 40;

const TITLE = "Governance";

export const NO_EMAIL_ANSWER = note(UNKNOWN_PERSON_ADVICE);
export const NOT_ALLOWED_ANSWER = note("The governance document is for admins.");
export const NONE_ANSWER = note(
  "Nothing is decided yet. `/claude-spend setup` begins, step by step; or apply a governance.yml.",
);

export interface HistoryPage {
  readonly versions: readonly VersionFacts[];
  readonly next: number | undefined;
  /** The version in force. */
  readonly current: number;
}

export function historyMessage(page: HistoryPage): SlackMessage {
  return message(
    `Version ${String(page.current)} of the governance document is in force.`,
    historyBlocks(page),
  );
}

export function historyModal(page: HistoryPage): Modal {
  return modal({ callbackId: "governance_history", title: TITLE, blocks: historyBlocks(page) });
}

function historyBlocks({ versions, next, current }: HistoryPage): Block[] {
  return [
    header(`Governance · version ${String(current)}`),
    ...versions.map((version) =>
      section(
        versionText(version, { lines: CHANGES_SHOWN_MAX }),
        button({ actionId: OPEN_VERSION_ACTION, text: "Open", value: String(version.version) }),
      ),
    ),
    context(
      "Newest first. What forms change and what governance.yml says are this one document. `claude-spend governance show` prints it.",
    ),
    ...(next === undefined
      ? []
      : [actions([button({ actionId: OLDER_ACTION, text: "Older", value: String(next) })])]),
  ];
}

function versionText(version: VersionFacts, { lines }: { readonly lines: number }): string {
  const at = slackDate(
    version.appliedAt,
    "{date_short_pretty} {time}",
    version.appliedAt.toISOString(),
  );
  const back =
    version.restoredVersion === undefined
      ? ""
      : ` · back to version ${String(version.restoredVersion)}`;
  const all = changesText(version.changes);
  const shown = all
    .slice(0, lines)
    .map((line) => `• ${withLinks(escapeText(capitalized(truncate(line, CHANGE_CHARS_MAX))))}`);
  const more = all.length - shown.length;
  return [
    `*${String(version.version)}* · ${at} · ${nameOf(version)} ${originText(version)}${back}`,
    ...shown,
    ...(more > 0 ? [`…and ${String(more)} more`] : []),
  ].join("\n");
}

function capitalized(line: string): string {
  return line.charAt(0).toUpperCase() + line.slice(1);
}

/** Ids of channels as Slack shows them. */
function withLinks(text: string): string {
  return text.replace(/\b[CG][A-Z0-9]{8,20}\b/g, "<#$&>");
}

/** Somebody of this workspace as a name that Slack shows. */
function nameOf(version: VersionFacts): string {
  return version.origin?.via === "slack"
    ? `<@${version.origin.slack_user_id}>`
    : escapeText(truncate(whoText(version), 80));
}

/** One version: what it changed, its text, and the way back to it. */
export function versionModal(of: {
  readonly version: VersionFacts & { readonly text: string };
  readonly current: number;
}): Modal {
  const { version, current } = of;
  const chunks = chunksOf(version.text);
  return modal({
    callbackId: "governance_version",
    title: `Version ${String(version.version)}`,
    blocks: [
      section(truncate(versionText(version, { lines: CHANGES_WHOLE_MAX }), 2_900)),
      actions([
        button({ actionId: HISTORY_ACTION, text: "Back", value: "show" }),
        ...(version.version === current ? [] : [restoreButton(version.version, current)]),
      ]),
      DIVIDER,
      ...chunks.slice(0, TEXT_CHUNKS_MAX).map((chunk) => section(`\`\`\`\n${chunk}\n\`\`\``)),
      ...(chunks.length > TEXT_CHUNKS_MAX
        ? [context("It goes on: `claude-spend governance show` prints all of it.")]
        : []),
    ],
  });
}

function restoreButton(version: number, current: number) {
  return button({
    actionId: RESTORE_ACTION,
    text: "Go back to this version",
    value: `${String(version)} ${String(current)}`,
    style: "danger",
    confirm: {
      title: `Back to version ${String(version)}?`,
      text: "It becomes the newest version, as it was written. What was decided since then is undone; the history keeps it.",
      yes: "Go back",
    },
  });
}

/** Whole lines as far as they fit; what would end a code block is broken up. */
function chunksOf(text: string): readonly string[] {
  const chunks: string[] = [];
  let chunk = "";
  for (const line of text.split("\n")) {
    const safe = line
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll("```", "`\u2060``");
    const parts = safe.match(new RegExp(`.{1,${String(TEXT_CHUNK_CHARS_MAX)}}`, "gu")) ?? [""];
    for (const part of parts) {
      if (chunk !== "" && chunk.length + part.length + 1 > TEXT_CHUNK_CHARS_MAX) {
        chunks.push(chunk);
        chunk = part;
      } else {
        chunk = chunk === "" ? part : `${chunk}\n${part}`;
      }
    }
  }
  return chunk.trim() === "" ? chunks : [...chunks, chunk];
}

export function noticeModal(text: string): Modal {
  return modal({ callbackId: "governance_notice", title: TITLE, blocks: [section(text)] });
}

export type RestoreAnswer =
  | { readonly kind: "applied"; readonly version: number; readonly changes: readonly string[] }
  | { readonly kind: "unchanged" | "overtaken" | "unknown" | "forbidden" | "file-only" }
  | {
      readonly kind: "refused";
      readonly problems: readonly { readonly field: string; readonly message: string }[];
    };

export function restoreText(answer: RestoreAnswer): string {
  switch (answer.kind) {
    case "applied":
      return [
        `:white_check_mark: Version ${String(answer.version)} is in force now.`,
        ...answer.changes
          .slice(0, CHANGES_WHOLE_MAX)
          .map((line) => `• ${escapeText(truncate(line, 80))}`),
      ].join("\n");
    case "unchanged":
      return "That text is in force already.";
    case "overtaken":
      return ":warning: Nothing was changed: somebody decided something meanwhile. Look at the history again.";
    case "unknown":
      return "There is no such version.";
    case "forbidden":
      return "The governance document is for admins.";
    case "file-only":
      return "Here only the governance file decides (`GOVERNANCE_FILE_MODE=only`). Go back there.";
    case "refused":
      return [
        ":warning: Nothing was changed: today that version would be refused.",
        ...answer.problems
          .slice(0, 8)
          .map(({ field, message: why }) => `• ${escapeText(truncate(`${field}: ${why}`, 250))}`),
      ].join("\n");
  }
}

function note(text: string): SlackMessage {
  return message(text, [section(text)]);
}
