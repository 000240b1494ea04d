/**
 * A form that was sent: it becomes an edit of the governance document, and the answer is what the
 * window shows next: the list of steps with what was saved, or the form again with what is in the
 * way and everything that was typed.
 */
import type { Modal } from "../../../slack/blocks.ts";
import {
  budgetKeyFor,
  type EditOutcome,
  editGovernance,
  findGovernance,
  type GovernanceEdit,
  keyFor,
} from "../../governance/index.ts";
import { noticeModal } from "../messages/answers.ts";
import type { FormOrigin } from "../messages/fields.ts";
import { budgetForm, organizationForm, teamForm } from "../messages/forms.ts";
import { hubModal, savedNote } from "../messages/hub.ts";
import { editNote, removalNote, replacedNote } from "../messages/notes.ts";
import {
  budgetFrom,
  ELSEWHERE,
  type FormValues,
  organizationFrom,
  wordsOf,
} from "../rules/forms.ts";
import type { SetUpDeps, Visitor } from "./deps.ts";
import { type Draft, type Drafted, type Sent, stranger } from "./draft.ts";
import { admission } from "./first-admin.ts";
import { openList, scopeChoices } from "./open-form.ts";
import { chosenChannel, chosenPeople } from "./people.ts";
import { placeNow } from "./place-now.ts";
import { findStanding, listAdmins, loadSetUp } from "./progress.ts";
import { sayHello } from "./say-hello.ts";
import { adminsDraft, approvalDraft, digestDraft } from "./submit-policy.ts";

export type EditForm = "organization" | "team" | "budget" | "digest" | "approval" | "admins";

/** Never throws for what a person can do something about: that is in the window. */
export async function submitForm(
  deps: SetUpDeps,
  visitor: Visitor,
  sent: { readonly form: EditForm; readonly origin: FormOrigin; readonly values: FormValues },
): Promise<Modal> {
  const { origin } = sent;
  const base = (await findGovernance(deps, origin.version))?.governance;
  const draft = await draftOf(deps, visitor, { ...sent, base });
  if ("stop" in draft) return draft.stop;
  const outcome = await edit(deps, visitor, { edits: draft.edits, version: origin.version });
  // The form itself may show what is not theirs to see any more.
  if (outcome.kind === "forbidden") return noticeModal(editNote(outcome));
  if (outcome.kind !== "applied" && outcome.kind !== "unchanged") {
    const note = editNote(outcome);
    if (outcome.kind !== "overtaken") return draft.again({ origin, note });
    const current = (await findGovernance(deps, outcome.version))?.governance;
    const key = placeNow(sent, { base, current });
    if (key === "gone")
      return noticeModal(replacedNote(sent.form === "digest" ? "digest" : "rule"));
    return draft.again({ origin: { ...origin, key, version: outcome.version }, note });
  }
  if (draft.channel !== undefined) await sayHello(deps, visitor, draft.channel);
  return await savedModal(deps, visitor, outcome);
}

/** Takes something out of the document. `what`: "team:search", "digest:0". */
export async function removePart(
  deps: SetUpDeps,
  visitor: Visitor,
  { what, version }: { readonly what: string; readonly version: number },
): Promise<Modal> {
  const [kind, ...rest] = what.split(":");
  const key = rest.join(":");
  const removal = removalOf(kind ?? "", key);
  if (removal === undefined) return noticeModal("There is nothing of that kind to remove.");
  const outcome = await edit(deps, visitor, { edits: [removal], version });
  return outcome.kind === "applied" || outcome.kind === "unchanged"
    ? await savedModal(deps, visitor, outcome)
    : noticeModal(removalNote(outcome));
}

function removalOf(kind: string, key: string): GovernanceEdit | undefined {
  if (kind === "team") return { kind: "remove-team", key };
  if (kind === "budget") return { kind: "remove-budget", key };
  if (kind === "approval") return { kind: "remove-approval", index: Number(key) };
  return kind === "digest" ? { kind: "remove-digest", index: Number(key) } : undefined;
}

async function edit(
  deps: SetUpDeps,
  visitor: Visitor,
  asked: { readonly edits: readonly GovernanceEdit[]; readonly version: number },
): Promise<EditOutcome> {
  const facts = await loadSetUp(deps);
  const isFirst = facts.admins.length === 0;
  const { email, web } = visitor;
  return await editGovernance(
    { ...deps, channels: web },
    {
      ...asked,
      // Whoever begins becomes the first admin with the first thing that they decide.
      edits: isFirst ? [...asked.edits, { kind: "add-admin", email }] : asked.edits,
      actor: { email, ...(isFirst ? { mayBecomeAdmin: await admission(visitor) } : {}) },
      isFileOnly: deps.isFileOnly,
    },
  );
}

