/** A form as it opens: what is in force, in the fields of Slack, for whoever may change it. */

import { formatUsd, usdToShortDecimal } from "../../../domain/money.ts";
import { formatScope } from "../../../domain/scope.ts";
import type { Modal } from "../../../slack/blocks.ts";
import { escapeText } from "../../../slack/blocks.ts";
import {
  findGovernance,
  type Governance,
  type GovernedBudget,
  scopeText,
} from "../../governance/index.ts";
import { findPerson, mayChangeBudget, type Person } from "../../organization/index.ts";
import { notForYouText, noticeModal } from "../messages/answers.ts";
import { type Choice, type FormContent } from "../messages/fields.ts";
import { budgetForm, codeForm, organizationForm, teamForm } from "../messages/forms.ts";
import { channelName, hubModal } from "../messages/hub.ts";
import { type ListEntry, type ListName, listModal, teamDetails } from "../messages/list.ts";
import { sourceForm } from "../messages/source.ts";
import type { Standing } from "../rules.ts";
import type { SetUpDeps, Visitor } from "./deps.ts";
import { approvalEntry, digestAbout, openAdmins, openApproval, openDigest } from "./open-policy.ts";
import { shownChannel, shownPeople } from "./people.ts";
import { findStanding, loadSetUp } from "./progress.ts";

/** The set-up where there is none yet: what nobody has decided. */
const NOTHING: Pick<Governance, "teams" | "budgets" | "digests" | "approvals"> = {
  teams: [],
  budgets: [],
  digests: [],
  approvals: [],
};

/** The list of steps; for owners what is theirs, for the first comer the code. */
export async function openHub(deps: SetUpDeps, visitor: Visitor): Promise<Modal> {
  const facts = await loadSetUp(deps);
  const standing = await findStanding(deps, visitor, facts);
  switch (standing.kind) {
    case "admin":
    case "may-begin":
      return hubModal(facts);
    case "owner":
      return await openList(deps, visitor, { list: "teams" });
    case "needs-code":
      return codeForm();
    case "outsider":
      return noticeModal(notForYouText(standing));
  }
}

/** `what`: "team", or "team:search" for what is there already. */
export async function openForm(deps: SetUpDeps, visitor: Visitor, what: string): Promise<Modal> {
  const [kind = "", ...rest] = what.split(":");
  const key = rest.length === 0 ? undefined : rest.join(":");
  const facts = await loadSetUp(deps);
  const standing = await findStanding(deps, visitor, facts);
  if (standing.kind === "outsider") return noticeModal(notForYouText(standing));
  if (standing.kind === "needs-code") return codeForm();
  const isOwners = standing.kind === "owner";
  const isForOwners = kind === "budget" || (kind === "team" && key !== undefined);
  if (isOwners && !isForOwners) return noticeModal(FOR_ADMINS);
  const found = await findGovernance(deps);
  const origin = { version: found?.version ?? 0, key };
  if (found === undefined && kind !== "organization") {
    return noticeModal("Begin with the organization: everything else belongs to it.");
  }
  switch (kind) {
    case "organization":
      return await openOrganization(deps, visitor, origin, found?.governance);
    case "team":
      return await openTeam(deps, visitor, { origin, isOwners }, found?.governance);
    case "budget":
      return await openBudget(deps, visitor, origin, found?.governance);
    case "digest":
      return await openDigest(visitor, origin, found?.governance);
    case "approval":
      return await openApproval(deps, visitor, { origin, governance: found?.governance });
    case "source":
      // A name for each time: adding a source is no new version that would tell its fields apart.
      return sourceForm({
        origin: { ...origin, key: String(deps.clock().getTime()) },
        values: {},
      });
    case "admins":
      return await openAdmins(deps, visitor, { origin, governance: found?.governance });
    default:
      return hubModal(facts);
  }
}

const FOR_ADMINS = "That is for admins.";

async function openOrganization(
  { directory }: SetUpDeps,
  visitor: Visitor,
  origin: FormContent["origin"],
  governance: Governance | undefined,
): Promise<Modal> {
  if (governance === undefined) {
    const { timeZone } = await directory.loadSlackUser(visitor.slackUserId);
    return organizationForm({ origin, values: { zone: timeZone ?? "UTC" } });
  }
  const { name, timeZone: zone, finopsChannel } = governance.organization;
  const { id: channel, marks: shown } = await shownChannel(visitor, finopsChannel);
  return organizationForm({
    origin: { ...origin, shown },
    values: { name, zone, channel },
    isElsewhere: finopsChannel !== undefined && channel === undefined,
  });
}

async function openTeam(
  deps: SetUpDeps,
  visitor: Visitor,
  of: Pick<FormContent, "origin"> & { readonly isOwners: boolean },
  governance: Governance | undefined,
): Promise<Modal> {
  const { origin, isOwners } = of;
  if (origin.key === undefined) return teamForm({ origin, values: {} });
  const team = governance?.teams.find(({ key }) => key === origin.key);
  if (team === undefined) return noticeModal("That team is gone: somebody removed it.");
  if (isOwners && !team.owners.includes(visitor.email)) return noticeModal(FOR_ADMINS);
  const channel = await shownChannel(visitor, team.channel);
  const owners = await shownPeople(deps, visitor, { field: "owners", emails: team.owners });
  const members = await shownPeople(deps, visitor, { field: "members", emails: team.members });
  const values = {
    name: team.name,
    channel: channel.id,
    owners: owners.ids,
    members: members.ids,
    projects: team.projects.join(", "),
  };
  const shown = [...new Set([channel, owners, members].flatMap(({ marks }) => marks))];
  return teamForm({ origin: { ...origin, shown }, values, isOwners });
}

