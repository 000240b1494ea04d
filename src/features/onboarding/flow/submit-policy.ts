/** Forms of digests, approval rules, admins and finance that were sent, as edits of the document. */
import { adminsForm, approvalForm, digestForm } from "../messages/policy-forms.ts";
import { approvalFrom, digestFrom, ELSEWHERE, isEachScope } from "../rules/forms.ts";
import type { SetUpDeps, Visitor } from "./deps.ts";
import { type Draft, type Drafted, type Sent, stranger } from "./draft.ts";
import { digestScopes, groupsOf, peopleOf } from "./open-policy.ts";
import { chosenChannel, chosenPeople } from "./people.ts";

export async function digestDraft(
  visitor: Visitor,
  { origin, values, base }: Sent,
): Promise<Draft> {
  const index = indexOf(origin.key);
  const before = index === undefined ? undefined : base?.digests[index]?.channel;
  const asked = digestFrom(values, index);
  const channel = isEachScope(asked.scope)
    ? undefined
    : await chosenChannel(visitor, asked.channel, { before, origin });
  const isElsewhere = Object.hasOwn(values, ELSEWHERE);
  return {
    edits: [{ ...asked, channel }],
    again: (content) => digestForm({ values, isElsewhere, ...content }, digestScopes(base)),
    channel: asked.channel === undefined ? undefined : channel,
  };
}

export async function approvalDraft(
  deps: SetUpDeps,
  { origin, values, base }: Sent,
): Promise<Drafted> {
  const again: Draft["again"] = (content) => approvalForm({ values, ...content });
  const index = indexOf(origin.key);
  const approvers = (index === undefined ? undefined : base?.approvals[index])?.steps[0]?.approvers;
  const before = peopleOf(approvers ?? []);
  const chosen = await chosenPeople(deps, values["people"], { field: "people", before, origin });
  if (chosen.kind === "unknown") return { stop: again(stranger(origin, chosen)) };
  const others = groupsOf(approvers ?? []);
  return { edits: [approvalFrom(values, { index, people: chosen.emails, others })], again };
}

export async function adminsDraft(
  deps: SetUpDeps,
  visitor: Visitor,
  { origin, values, base }: Sent,
): Promise<Drafted> {
  const again: Draft["again"] = (content) => adminsForm({ values, ...content });
  const { admins: before = [], finance: others = [] } = base?.organization ?? {};
  const chosen = await chosenPeople(deps, values["admins"], { field: "admins", before, origin });
  if (chosen.kind === "unknown") return { stop: again(stranger(origin, chosen)) };
  const of = { field: "finance", before: others, origin };
  const finance = await chosenPeople(deps, values["finance"], of);
  if (finance.kind === "unknown") return { stop: again(stranger(origin, finance)) };
  // Nobody locks themselves out, and with them perhaps everybody.
  const admins = [...new Set([...chosen.emails, visitor.email])];
  return {
    edits: [
      { kind: "set-admins", admins },
      { kind: "set-finance", finance: finance.emails },
    ],
    again,
  };
}

function indexOf(key: string | undefined): number | undefined {
  return key === undefined ? undefined : Number(key);
}
