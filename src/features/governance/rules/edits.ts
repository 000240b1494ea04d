/**
 * Edits of a governance document, as people make them in forms: what each does to the plain values
 * of the document, what it touches, and whether somebody else touched the same meanwhile. Pure.
 *
 * An edit says only what its form asks for: every other key of what it changes stays as it is.
 */
import { type ApprovalEdit, editApprovals } from "./approval-edits.ts";
import { type BudgetEdit, editBudgets, touchedBudget } from "./budget-edits.ts";
import { done, type EditResult } from "./edit-result.ts";
import {
  entries,
  filled,
  isSame,
  mapping,
  nameIn,
  replaced,
  texts,
  type Values,
  withChanges,
} from "./values.ts";

/** Undefined: the key is taken out. */
type Text = string | undefined;

export type GovernanceEdit =
  | {
      readonly kind: "set-organization";
      readonly name: string;
      readonly timeZone: string;
      readonly finopsChannel: Text;
    }
  | { readonly kind: "set-admins"; readonly admins: readonly string[] }
  | { readonly kind: "set-finance"; readonly finance: readonly string[] }
  | { readonly kind: "add-admin"; readonly email: string }
  | {
      readonly kind: "put-team";
      readonly key: string;
      /** A key of its own is asked for; otherwise the team has to be there. */
      readonly isNew: boolean;
      readonly name: string;
      readonly channel: Text;
      readonly owners: readonly string[];
      readonly members: readonly string[];
      readonly projects: readonly string[];
    }
  | { readonly kind: "remove-team"; readonly key: string }
  | BudgetEdit
  | {
      readonly kind: "put-digest";
      /** Which one it changes: its place in the document; undefined: a new one. */
      readonly index: number | undefined;
      /** Undefined: one for each, who has a channel or messages of their own. */
      readonly channel: Text;
      readonly scope: string;
      readonly every: string;
      /** A weekday, or a day of the month. */
      readonly on: string | number | undefined;
      readonly at: string;
    }
  | { readonly kind: "remove-digest"; readonly index: number }
  | ApprovalEdit;

/** One edit after the other; the first that can't be made refuses all of them. */
export function applyEdits(values: Values, edits: readonly GovernanceEdit[]): EditResult {
  let current = values;
  for (const edit of edits) {
    const result = applyEdit(current, edit);
    if (result.kind === "refused") return result;
    current = result.values;
  }
  return { kind: "values", values: current };
}

function applyEdit(values: Values, edit: GovernanceEdit): EditResult {
  switch (edit.kind) {
    case "set-organization":
    case "set-admins":
    case "set-finance":
    case "add-admin":
      return done({
        ...values,
        organization: organizationWith(mapping(values["organization"]), edit),
      });
    case "put-team":
      return putTeam(values, edit);
    case "remove-team":
      return removeTeam(values, edit.key);
    case "put-budget":
    case "remove-budget":
    case "set-limit":
      return editBudgets(values, edit);
    case "put-digest":
      return putDigest(values, edit);
    case "remove-digest":
      return removeDigest(values, edit.index);
    case "put-approval":
    case "remove-approval":
      return editApprovals(values, edit);
  }
}

type OrganizationEdit = Extract<
  GovernanceEdit,
  { readonly kind: "set-organization" | "set-admins" | "set-finance" | "add-admin" }
>;

function organizationWith(organization: Values, edit: OrganizationEdit): Values {
  switch (edit.kind) {
    case "set-organization":
      return withChanges(organization, {
        name: edit.name,
        time_zone: edit.timeZone,
        finops_channel: edit.finopsChannel,
      });
    case "set-admins":
      return withChanges(organization, { admins: edit.admins });
    case "set-finance":
      return withChanges(organization, { finance: filled(edit.finance) });
    case "add-admin": {
      const admins = texts(organization["admins"]);
      const isAdmin = admins.some((one) => one.trim().toLowerCase() === edit.email);
      return isAdmin ? organization : { ...organization, admins: [...admins, edit.email] };
    }
  }
}