async function openBudget(
  deps: SetUpDeps,
  visitor: Visitor,
  origin: FormContent["origin"],
  governance: Governance | undefined,
): Promise<Modal> {
  const scopes = await scopeChoices(deps, visitor);
  if (scopes.length === 0) return noticeModal(FOR_ADMINS);
  if (origin.key === undefined) {
    return budgetForm({ origin, values: { thresholds: "50, 80, 100" } }, scopes);
  }
  const budget = governance?.budgets.find(({ key }) => key === origin.key);
  if (budget === undefined) return noticeModal("That budget is gone: somebody removed it.");
  const person = await findPerson(deps, visitor.email);
  if (!mayChange(person, budget, governance?.teams ?? [])) return noticeModal(FOR_ADMINS);
  const values = {
    scope: scopeText(budget.scope),
    amount: usdToShortDecimal(budget.limit),
    period: budget.period,
    thresholds: budget.thresholdPercents.join(", "),
    forecast: budget.forecastThresholdPercents.length > 0 ? "yes" : "no",
  };
  return budgetForm({ origin, values }, scopes);
}

/** Of what this person may set a budget. */
export async function scopeChoices(deps: SetUpDeps, visitor: Visitor): Promise<readonly Choice[]> {
  const person = await findPerson(deps, visitor.email);
  const { teams } = (await findGovernance(deps))?.governance ?? NOTHING;
  const projects = teams.flatMap((team) => team.projects.map((key) => ({ key, team: team.name })));
  const named = [
    ...teams.map(({ key, name }) => ({
      scope: { kind: "team", key } as const,
      text: `Team ${name}`,
    })),
    ...projects.map(({ key, team }) => ({
      scope: { kind: "project", key } as const,
      text: `Project ${key} (${team})`,
    })),
  ].filter(({ scope }) => mayChangeBudget(person, scope, teams));
  return [
    ...(person.isAdmin
      ? [
          { value: "org", text: "The whole organization" },
          { value: "each:user", text: "Each person, a limit of their own" },
          { value: "each:team", text: "Each team, a limit of its own" },
        ]
      : []),
    ...named.map(({ scope, text }) => ({ value: formatScope(scope), text })),
  ];
}

/** What there is of one kind that this person may change. */
export async function openList(
  deps: SetUpDeps,
  visitor: Visitor,
  { list, search = "" }: { readonly list: ListName; readonly search?: string },
): Promise<Modal> {
  const facts = await loadSetUp(deps);
  const standing = await findStanding(deps, visitor, facts);
  if (standing.kind === "outsider" || standing.kind === "needs-code") {
    return noticeModal(notForYouText(standing));
  }
  const governance = (await findGovernance(deps))?.governance;
  const entries = await listEntries(deps, visitor, { list, standing, governance });
  const mayAdd = standing.kind !== "owner" || list === "budgets";
  return listModal({ list, entries, mayAdd, search });
}

async function listEntries(
  deps: SetUpDeps,
  visitor: Visitor,
  of: {
    readonly list: ListName;
    readonly standing: Standing;
    readonly governance: Governance | undefined;
  },
): Promise<readonly ListEntry[]> {
  const { teams, budgets, digests, approvals } = of.governance ?? NOTHING;
  const isOwner = of.standing.kind === "owner";
  switch (of.list) {
    case "teams":
      return teams
        .filter(({ owners }) => !isOwner || owners.includes(visitor.email))
        .map((team) => ({
          key: team.key,
          title: team.name,
          details: teamDetails({
            channel: team.channel,
            owners: team.owners.length,
            members: team.members.length,
          }),
        }));
    case "budgets": {
      const person = await findPerson(deps, visitor.email);
      const choices = await scopeChoices(deps, visitor);
      return budgets
        .filter((budget) => mayChange(person, budget, teams))
        .map((budget) => budgetEntry(budget, choices));
    }
    case "approvals":
      return isOwner ? [] : approvals.map(approvalEntry);
    case "digests":
      return isOwner
        ? []
        : digests.map(({ channel, scope, every, atLocalTime }, index) => ({
            key: String(index),
            title: `${digestAbout(scope, of.governance)} · every ${every}`,
            details: `${channel === undefined ? "to each" : channelName(channel)} · ${atLocalTime}`,
          }));
  }
}

/** Whose amount they may read and set; one of everybody's is for admins. */
function mayChange(person: Person, { scope }: GovernedBudget, teams: Governance["teams"]): boolean {
  return person.isAdmin || (scope.kind !== "each" && mayChangeBudget(person, scope, teams));
}

function budgetEntry(budget: GovernedBudget, choices: readonly Choice[]): ListEntry {
  const { key, scope, limit, period } = budget;
  const typed = scopeText(scope);
  const about = choices.find(({ value }) => value === typed)?.text ?? typed;
  return { key, title: key, details: `${escapeText(about)} · ${formatUsd(limit)} ${period}` };
}