async function savedModal(
  deps: SetUpDeps,
  visitor: Visitor,
  outcome: Extract<EditOutcome, { readonly kind: "applied" | "unchanged" }>,
): Promise<Modal> {
  deps.onChanged?.(await listAdmins(deps));
  const facts = await loadSetUp(deps);
  const standing = await findStanding(deps, visitor, facts);
  if (standing.kind === "owner") return await openList(deps, visitor, { list: "teams" });
  return hubModal(
    facts,
    outcome.kind === "applied" ? savedNote(outcome.changes, outcome.warnings) : savedNote([]),
  );
}

async function draftOf(
  deps: SetUpDeps,
  visitor: Visitor,
  sent: Sent & { readonly form: EditForm },
): Promise<Drafted> {
  switch (sent.form) {
    case "organization":
      return await organizationDraft(visitor, sent);
    case "team":
      return await teamDraft(deps, visitor, sent);
    case "budget":
      return await budgetDraft(deps, visitor, sent);
    case "digest":
      return await digestDraft(visitor, sent);
    case "approval":
      return await approvalDraft(deps, sent);
    case "admins":
      return await adminsDraft(deps, visitor, sent);
  }
}

async function organizationDraft(visitor: Visitor, { origin, values, base }: Sent): Promise<Draft> {
  const before = base?.organization.finopsChannel;
  const asked = organizationFrom(values);
  const channel = await chosenChannel(visitor, asked.finopsChannel, { before, origin });
  const isElsewhere = Object.hasOwn(values, ELSEWHERE);
  return {
    edits: [{ ...asked, finopsChannel: channel }],
    again: (content) => organizationForm({ values, isElsewhere, ...content }),
    channel: asked.finopsChannel === undefined ? undefined : channel,
  };
}

async function teamDraft(
  deps: SetUpDeps,
  visitor: Visitor,
  { origin, values, base }: Sent,
): Promise<Drafted> {
  const before = base?.teams.find(({ key }) => key === origin.key);
  // An owner's form has no field for owners and projects: they stay.
  const isOwners = !Object.hasOwn(values, "owners");
  const again: Draft["again"] = (content) => teamForm({ values, isOwners, ...content });
  const owners = isOwners
    ? { kind: "people" as const, emails: before?.owners ?? [] }
    : await chosenPeople(deps, values["owners"], {
        field: "owners",
        before: before?.owners ?? [],
        origin,
      });
  const members = await chosenPeople(deps, values["members"], {
    field: "members",
    before: before?.members ?? [],
    origin,
  });
  if (owners.kind === "unknown") return { stop: again(stranger(origin, owners)) };
  if (members.kind === "unknown") return { stop: again(stranger(origin, members)) };
  const name = (values["name"] ?? "").trim();
  const channel = await chosenChannel(visitor, values["channel"], {
    before: before?.channel,
    origin,
  });
  const taken = (base?.teams ?? []).map(({ key }) => key);
  return {
    edits: [
      {
        kind: "put-team",
        // The key that it got when the form was sent first: a form sent twice is one team.
        key: origin.key ?? keyFor(name, taken),
        isNew: origin.key === undefined,
        name,
        channel,
        owners: owners.emails,
        members: members.emails,
        projects: isOwners ? (before?.projects ?? []) : wordsOf(values["projects"]),
      },
    ],
    again,
    channel,
  };
}

async function budgetDraft(
  deps: SetUpDeps,
  visitor: Visitor,
  { origin, values, base }: Sent,
): Promise<Drafted> {
  const scopes = await scopeChoices(deps, visitor);
  const taken = (base?.budgets ?? []).map(({ key }) => key);
  const about = { scope: values["scope"] ?? "", period: values["period"] ?? "" };
  const key = origin.key ?? budgetKeyFor(about, taken);
  const asked = budgetFrom(values, key, origin.key === undefined);
  const again: Draft["again"] = (content) => budgetForm({ values, ...content }, scopes);
  return asked === undefined
    ? { stop: again({ origin, note: "Please check what you typed." }) }
    : { edits: [asked], again };
}
