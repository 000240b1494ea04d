/** Asking for more: finds the budget, shows approvers what it is about, hands over to approvals. */
import { type Email, parseEmail } from "../../../domain/email.ts";
import type { Usd } from "../../../domain/money.ts";
import { type Scope, typedScope } from "../../../domain/scope.ts";
import { type Clock, type Instant, PERIOD_KINDS, type PeriodKind } from "../../../domain/time.ts";
import { parseUntil } from "../../../domain/until.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import {
  type ApproverGroups,
  requestApproval,
  requestRefusalText,
  withApproverGroups,
} from "../../approvals/index.ts";
import { findScope, mayViewScope, viewableScopes } from "../../organization/index.ts";
import type { RaiseProblem, RaiseResult } from "../messages/raise.ts";
import { raiseProposalText } from "../messages/raise-card.ts";
import type { NamedStatus } from "../messages/wording.ts";
import type { ScopeReading } from "../rules/commands.ts";
import { amountOf, type RaiseAmount } from "../rules/raise-amount.ts";
import { type BudgetRef, type BudgetStatus, memberScope } from "../rules.ts";
import { findBudget } from "../store/budgets.ts";
import { raiseEffects } from "./apply-raise.ts";
import { loadRaiseFacts } from "./raise-facts.ts";
import { type Asking, loadAsking } from "./scopes.ts";
import { listBudgetStatus, named as namedBy } from "./status.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
  readonly approverGroups?: ApproverGroups | undefined;
}

/** Which budget: as somebody named it, or as a button or option carried it. */
export type RaiseTarget =
  | { readonly readings: readonly ScopeReading[] }
  | { readonly ref: BudgetRef };

export interface RaiseRequest {
  readonly requester: Email;
  /** Somebody else whom it is for; undefined: whoever the budget is about, else the requester. */
  readonly beneficiary?: Email | undefined;
  readonly target: RaiseTarget;
  readonly amount: RaiseAmount;
  /** As typed; undefined: until the end of the budget's current period. */
  readonly untilText: string | undefined;
  readonly reason: string;
  /** The form or command that it comes from: sent twice it is one request. */
  readonly idempotencyKey?: string | undefined;
}

/**
 * Asks the approvers for more money for a time.
 *
 * In one transaction: 1. the budget, which the requester must be allowed to see; 2. how much, for
 * whom, until when, in the budget's zone; 3. what the approvers need to know; 4. the request, its
 * cards and its audit entry, by approvals; or the raise itself, where a policy needs nobody for it.
 */
export async function requestRaise(deps: Deps, request: RaiseRequest): Promise<RaiseResult> {
  return await withApproverGroups(
    deps.approverGroups,
    async (approverGroups) =>
      await inTransaction(
        deps.database,
        async (sql) => await requestIn(sql, { ...deps, approverGroups }, request),
      ),
  );
}

async function requestIn(sql: Sql, deps: Deps, request: RaiseRequest): Promise<RaiseResult> {
  const now = deps.clock();
  const asking = await loadAsking(sql, request.requester, now);
  const found = await findRaisable(sql, request.target, asking, now);
  if (found.kind !== "found") return found;
  const { named } = found;
  const terms = termsOf(request, { status: named.status, asking, now });
  if (terms.kind !== "terms") return terms;
  return await ask(sql, deps, { request, named, terms, asking, now });
}

interface Terms {
  readonly kind: "terms";
  readonly amount: Usd;
  readonly endsAt: Instant;
  readonly beneficiary: Email;
}

function termsOf(
  request: RaiseRequest,
  {
    status,
    asking,
    now,
  }: { readonly status: BudgetStatus; readonly asking: Asking; readonly now: Instant },
): Terms | Extract<RaiseResult, { kind: "bad-until" | "bad-amount" | "not-for-them" }> {
  const until = endOf(request.untilText, status, now);
  if (until.kind === "refused") return { kind: "bad-until", reason: until.reason };
  const amount = amountOf(request.amount, status.baseLimit);
  if (amount.kind === "refused") return { kind: "bad-amount", reason: amount.reason };
  const { scope } = status;
  const owner = scope.kind === "user" ? parseEmail(scope.key) : undefined;
  const beneficiary = request.beneficiary ?? owner ?? request.requester;
  if (!mayAskFor(asking, beneficiary, owner)) return { kind: "not-for-them", person: beneficiary };
  return { kind: "terms", amount: amount.amount, endsAt: until.at, beneficiary };
}

/** Oneself, whom a visible budget is about, people of a team that one owns; admins anybody. */
function mayAskFor(
  { person, teams }: Asking,
  beneficiary: Email,
  owner: Email | undefined,
): boolean {
  if (beneficiary === person.email || beneficiary === owner || person.isAdmin) return true;
  return teams.some(
    (team) =>
      person.ownedTeams.includes(team.key) &&
      [...team.owners, ...team.members].some((one) => one === beneficiary),
  );
}

