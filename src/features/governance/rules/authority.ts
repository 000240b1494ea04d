/**
 * Who may make which edit of the governance document. Pure. It is judged against the document that
 * the edit is made to, so that nobody acts on an authority that was taken away a moment ago.
 */
import { type GovernanceEdit } from "./edits.ts";
import { entries, isSame, mapping, names, texts, type Values } from "./values.ts";

export interface Editor {
  /** An address in lower case. */
  readonly email: string;
  /** The teams that they own today. */
  readonly ownedTeams: readonly string[];
  /** Whether they may set the limit of a scope ("project:checkout") by the organization's rules. */
  readonly mayChangeBudget: (scope: string) => boolean;
}

/** Addresses in lower case, as people are compared by. */
export function adminsOf(values: Values): readonly string[] {
  return texts(mapping(values["organization"])["admins"]).map(folded);
}

/**
 * Admins may do everything. Owners keep their team's name, channel and members, and the budgets
 * whose limits the organization's rules leave to them. Who is an owner, and which projects a team
 * has, decides who sees what: that is for admins.
 */
export function mayEdit(values: Values, edit: GovernanceEdit, editor: Editor): boolean {
  if (adminsOf(values).includes(editor.email)) return true;
  switch (edit.kind) {
    case "put-team": {
      const team = mapping(mapping(values["teams"])[edit.key]);
      return (
        !edit.isNew &&
        editor.ownedTeams.includes(edit.key) &&
        isSame(names(team["owners"]).map(folded), edit.owners) &&
        isSame(names(team["projects"]), edit.projects)
      );
    }
    case "put-budget": {
      const before = entries(values["budgets"]).find((budget) => budget["key"] === edit.key);
      return (
        editor.mayChangeBudget(edit.scope) &&
        (before === undefined || editor.mayChangeBudget(String(before["scope"])))
      );
    }
    case "set-limit":
      return editor.mayChangeBudget(edit.scope);
    case "remove-budget": {
      const before = entries(values["budgets"]).find((budget) => budget["key"] === edit.key);
      return before !== undefined && editor.mayChangeBudget(String(before["scope"]));
    }
    case "set-organization":
    case "set-admins":
    case "set-finance":
    case "add-admin":
    case "remove-team":
    case "put-digest":
    case "remove-digest":
    case "put-approval":
    case "remove-approval":
      return false;
  }
}

/**
 * Of what versions changed, what concerns these edits: all of it for admins. Others read no more of
 * the document than what they change.
 */
export function changesToTell<Version extends { readonly changes: readonly string[] | undefined }>(
  versions: readonly Version[],
  edits: readonly GovernanceEdit[],
  { isAdmin }: { readonly isAdmin: boolean },
): readonly Version[] {
  if (isAdmin) return versions;
  const parts = edits.flatMap((edit) => partOf(edit) ?? []);
  return versions.flatMap((version) => {
    const changes = version.changes?.filter((line) =>
      parts.some((part) => line.startsWith(`${part}: `)),
    );
    return changes === undefined || changes.length === 0 ? [] : [{ ...version, changes }];
  });
}

/** As lines of changes begin. */
function partOf(edit: GovernanceEdit): string | undefined {
  switch (edit.kind) {
    case "put-team":
    case "remove-team":
      return `team ${edit.key}`;
    case "put-budget":
    case "remove-budget":
      return `budget ${edit.key}`;
    case "set-limit":
    case "set-organization":
    case "set-admins":
    case "set-finance":
    case "add-admin":
    case "put-digest":
    case "remove-digest":
    case "put-approval":
    case "remove-approval":
      return undefined;
  }
}

function folded(text: string): string {
  return text.trim().toLowerCase();
}
