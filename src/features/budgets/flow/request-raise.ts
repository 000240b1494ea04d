/** Asking for more: finds the budget, shows approvers what it is about, hands over to approvals. */
import type { Email } from "../../../domain/email.ts";
import type { Usd } from "../../../domain/money.ts";
import { type Scope, typedScope } from "../../../domain/scope.ts";
import { type Clock, type Instant, PERIOD_KINDS, type PeriodKind } from "../../../domain/time.ts";
import { parseUntil } from "../../../domain/until.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import {
  type ApproverGroups,
  prefetchApproverGroups,
  requestApproval,
  requestRefusalText,
} from "../../approvals/index.ts";
import { mayViewScope } from "../../organization/index.ts";
import { type RaiseResult, raiseProposalText } from "../messages/raise.ts";
import type { NamedStatus } from "../messages/wording.ts";
import type { ScopeReading } from "../rules/commands.ts";
import { DRIVER_KIND } from "../rules/recipients.ts";
import { type BudgetRef, type BudgetStatus, memberScope } from "../rules.ts";
import { findBudget } from "../store/budgets.ts";
import { listTopDrivers } from "../store/spend.ts";
import { namedDrivers } from "./announce.ts";
import { type Asking, loadAsking, resolveVisibleScope } from "./scopes.ts";
import { listBudgetStatus, named } from "./status.ts";

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
  readonly target: RaiseTarget;
  readonly amount: Usd;
  /** As typed; undefined: until the end of the budget's current period. */
  readonly untilText: string | undefined;
  readonly reason: string;
}

/**
 * Asks the approvers for more money for a time.
 *
 * In one transaction: 1. the budget, which the requester must be allowed to see; 2. until when, in
 * the budget's zone; 3. what the approvers need to know; 4. the request, its cards and its audit
 * entry, by approvals.
 */
export async function requestRaise(deps: Deps, request: RaiseRequest): Promise<RaiseResult> {
  // Slack is asked before the transaction, so that a slow Slack holds nothing.
  const approverGroups = await prefetchApproverGroups(deps);
  return await inTransaction(deps.database, async (sql): Promise<RaiseResult> => {
    const now = deps.clock();
    const asking = await loadAsking(sql, request.requester);
    const found = await findRaisable(sql, request.target, asking, now);
    if (found.kind !== "found") return found;
    const { status } = found.named;

    const until = endOf(request.untilText, status, now);
    if (until.kind === "refused") return { kind: "bad-until", reason: until.reason };
    const { amount } = request;
    const texts = raiseProposalText({
      named: found.named,
      amount,
      drivers: await loadDrivers(sql, status, asking),
      now,
    });
    const outcome = await requestApproval(
      sql,
      { clock: deps.clock, approverGroups },
      {
        kind: "budget_raise",
        scope: status.scope,
        subject: { budget_id: status.budgetId, member_key: status.memberKey },
        ...texts,
        requester: request.requester,
        amount,
        endsAt: until.at,
        timeZone: status.timeZone,
        reason: request.reason === "" ? "No reason given." : request.reason,
      },
    );
    if (outcome.kind === "refused") {
      return { kind: "refused", text: requestRefusalText(outcome.reason) };
    }
    const { approvers } = outcome;
    return { kind: "requested", named: found.named, amount, endsAt: until.at, approvers, now };
  });
}

type Raisable =
  /** `others`: the further budgets of the same scope. */
  | {
      readonly kind: "found";
      readonly named: NamedStatus;
      readonly others: readonly NamedStatus[];
    }
  | Exclude<RaiseResult, { readonly kind: "requested" | "refused" | "bad-until" }>;

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
    const others = statuses.filter((one) => one !== status).map(named(asking.nameOf));
    return { kind: "found", named: named(asking.nameOf)(status), others };
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
  let unknown: Extract<RaiseResult, { kind: "unknown-scope" }> | undefined;
  for (const { scopeText, periodKind, unexpected } of readings) {
    const resolved = resolveVisibleScope(scopeText, asking);
    if (resolved.kind === "unknown-scope") {
      const isNearer = unknown?.nearest.length === 0 && resolved.nearest.length > 0;
      if (unknown === undefined || isNearer) unknown = resolved;
      continue;
    }
    if (resolved.kind === "not-allowed") return resolved;
    const { scope } = resolved;
    if (unexpected === "") return { kind: "found", scope, periodKind };
    const typed = typedScope(scope, asking.person.email);
    return { kind: "unexpected-words", typed, words: unexpected };
  }
  return unknown ?? { kind: "unknown-scope", text: "", nearest: [] };
}

/** The same choice every time, whatever was spent; a scope's own budget before one of \`each:…\`. */
function longestFirst(statuses: readonly BudgetStatus[]): BudgetStatus[] {
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
  { person, teams, nameOf }: Asking,
): Promise<ResolvedTarget | Exclude<Raisable, { kind: "found" }>> {
  const budget = await findBudget(sql, ref.budgetId);
  if (budget === undefined) return { kind: "unknown-scope", text: ref.budgetId, nearest: [] };
  const scope = memberScope(budget.coverage, ref.memberKey);
  return mayViewScope(person, scope, teams)
    ? { kind: "found", scope, periodKind: undefined }
    : { kind: "not-allowed", name: nameOf(scope) };
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

async function loadDrivers(
  sql: Sql,
  { scope, period }: BudgetStatus,
  { organization, teams }: Asking,
): Promise<ReturnType<typeof namedDrivers>> {
  const by = DRIVER_KIND[scope.kind];
  const drivers = await listTopDrivers(sql, { scope, by, driversMax: 1 }, period);
  return namedDrivers(drivers, by, {
    organizationName: organization.name,
    teams,
    admins: organization.admins,
  });
}
