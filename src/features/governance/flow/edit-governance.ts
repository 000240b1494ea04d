/**
 * Governance, the steps of an edit from a form: it becomes a new text of the document, which comes
 * into force in the one way that every document does. Somebody else's change meanwhile is kept.
 */
import { parseEmail } from "../../../domain/email.ts";
import { AppError } from "../../../domain/errors.ts";
import { parseScope } from "../../../domain/scope.ts";
import type { Instant } from "../../../domain/time.ts";
import { inTransaction, type Sql } from "../../../store/database.ts";
import { mayChangeBudget, type Person } from "../../organization/index.ts";
import { checkChannels, type GovernanceDeps, governanceOf, saveDocument } from "../flow.ts";
import { namedChannels } from "../parse/channels.ts";
import { governanceAsJson, parseGovernance } from "../parse/parse-governance.ts";
import { rewriteDocument, writeDocument } from "../parse/rewrite-document.ts";
import { adminsOf, changesToTell, type Editor, mayEdit } from "../rules/authority.ts";
import type { EditRefusal } from "../rules/edit-result.ts";
import { applyEdits, type GovernanceEdit, isOvertaken } from "../rules/edits.ts";
import { teamsAt } from "../rules/ownership.ts";
import { isSame, mapping, type Values } from "../rules/values.ts";
import type { Governance, GovernanceProblem } from "../rules.ts";
import * as store from "../store.ts";

export interface EditRequest {
  readonly edits: readonly GovernanceEdit[];
  /**
   * The version that the form showed; 0 before the first. Absent: nothing was shown, as for a
   * command, which says all of what is wanted whatever is in force.
   */
  readonly version?: number;
  readonly actor: {
    readonly email: string;
    /**
     * Asked in the transaction when the document names no admin: whether this person may become
     * the first one. Absent: no.
     */
    readonly mayBecomeAdmin?: (sql: Sql) => Promise<boolean>;
  };
  /** Whether the governance file is the only way to change anything. */
  readonly isFileOnly?: boolean;
}

export type EditOutcome =
  | {
      readonly kind: "applied";
      readonly version: number;
      readonly changes: readonly string[];
      readonly warnings: readonly string[];
    }
  /** Everything was as asked for already. */
  | { readonly kind: "unchanged"; readonly version: number }
  /** Somebody changed the same thing since the form was opened. */
  | {
      readonly kind: "overtaken";
      readonly version: number;
      readonly since: readonly store.DocumentVersion[];
    }
  | { readonly kind: "refused"; readonly problems: readonly GovernanceProblem[] }
  | ({ readonly kind: "impossible" } & EditRefusal)
  | { readonly kind: "forbidden" }
  | { readonly kind: "file-only" };

/** Said at the top of a document that was begun in a form. */
const FIRST_COMMENT =
  " What this organization decided about its use of Claude. Changed in Slack, or by hand and applied\n with `claude-spend apply`.";

/** Versions told of after a conflict; more than a few need not be read to be noticed. */
const SINCE_MAX = 5;
/** Each attempt was overtaken by another change; this many in a row are no coincidence. */
const ATTEMPTS_MAX = 10;

/**
 * Makes the edits, all of them or none.
 *
 * 1. Works out the new document from the one in force: authority, conflicts, problems.
 * 2. Asks Slack about channels that the document did not name before.
 * 3. Takes the lock; if another document came into force since 1, begins again.
 * 4. Saves it in the way of every document: version, copies for the features, audit.
 */
export async function editGovernance(
  deps: GovernanceDeps,
  request: EditRequest,
): Promise<EditOutcome> {
  if (request.isFileOnly === true) return { kind: "file-only" };
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
    const outcome = await attemptEdit(deps, request);
    if (outcome.kind !== "again") return outcome;
  }
  throw new AppError({
    code: "unavailable",
    message: "Others change the document all the time. Nothing was changed; try again soon.",
    retryable: true,
  });
}

async function attemptEdit(
  deps: GovernanceDeps,
  request: EditRequest,
): Promise<EditOutcome | { readonly kind: "again" }> {
  const { database, channels } = deps;
  const latest = await store.findLatestDocument(database);
  const plan = await planEdit(deps, latest, request);
  if (plan.kind !== "planned") return plan;
  const { text, governance, isFirstAdmin } = plan;
  const before = new Set(channelsOf(governanceOf(latest)));
  const named = namedChannels(text, governance).filter(({ channel }) => !before.has(channel));
  const checked = await checkChannels(channels, named);
  if (checked.problems.length > 0) return { kind: "refused", problems: checked.problems };

  return await inTransaction(database, async (sql) => {
    await store.lockGovernance(sql);
    const current = await store.findLatestDocument(sql);
    if (current?.version !== latest?.version) return { kind: "again" };
    // Only now, since a code that lets somebody in must count once.
    if (isFirstAdmin && (await request.actor.mayBecomeAdmin?.(sql)) !== true) {
      return { kind: "forbidden" };
    }
    const appliedBy = request.actor.email;
    const saved = await saveDocument(deps, sql, { latest: current, text, governance, appliedBy });
    return { ...saved, warnings: [...checked.warnings, ...saved.warnings] };
  });
}

