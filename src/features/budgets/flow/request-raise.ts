/** Asking for more: finds the budget, shows approvers what it is about, hands over to approvals. */
import type { Email } from "../../../domain/email.ts";
import type { Usd } from "../../../domain/money.ts";
import type { Scope } from "../../../domain/scope.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
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
import { DRIVER_KIND } from "../rules/recipients.ts";
import { parseUntil } from "../rules/until.ts";
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
export type RaiseTarget = { readonly scopeText: string } | { readonly ref: BudgetRef };

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
    return { kind: "requested", named: found.named, amount, endsAt: until.at, approvers };
  });
}

type Raisable =
  | { readonly kind: "found"; readonly named: NamedStatus }
  | Exclude<RaiseResult, { readonly kind: "requested" | "refused" | "bad-until" }>;

/** Of several budgets of a scope the one nearest its limit; among equals the monthly one. */
export async function findRaisable(
  sql: Sql,
  target: RaiseTarget,
  asking: Asking,
  now: Instant,
): Promise<Raisable> {
  const resolved =
    "ref" in target
      ? await resolveRef(sql, target.ref, asking)
      : resolveVisibleScope(target.scopeText, asking);
  if (resolved.kind !== "found") return resolved;
  const { scope } = resolved;
  const statuses = (await listBudgetStatus(sql, { scope, now })).filter(
    (status) => !("ref" in target) || status.budgetId === target.ref.budgetId,
  );
  const highest = statuses[0]?.percent;
  const nearest = statuses.filter((status) => status.percent === highest);
  const status = nearest.find((one) => one.periodKind === "monthly") ?? nearest[0];
  return status === undefined
    ? { kind: "no-budget", name: asking.nameOf(scope), scope }
    : { kind: "found", named: named(asking.nameOf)(status) };
}

/** What a button or option names is judged by who clicks, like a name that was typed. */
async function resolveRef(
  sql: Sql,
  ref: BudgetRef,
  { person, teams, nameOf }: Asking,
): Promise<
  { readonly kind: "found"; readonly scope: Scope } | Exclude<Raisable, { kind: "found" }>
> {
  const budget = await findBudget(sql, ref.budgetId);
  if (budget === undefined) return { kind: "unknown-scope", text: ref.budgetId, nearest: [] };
  const scope = memberScope(budget.coverage, ref.memberKey);
  return mayViewScope(person, scope, teams)
    ? { kind: "found", scope }
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
