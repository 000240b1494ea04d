/** Forms of digests, approval rules, admins and finance as they open: what is in force, in their fields. */
import { parseEmail } from "../../../domain/email.ts";
import { formatUsd, usdToShortDecimal } from "../../../domain/money.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../domain/time.ts";
import { escapeText, type Modal } from "../../../slack/blocks.ts";
import {
  type Governance,
  type GovernedDigest,
  type GovernedPolicy,
  scopeText,
} from "../../governance/index.ts";
import { noticeModal } from "../messages/answers.ts";
import type { Choice, FormOrigin } from "../messages/fields.ts";
import type { ListEntry } from "../messages/list.ts";
import { adminsForm, approvalForm, digestForm } from "../messages/policy-forms.ts";
import { KEPT } from "../rules/forms.ts";
import type { SetUpDeps, Visitor } from "./deps.ts";
import { shownChannel, shownPeople } from "./people.ts";

interface Opened {
  readonly origin: FormOrigin;
  readonly governance: Governance | undefined;
}

/** What a digest can be about. */
export function digestScopes(governance: Governance | undefined): readonly Choice[] {
  return [
    { value: "org", text: "The whole organization" },
    { value: "each:team", text: "Each team, in its own channel" },
    { value: "each:user", text: "Each person, in a direct message" },
    ...(governance?.teams ?? []).map(({ key, name }) => ({
      value: `team:${key}`,
      text: `Team ${name}`,
    })),
  ];
}

/** As the form calls it; what only the document can say as it is said there. */
export function digestAbout(
  scope: GovernedDigest["scope"],
  governance: Governance | undefined,
): string {
  const typed = scopeText(scope);
  return digestScopes(governance).find(({ value }) => value === typed)?.text ?? typed;
}

export async function openDigest(
  visitor: Visitor,
  origin: FormOrigin,
  governance: Governance | undefined,
): Promise<Modal> {
  const scopes = digestScopes(governance);
  if (origin.key === undefined) {
    const usual = await shownChannel(visitor, governance?.organization.finopsChannel);
    return digestForm({ origin, values: { channel: usual.id } }, scopes);
  }
  const digest = governance?.digests[Number(origin.key)];
  if (digest === undefined) return noticeModal("That digest is gone: somebody removed it.");
  const scope = scopeText(digest.scope);
  if (scopes.every(({ value }) => value !== scope)) {
    return noticeModal(`This digest is about ${escapeText(scope)}: change it in governance.yml.`);
  }
  const { id: channel, marks: shown } = await shownChannel(visitor, digest.channel);
  const usualDay = governance?.organization.fiscalMonthStartsOn;
  const values = {
    channel,
    scope,
    every: digest.every,
    on: digest.onWeekday,
    day: digest.onDay === usualDay ? "" : String(digest.onDay ?? ""),
    at: digest.atLocalTime,
  };
  const isElsewhere = digest.channel !== undefined && channel === undefined;
  return digestForm({ origin: { ...origin, shown }, values, isElsewhere }, scopes);
}

export async function openApproval(
  deps: SetUpDeps,
  visitor: Visitor,
  { origin, governance }: Opened,
): Promise<Modal> {
  if (origin.key === undefined) return approvalForm({ origin, values: {} });
  const policy = governance?.approvals[Number(origin.key)];
  const [step, another] = policy?.steps ?? [];
  if (policy === undefined || step === undefined) {
    return noticeModal("That rule is gone: somebody removed it.");
  }
  if (another !== undefined) {
    return noticeModal("This rule has several steps: change it in governance.yml.");
  }
  const emails = peopleOf(step.approvers);
  const { ids, marks: shown } = await shownPeople(deps, visitor, { field: "people", emails });
  const values = {
    up_to: policy.upTo === undefined ? "" : usdToShortDecimal(policy.upTo),
    who: whoOf(step.approvers, ids),
    people: ids,
    quorum: String(step.quorum),
    expires: durationText(policy.expiresInMs),
  };
  const notes = [
    ...(Object.keys(policy.match).length === 0
      ? []
      : ["This rule counts only under its conditions in governance.yml. They stay."]),
    ...keptNote(step.approvers, shown.length),
  ];
  const note = notes.length === 0 ? undefined : notes.join("\n");
  return approvalForm({ origin: { ...origin, shown }, values, note });
}

/** Those of a rule who are people, in its order. */
export function peopleOf(approvers: readonly string[]) {
  return approvers.flatMap((one) => parseEmail(one) ?? []);
}

/** Groups of Slack: no field of ours shows them. */
export function groupsOf(approvers: readonly string[]): readonly string[] {
  return approvers.filter((one) => one.startsWith("slack_group:"));
}

/** What of a rule no field shows: groups, and people of another workspace. */
function keptNote(approvers: readonly string[], shownCount: number): readonly string[] {
  const groups = groupsOf(approvers);
  const others = peopleOf(approvers).length - shownCount;
  const kept = [
    ...groups.map(escapeText),
    ...(others === 0 ? [] : [others === 1 ? "1 more person" : `${String(others)} more people`]),
  ];
  return kept.length === 0
    ? []
    : [`Also asked, and shown in no field: ${kept.join(", ")}. They stay.`];
}

/** `shown`: the people whom the form's field shows. */
function whoOf(approvers: readonly string[], shown: string): string {
  const [owners, admins] = ["team_owners", "admins"].map((role) => approvers.includes(role));
  if (owners === true) return admins === true ? "both" : "owners";
  if (admins === true) return "admins";
  return groupsOf(approvers).length > 0 || shown === "" ? KEPT : "people";
}

/** "24h": the way the document writes it. */
function durationText(ms: number): string {
  if (ms % DAY_MS === 0 && ms > DAY_MS) return `${String(ms / DAY_MS)}d`;
  return ms % HOUR_MS === 0 ? `${String(ms / HOUR_MS)}h` : `${String(ms / MINUTE_MS)}m`;
}

export function approvalEntry(policy: GovernedPolicy, index: number): ListEntry {
  const { upTo, name, steps, match } = policy;
  const who = steps
    .map(({ approvers, quorum }) => `${approvers.map(called).join(", ")} (${String(quorum)})`)
    .join(", then ");
  const condition = Object.keys(match).length === 0 ? "" : " · under conditions";
  return {
    key: String(index),
    title: name ?? (upTo === undefined ? "Any amount" : `Up to ${formatUsd(upTo)}`),
    details: `${escapeText(who.slice(0, DETAILS_CHARS_MAX))}${condition} · ${durationText(policy.expiresInMs)}`,
  };
}

const DETAILS_CHARS_MAX = 300;

function called(approver: string): string {
  return approver === "team_owners" ? "owners of the team" : approver;
}

export async function openAdmins(
  deps: SetUpDeps,
  visitor: Visitor,
  { origin, governance }: Opened,
): Promise<Modal> {
  const { admins: emails = [], finance: others = [] } = governance?.organization ?? {};
  const admins = await shownPeople(deps, visitor, { field: "admins", emails });
  const finance = await shownPeople(deps, visitor, { field: "finance", emails: others });
  const shown = [...new Set([...admins.marks, ...finance.marks])];
  const values = { admins: admins.ids, finance: finance.ids };
  return adminsForm({ origin: { ...origin, shown }, values });
}