type Plan =
  | {
      readonly kind: "planned";
      readonly text: string;
      readonly governance: Governance;
      readonly isFirstAdmin: boolean;
    }
  | Exclude<EditOutcome, { readonly kind: "applied" | "file-only" }>;

async function planEdit(
  { database: sql, clock }: GovernanceDeps,
  latest: store.AppliedDocument | undefined,
  { edits, version, actor }: EditRequest,
): Promise<Plan> {
  const current = valuesOf(latest);
  const isFirstAdmin = adminsOf(current).length === 0;
  const editor = editorOf(actor.email, governanceOf(latest), clock());
  const isAllowed = isFirstAdmin
    ? edits.some((edit) => edit.kind === "add-admin" && edit.email === actor.email)
    : edits.every((edit) => mayEdit(current, edit, editor));
  if (!isAllowed) return { kind: "forbidden" };

  const inForce = latest?.version ?? 0;
  const isOther =
    version !== undefined &&
    version !== inForce &&
    isOvertaken(edits, { from: valuesOf(await store.findDocument(sql, version)), current });
  // In another list the same place is another one, which that edit may well leave as it is.
  const mayBeDone = !isOther || !edits.some(takesOutByPlace);
  if (mayBeDone && isDoneAlready(current, edits)) return { kind: "unchanged", version: inForce };
  if (isOther) {
    const versions = await store.listVersions(sql, { after: version, limit: SINCE_MAX });
    const isAdmin = adminsOf(current).includes(actor.email);
    const since = changesToTell(versions, edits, { isAdmin });
    return { kind: "overtaken", version: inForce, since };
  }
  const result = applyEdits(current, edits);
  if (result.kind === "refused") return { ...result, kind: "impossible" };
  const text =
    latest === undefined
      ? writeDocument(FIRST_COMMENT, result.values)
      : rewriteDocument(latest.content, result.values);
  const parsed = parseGovernance(text);
  return parsed.ok
    ? { kind: "planned", text, governance: parsed.governance, isFirstAdmin }
    : { kind: "refused", problems: parsed.problems };
}

/** Two who ask for the same at once are of one mind, and a form that is sent twice was sent once. */
function isDoneAlready(current: Values, edits: readonly GovernanceEdit[]): boolean {
  const again = applyEdits(
    current,
    edits.map((edit) => ("isNew" in edit ? { ...edit, isNew: false } : edit)),
  );
  return again.kind === "values" && isSame(again.values, current);
}

function takesOutByPlace({ kind }: GovernanceEdit): boolean {
  return kind === "remove-approval" || kind === "remove-digest";
}

function valuesOf(document: store.AppliedDocument | undefined): Values {
  return document === undefined ? {} : mapping(governanceAsJson(document.content));
}

/** Their authority by the document itself, which the tables are only a copy of. */
function editorOf(email: string, governance: Governance | undefined, now: Instant): Editor {
  const address = parseEmail(email);
  const teams = teamsAt(governance?.teams ?? [], now);
  if (address === undefined || governance === undefined) {
    return { email, ownedTeams: [], mayChangeBudget: () => false };
  }
  const person: Person = {
    email: address,
    isAdmin: governance.organization.admins.includes(address),
    ownedTeams: teams.filter(({ owners }) => owners.includes(address)).map(({ key }) => key),
    memberTeams: teams.filter(({ members }) => members.includes(address)).map(({ key }) => key),
  };
  return {
    email,
    ownedTeams: person.ownedTeams,
    mayChangeBudget: (text) => {
      const scope = parseScope(text);
      return scope !== undefined && mayChangeBudget(person, scope, teams);
    },
  };
}

function channelsOf(governance: Governance | undefined): readonly (string | undefined)[] {
  if (governance === undefined) return [];
  return [
    governance.organization.finopsChannel,
    ...governance.teams.map(({ channel }) => channel),
    ...governance.digests.map(({ channel }) => channel),
  ];
}
