/** The audit trail as people read it in Slack, within Block Kit's limits for any entry. Pure. */
import { formatUsd } from "../../domain/money.ts";
import { formatScope, type Scope, type ScopeOption } from "../../domain/scope.ts";
import {
  actions,
  button,
  commandText,
  context,
  escapeText,
  header,
  message,
  type SlackMessage,
  section,
  slackDate,
  truncate,
} from "../../slack/blocks.ts";
import { askAgain } from "../../slack/suggestions.ts";
import type { Authority, DutiesReport } from "./rules/duties.ts";
import { type ChainedEntry, changesOf } from "./rules.ts";

/** Eight entries of this length stay far below what a message may hold. */
const ENTRY_CHARS_MAX = 700;
const VALUE_CHARS_MAX = 160;
const LINES_MAX = 10;

export const AUDIT_OLDER_ACTION = "audit_older";
/** A button's value is no longer; of a longer name the command line shows everything. */
const OLDER_CHARS_MAX = 2_000;

export const NO_EMAIL_ANSWER = note(
  "Slack doesn't tell me your e-mail address, so I can't see what you may read.",
);
const NOT_ALLOWED =
  "The audit trail is for admins and finance; owners read what concerns their own teams";
/** `own`: what this person may read, as buttons. */
export function notAllowedAnswer(own: readonly ScopeOption[]): SlackMessage {
  const [first] = own;
  const text =
    first === undefined
      ? `${NOT_ALLOWED}.`
      : `${NOT_ALLOWED}, for example ${commandText(`/claude-spend audit ${first.typed}`)}.`;
  return message(text, [
    section(text),
    ...askAgain(own.map(({ name, typed }) => ({ text: name, command: `audit ${typed}` }))),
  ]);
}
export const DUTIES_NOT_ALLOWED_ANSWER = note(
  "The separation of duties report is for admins and finance.",
);

export function auditPageMessage(page: {
  readonly scope: Scope;
  readonly entries: readonly ChainedEntry[];
  readonly next: number | undefined;
}): SlackMessage {
  const name = formatScope(page.scope);
  if (page.entries.length === 0) {
    return note(
      `Nothing${page.next === undefined ? "" : " more"} is recorded about ${escapeText(name)}.`,
    );
  }
  const older = `${String(page.next ?? "")} ${name}`;
  const title = page.scope.kind === "org" ? "Audit trail" : `Audit trail of ${name}`;
  return message(escapeText(title), [
    header(title),
    ...page.entries.map((entry) => section(entryText(entry))),
    context(
      "Newest first. `claude-spend audit export` gives all of it, `claude-spend audit verify` checks that nothing was changed.",
    ),
    ...(page.next === undefined || older.length > OLDER_CHARS_MAX
      ? []
      : [actions([button({ actionId: AUDIT_OLDER_ACTION, text: "Older", value: older })])]),
  ]);
}

/**
 * "*Budget raised* · 23 Nov 10:00 · ana@acme.test · budget:search-monthly · #12" and what changed.
 * What only a program reads, such as random ids, stands in the export.
 */
function entryText(entry: ChainedEntry): string {
  const { action, occurredAt, actor, subject, sequence } = entry;
  const head = [
    `*${escapeText(capitalized(truncate(action.replaceAll(/[._]/g, " "), VALUE_CHARS_MAX)))}*`,
    timeText(occurredAt),
    escapeText(truncate(actor, VALUE_CHARS_MAX)),
    ...(UUID.test(subject) ? [] : [escapeText(truncate(subject, VALUE_CHARS_MAX))]),
    `#${String(sequence)}`,
  ].join(" · ");
  const lines = [
    ...changesOf(entry.before, entry.after)
      .filter((change) => !change.includes('{"'))
      .map((change) => withTimes(escapeText(capitalized(truncate(change, VALUE_CHARS_MAX))))),
    ...(entry.rule === undefined ? [] : ["Under a policy that `claude-spend audit export` quotes"]),
    ...(entry.origin === undefined ? [] : [`From ${originText(entry.origin)}`]),
  ];
  return whole([head, ...lines]);
}

