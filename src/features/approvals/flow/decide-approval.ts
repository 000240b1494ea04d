/**
 * A click on a request: approve, deny, ask, withdraw, end early. Of any number of simultaneous
 * clicks each waits for the one before it and is judged by what that one left behind.
 */
import { validate as isUuid } from "uuid";
import { assert } from "../../../domain/assert.ts";
import type { Email } from "../../../domain/email.ts";
import type { Usd } from "../../../domain/money.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
import { parseUntil } from "../../../domain/until.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import type { SlackIds } from "../messages/wording.ts";
import { type ApprovalAction, type Decision, decide } from "../rules/decide.ts";
import type { Authority } from "../rules/mandate.ts";
import type { ApprovalRequest, Vote } from "../rules.ts";
import { listQuestions } from "../store/questions.ts";
import { findRequest, findRequestForUpdate } from "../store/requests.ts";
import { listVotes } from "../store/votes.ts";
import { slackIdsOf } from "./announce.ts";
import type { ApprovalAppliers } from "./applier.ts";
import {
  type ApproverGroups,
  entriesOf,
  type GroupMembers,
  loadAuthority,
  loadGroups,
} from "./approvers.ts";
import { saveDecision } from "./save-decision.ts";

export interface DecisionDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly appliers: ApprovalAppliers;
  readonly approverGroups?: ApproverGroups | undefined;
  /** Told after a commit whose App Home shows something else now. */
  readonly onChanged?: ((people: readonly Email[]) => void) | undefined;
}

export interface Click {
  readonly requestId: string;
  readonly actorEmail: Email;
}

export type ClickOutcome =
  | { readonly kind: "unknown-request" }
  /** `request` as it is after the click. */
  | { readonly kind: "answered"; readonly request: ApprovalRequest; readonly decision: Decision };

/** With what a form about the request shows. */
export type Preview =
  | Extract<ClickOutcome, { kind: "unknown-request" }>
  | (Extract<ClickOutcome, { kind: "answered" }> & { readonly slackIds: SlackIds });

/**
 * Counts the actor's consent, by default to all of it, and applies it when the chain is complete.
 * `lastDay` is a shorter time, "2026-11-25" in the calendar of the request.
 */
export async function approve(
  deps: DecisionDeps,
  click: Click & {
    readonly amount?: Usd | undefined;
    readonly lastDay?: string | undefined;
    readonly note?: string | undefined;
  },
): Promise<ClickOutcome> {
  const { amount, lastDay, note } = click;
  const action = (request: ApprovalRequest): ApprovalAction => ({
    kind: "approve",
    ...(amount === undefined ? {} : { amount }),
    ...(lastDay === undefined ? {} : { endsAt: endOf(lastDay, request, deps.clock()) }),
  });
  return await answerClick(deps, click, action, note);
}

/** What is no day that is still to come is over, and refused as that. */
function endOf(
  lastDay: string,
  { timeZone: zone, requestedAt }: ApprovalRequest,
  now: Instant,
): Instant {
  const until = parseUntil(lastDay, now, { zone, weekStartsOn: "monday" });
  return until.kind === "until" ? until.at : requestedAt;
}

/** One denial is enough, whatever the quorum. */
export async function deny(
  deps: DecisionDeps,
  click: Click & { readonly reason?: string | undefined },
): Promise<ClickOutcome> {
  return await answerClick(deps, click, () => ({ kind: "deny" }), click.reason);
}

/** Asks the requester something; the request stays as it is. */
export async function askQuestion(
  deps: DecisionDeps,
  click: Click & { readonly question: string },
): Promise<ClickOutcome> {
  return await answerClick(deps, click, () => ({ kind: "ask" }), click.question);
}

/** Takes a request back; only its requester can. */
export async function withdraw(deps: DecisionDeps, click: Click): Promise<ClickOutcome> {
  return await answerClick(deps, click, () => ({ kind: "withdraw" }), undefined);
}

/** Ends early what was approved; an approver of the request or an admin can. */
export async function revoke(
  deps: DecisionDeps,
  click: Click & { readonly reason: string },
): Promise<ClickOutcome> {
  return await answerClick(deps, click, () => ({ kind: "revoke" }), click.reason);
}

/** What a click would lead to, changing nothing: asked before a form is shown. */
export async function previewDecision(
  deps: DecisionDeps,
  click: Click,
  action: ApprovalAction,
): Promise<Preview> {
  const found = await findWithGroups(deps, click.requestId);
  if (found === undefined) return { kind: "unknown-request" };
  const { request } = found;
  const by = { actor: click.actorEmail, action, groups: found.groups, now: deps.clock() };
  const { decision } = await judge(deps.database, request, { ...by, text: undefined });
  const slackIds = await slackIdsOf(deps.database, [{ request, votes: [], questions: [] }]);
  return { kind: "answered", request, decision, slackIds };
}

/**
 * 1. Slack's groups, before the transaction.
 * 2. The request, locked; its votes; who may decide now.
 * 3. The decision; unless refused, everything that follows from it.
 */
async function answerClick(
  deps: DecisionDeps,
  { requestId, actorEmail: actor }: Click,
  actionOn: (request: ApprovalRequest) => ApprovalAction,
  typed: string | undefined,
): Promise<ClickOutcome> {
  const found = await findWithGroups(deps, requestId);
  if (found === undefined) return { kind: "unknown-request" };
  const outcome = await inTransaction(deps.database, async (sql): Promise<ClickOutcome> => {
    const request = await findRequestForUpdate(sql, requestId);
    assert(request !== undefined, "a request is never deleted");
    const now = deps.clock();
    const text = typed === undefined || typed.trim() === "" ? undefined : typed.trim();
    const by = { actor, action: actionOn(request), groups: found.groups, now, text };
    const judged = await judge(sql, request, by);
    const { decision } = judged;
    if (decision.kind === "refused") return { kind: "answered", request, decision };
    const questions = await listQuestions(sql, requestId);
    const saving = { ...judged, request, decision, questions, actor, now, text };
    const saved = await saveDecision(sql, deps.appliers, saving);
    return { kind: "answered", request: saved, decision };
  });
  tellChanged(deps, outcome);
  return outcome;
}

function tellChanged(deps: DecisionDeps, outcome: ClickOutcome): void {
  if (outcome.kind !== "answered" || outcome.decision.kind === "refused") return;
  const { requester, beneficiary, asked } = outcome.request;
  deps.onChanged?.([...new Set([requester, beneficiary, ...asked])]);
}

async function findWithGroups(
  { database, approverGroups }: DecisionDeps,
  requestId: string,
): Promise<{ readonly request: ApprovalRequest; readonly groups: GroupMembers } | undefined> {
  // A forged id may be any text, also one that Postgres would not take.
  const request = isUuid(requestId) ? await findRequest(database, requestId) : undefined;
  if (request === undefined) return undefined;
  return { request, groups: await loadGroups(entriesOf(request.policy), approverGroups) };
}

interface Judged {
  readonly decision: Decision;
  readonly votes: readonly Vote[];
  readonly authority: Authority;
}

async function judge(
  sql: Sql,
  request: ApprovalRequest,
  by: {
    readonly actor: Email;
    readonly action: ApprovalAction;
    readonly groups: GroupMembers;
    readonly now: Instant;
    readonly text: string | undefined;
  },
): Promise<Judged> {
  const { actor, now, text } = by;
  const votes = await listVotes(sql, request.requestId);
  const authority = await loadAuthority(sql, request, by);
  const decision = decide(request, by.action, { actor, authority, votes, now, text });
  return { votes, authority, decision };
}