async function ask(
  sql: Sql,
  deps: Deps,
  of: {
    readonly request: RaiseRequest;
    readonly named: NamedStatus;
    readonly terms: Terms;
    readonly asking: Asking;
    readonly now: Instant;
  },
): Promise<RaiseResult> {
  const { request, named, terms, now } = of;
  const { status } = named;
  const { amount, endsAt, beneficiary } = terms;
  const facts = await loadRaiseFacts(sql, { named, amount, endsAt, asking: of.asking, now });
  const outcome = await requestApproval(
    sql,
    { clock: deps.clock, approverGroups: deps.approverGroups, apply: raiseEffects.apply },
    {
      kind: "budget_raise",
      scope: status.scope,
      subject: { budget_id: status.budgetId, member_key: status.memberKey },
      ...raiseProposalText(facts),
      requester: request.requester,
      beneficiary,
      amount,
      baseAmount: status.baseLimit,
      idempotencyKey: request.idempotencyKey,
      endsAt,
      timeZone: status.timeZone,
      reason: request.reason === "" ? "No reason given." : request.reason,
    },
  );
  switch (outcome.kind) {
    case "refused":
      return { kind: "refused", text: requestRefusalText(outcome.reason) };
    case "applied":
      return { kind: "granted", named, amount, endsAt, now };
    case "requested":
      return { kind: "requested", named, amount, endsAt, approvers: outcome.approvers, now };
  }
}

type Raisable =
  /** `others`: the further budgets of the same scope. */
  | {
      readonly kind: "found";
      readonly named: NamedStatus;
      readonly others: readonly NamedStatus[];
    }
  | Exclude<
      RaiseProblem,
      { readonly kind: "refused" | "bad-until" | "bad-amount" | "not-for-them" }
    >;

/** Of several budgets of a scope the one of the period that was named, else of the longest. */
export async function findRaisable(
  sql: Sql,
  target: RaiseTarget,
  asking: Asking,
  now: Instant,
): Promise<Raisable> {
  const resolved =
    "ref" in target
      ? await resolveRef(sql, target.ref, asking)
      : resolveReadings(target.readings, asking);
  if (resolved.kind !== "found") return resolved;
  const { scope, periodKind } = resolved;
  const statuses = longestFirst(await listBudgetStatus(sql, { scope, now }));
  const status = statuses.find(
    (one) =>
      (!("ref" in target) || one.budgetId === target.ref.budgetId) &&
      (periodKind === undefined || one.periodKind === periodKind),
  );
  if (status !== undefined) {
    const others = statuses.filter((one) => one !== status).map(namedBy(asking.nameOf));
    return { kind: "found", named: namedBy(asking.nameOf)(status), others };
  }
  const about = { name: asking.nameOf(scope), typed: typedScope(scope, asking.person.email) };
  if (periodKind === undefined || statuses.length === 0) return { kind: "no-budget", ...about };
  const periodKinds = [...new Set(statuses.map((one) => one.periodKind))];
  return { kind: "no-budget-of-period", ...about, periodKind, periodKinds };
}

interface ResolvedTarget {
  readonly kind: "found";
  readonly scope: Scope;
  readonly periodKind: PeriodKind | undefined;
}

/** The first reading whose scope exists; else what is wrong with the one that comes nearest. */
function resolveReadings(
  readings: readonly ScopeReading[],
  asking: Asking,
): ResolvedTarget | Exclude<Raisable, { kind: "found" }> {
  let unknown: Extract<Raisable, { kind: "unknown-scope" }> | undefined;
  for (const { scopeText, periodKind, unexpected } of readings) {
    const resolved = findScope(scopeText, asking);
    const named = periodKind === undefined ? {} : { period: periodKind };
    if (resolved.kind === "unknown-scope") {
      const isNearer = unknown?.nearest.length === 0 && resolved.nearest.length > 0;
      if (unknown === undefined || isNearer) unknown = { ...resolved, ...named };
      continue;
    }
    if (resolved.kind === "not-allowed") return { ...resolved, ...named };
    const { scope } = resolved;
    if (unexpected === "") return { kind: "found", scope, periodKind };
    const typed = typedScope(scope, asking.person.email);
    return { kind: "unexpected-words", typed, words: unexpected };
  }
  return unknown ?? unknownScope("", asking);
}

function unknownScope(text: string, asking: Asking): Extract<Raisable, { kind: "unknown-scope" }> {
  const viewable = viewableScopes(asking);
  return { kind: "unknown-scope", text, nearest: [], isAmbiguous: false, viewable };
}

/** The same choice every time, whatever was spent; a scope's own budget before one of \`each:…\`. */
export function longestFirst(statuses: readonly BudgetStatus[]): BudgetStatus[] {
  const lengthOf = ({ periodKind }: BudgetStatus): number => PERIOD_KINDS.indexOf(periodKind);
  return statuses.toSorted(
    (left, right) =>
      lengthOf(right) - lengthOf(left) ||
      Number(left.memberKey !== "") - Number(right.memberKey !== "") ||
      (left.budgetId < right.budgetId ? -1 : 1),
  );
}

/** What a button or option names is judged by who clicks, like a name that was typed. */
async function resolveRef(
  sql: Sql,
  ref: BudgetRef,
  asking: Asking,
): Promise<ResolvedTarget | Exclude<Raisable, { kind: "found" }>> {
  const budget = await findBudget(sql, ref.budgetId);
  if (budget === undefined) return unknownScope(ref.budgetId, asking);
  const { person, teams, nameOf } = asking;
  const scope = memberScope(budget.coverage, ref.memberKey);
  return mayViewScope(person, scope, teams, asking.since)
    ? { kind: "found", scope, periodKind: undefined }
    : { kind: "not-allowed", text: nameOf(scope), viewable: viewableScopes(asking) };
}

function endOf(
  untilText: string | undefined,
  status: BudgetStatus,
  now: Instant,
): ReturnType<typeof parseUntil> {
  if (untilText === undefined) return { kind: "until", at: status.period.end };
  const { timeZone, weekStartsOn } = status;
  return parseUntil(untilText, now, { zone: timeZone, weekStartsOn });
}