function putTeam(
  values: Values,
  edit: Extract<GovernanceEdit, { readonly kind: "put-team" }>,
): EditResult {
  const teams = mapping(values["teams"]);
  const isThere = Object.hasOwn(teams, edit.key);
  const what = `team ${edit.key}`;
  if (isThere && edit.isNew) return { kind: "refused", reason: "taken", what };
  if (!isThere && !edit.isNew) return { kind: "refused", reason: "gone", what };
  const { name, channel, owners, members, projects } = edit;
  const before = mapping(teams[edit.key]);
  const team = withChanges(before, {
    name,
    channel,
    owners: filled(listWith(before["owners"], owners)),
    members: filled(listWith(before["members"], members)),
    projects: filled(listWith(before["projects"], projects)),
  });
  return done({ ...values, teams: { ...teams, [edit.key]: team } });
}

/** The names of a form; who has dates in the document keeps them, every one. */
function listWith(before: unknown, wanted: readonly string[]): readonly unknown[] {
  const dated = entries(before).filter((entry) => nameIn(entry) !== undefined);
  const isSameName = (entry: Values, name: string): boolean =>
    nameIn(entry)?.trim().toLowerCase() === name.trim().toLowerCase();
  return wanted.flatMap((name): readonly unknown[] => {
    const kept = dated.filter((entry) => isSameName(entry, name));
    return kept.length === 0 ? [name] : kept;
  });
}

function removeTeam(values: Values, key: string): EditResult {
  const teams = mapping(values["teams"]);
  if (!Object.hasOwn(teams, key)) return { kind: "refused", reason: "gone", what: `team ${key}` };
  const kept = Object.fromEntries(Object.entries(teams).filter(([name]) => name !== key));
  return done(withChanges(values, { teams: Object.keys(kept).length === 0 ? undefined : kept }));
}

function putDigest(
  values: Values,
  edit: Extract<GovernanceEdit, { readonly kind: "put-digest" }>,
): EditResult {
  const digests = entries(values["digests"]);
  const { channel, scope, every, on, at } = edit;
  const index = edit.index ?? -1;
  if (index >= digests.length) return { kind: "refused", reason: "gone", what: "that digest" };
  const digest = withChanges(digests[index] ?? {}, { channel, scope, every, on, at });
  // The same digest twice would be two messages; it is there, so nothing is to be done.
  if (index === -1 && digests.some((one) => isSame(one, digest))) return done(values);
  return done({ ...values, digests: replaced(digests, index, digest) });
}

function removeDigest(values: Values, index: number): EditResult {
  const digests = entries(values["digests"]);
  return index >= digests.length
    ? { kind: "refused", reason: "gone", what: "that digest" }
    : done(withChanges(values, { digests: filled(digests.filter((_digest, at) => at !== index)) }));
}

/** What an edit is about, as it stands in these values: equal where nobody touched it. */
function touched(values: Values, edit: GovernanceEdit): unknown {
  switch (edit.kind) {
    case "set-organization": {
      const { name, time_zone, finops_channel } = mapping(values["organization"]);
      return { name, time_zone, finops_channel };
    }
    case "set-admins":
      return mapping(values["organization"])["admins"];
    case "set-finance":
      return mapping(values["organization"])["finance"];
    case "add-admin":
      return undefined; // Whoever else became one, this one does as well.
    case "put-team":
    case "remove-team":
      return mapping(values["teams"])[edit.key];
    case "put-budget":
    case "remove-budget":
    case "set-limit":
      return touchedBudget(values, edit);
    case "put-digest":
    case "remove-digest":
      // A place in a list means something only while the list is the same.
      return edit.index === undefined ? undefined : values["digests"];
    case "put-approval":
    case "remove-approval":
      return edit.index === undefined ? undefined : values["approvals"];
  }
}

/** Whether what these edits are about was changed between the two. */
export function isOvertaken(
  edits: readonly GovernanceEdit[],
  { from, current }: { readonly from: Values; readonly current: Values },
): boolean {
  return edits.some((edit) => !isSame(touched(from, edit), touched(current, edit)));
}