/** Lines as long as there is room: one cut in two could end within a link or a time. */
function whole(lines: readonly string[]): string {
  let room = ENTRY_CHARS_MAX;
  const shown = lines.filter((line, index) => {
    room -= line.length + 1;
    return index === 0 || room >= 0;
  });
  return [...shown, ...(shown.length < lines.length ? ["…"] : [])].join("\n");
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const INSTANT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z/g;

function timeText(at: Date): string {
  return slackDate(at, "{date_short_pretty} {time}", at.toISOString());
}

/** Instants as each reader's clock shows them. */
function withTimes(text: string): string {
  return text.replace(INSTANT, (found) => {
    const at = new Date(found);
    return Number.isNaN(at.getTime()) ? found : timeText(at);
  });
}

/** Ids of Slack, of requests and of keys. */
const ONLY_FOR_PROGRAMS = /^(?:[A-Z][A-Z0-9]{7,}|[0-9a-f-]{12,})$/;

/** "slack, command raise": what was recorded, in the order it was recorded. */
function originText(origin: Readonly<Record<string, unknown>>): string {
  const parts = Object.values(origin).filter(
    (value): value is string => typeof value === "string" && !ONLY_FOR_PROGRAMS.test(value),
  );
  return escapeText(truncate(parts.join(", "), VALUE_CHARS_MAX));
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const AUTHORITY_TEXT: Readonly<Record<Authority, string>> = {
  policy: "as the policy names them",
  owner: "as an owner",
  delegate: "in place of somebody absent",
  escalation: "by escalation",
  admin: "as an admin whom the policy doesn't name",
  other: "through a group, or a role that has changed since",
};

/** The report as plain lines, for a terminal and for Slack alike. */
export function dutiesLines(report: DutiesReport): readonly {
  readonly title: string;
  readonly lines: readonly string[];
}[] {
  return [
    {
      title: "Who asked, who approved",
      lines: report.pairings.map(
        ({ requester, approver, requests, amount }) =>
          `${requester} asked, ${approver} approved: ${counted(requests, "request")}, ${formatUsd(amount)}`,
      ),
    },
    {
      title: "Approve each other's",
      lines: report.mutual.map(
        ({ people, amount }) => `${people.join(" and ")}: ${formatUsd(amount)}`,
      ),
    },
    {
      title: "Change the rules and approve under them",
      lines: report.rulersWhoApprove.map(
        ({ person, changes, approvals }) =>
          `${person}: ${counted(changes, "change")}, ${counted(approvals, "approval")}`,
      ),
    },
    {
      title: "Decided in another way than by the policy's own people",
      lines: report.unusual.map(
        ({ approver, authority, forPerson, requester, scope, amount }) =>
          `${approver} ${AUTHORITY_TEXT[authority]}${forPerson === undefined ? "" : ` (${forPerson})`}: ${formatUsd(amount)} for ${scope}, asked by ${requester}`,
      ),
    },
    {
      title: "Granted without a person, under a ceiling",
      lines:
        report.automatic.requests === 0
          ? []
          : [
              `${counted(report.automatic.requests, "request")}, ${formatUsd(report.automatic.amount)}`,
            ],
    },
    {
      title: "Decided their own (must be none)",
      lines: report.own.map(({ requestId, person }) => `${person}: ${requestId}`),
    },
  ];
}

export function dutiesMessage(
  report: DutiesReport,
  period: { readonly from: Date; readonly until: Date },
): SlackMessage {
  const between = `${period.from.toISOString().slice(0, 10)} to ${period.until.toISOString().slice(0, 10)}`;
  return message(`Separation of duties, ${between}`, [
    header("Separation of duties"),
    context(`Granted requests of ${between}, UTC.`),
    ...dutiesLines(report).map(({ title, lines }) =>
      section(`*${escapeText(title)}*\n${cut(lines).map(escapeText).join("\n")}`),
    ),
  ]);
}

/** What a person reads at once; the command line shows everything. */
function cut(lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return ["none"];
  const left = lines.length - LINES_MAX;
  const shown = lines.slice(0, LINES_MAX).map((line) => truncate(line, 2 * VALUE_CHARS_MAX));
  return left > 0 ? [...shown, `and ${String(left)} more: claude-spend audit duties`] : shown;
}

function note(text: string): SlackMessage {
  return message(text, [section(text)]);
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${String(count)} ${what}s`;
}
