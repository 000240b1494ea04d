/**
 * A click on a request: approve, deny, ask, withdraw, end early. Of any number of simultaneous
 * clicks each waits for the one before it and is judged by what that one left behind.
 */
import { validate as isUuid } from "uuid";
import type { Email } from "../../../domain/email.ts";
import type { Usd } from "../../../domain/money.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
import { parseUntil } from "../../../domain/until.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { together } from "../../../store/together.ts";
import type { SlackIds } from "../messages/wording.ts";
import { type ApprovalAction, type Decision, decide } from "../rules/decide.ts";
import type { Authority } from "../rules/mandate.ts";
import type { ApprovalRequest, Vote } from "../rules.ts";
import { listQuestions } from "../store/questions.ts";
import { findRequest, findRequestForUpdate } from "../store/requests.ts";
import { listVotes } from "../store/votes.ts";
import { type Addressed, slackIdsOf } from "./announce.ts";
import type { ApprovalAppliers } from "./applier.ts";
import {
  type ApproverGroups,
  entriesOf,
  type GroupMembers,
  loadAuthority,
  loadGroups,
  withApproverGroups,
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
  | {
      readonly kind: "answered";
      /** As it is after the click. */
      readonly request: ApprovalRequest;
      readonly decision: Decision;
      /** What its messages show after the click; undefined: nothing has changed. */
      readonly news: Addressed | undefined;
    };

/** With what a form about the request shows. */
export type Preview =
  | Extract<ClickOutcome, { kind: "unknown-request" }>
  | {
      readonly kind: "answered";
      readonly request: ApprovalRequest;
      readonly decision: Decision;
      readonly slackIds: SlackIds;
    };

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
  const { approverGroups, database, clock } = deps;
  return await withApproverGroups(approverGroups, async (known): Promise<Preview> => {
    // A forged id may be any text, also one that Postgres would not take.
    const { requestId } = click;
    const request = isUuid(requestId) ? await findRequest(database, requestId) : undefined;
    if (request === undefined) return { kind: "unknown-request" };
    const groups = await loadGroups(entriesOf(request.policy), known);
    const votes = await listVotes(database, request.requestId);
    const by = { actor: click.actorEmail, action, groups, votes, now: clock(), text: undefined };
    const { decision } = await judge(database, request, by);
    const slackIds = await slackIdsOf(database, [{ request, votes: [], questions: [] }]);
    return { kind: "answered", request, decision, slackIds };
  });
}

/**
 * 1. The request, locked, and what was said about it. 2. Who may decide now; members of Slack's groups
 * are asked for outside of the transaction, which is begun anew then. 3. The decision; unless
 * refused, everything that follows from it.
 */
async function answerClick(
  deps: DecisionDeps,
  { requestId, actorEmail: actor }: Click,
  actionOn: (request: ApprovalRequest) => ApprovalAction,
  typed: string | undefined,
): Promise<ClickOutcome> {
  const decideIn = async (sql: Sql, known: ApproverGroups | undefined): Promise<ClickOutcome> => {
    const [request, votes, questions] = await together([
      findRequestForUpdate(sql, requestId),
      listVotes(sql, requestId),
      listQuestions(sql, requestId),
    ]);
    if (request === undefined) return { kind: "unknown-request" };
    const groups = await loadGroups(entriesOf(request.policy), known);
    const now = deps.clock();
    const text = typed === undefined || typed.trim() === "" ? undefined : typed.trim();
    const by = { actor, action: actionOn(request), groups, votes, now, text };
    const { authority, decision } = await judge(sql, request, by);
    if (decision.kind === "refused") {
      return { kind: "answered", request, decision, news: undefined };
    }
    const saving = { request, votes, questions, authority, decision, actor, now, text };
    const news = await saveDecision(sql, deps.appliers, saving);
    return { kind: "answered", request: news.request, decision, news };
  };
  // A forged id may be any text, also one that Postgres would not take.
  const outcome = isUuid(requestId)
    ? await withApproverGroups(
        deps.approverGroups,
        async (known) =>
          await inTransaction(deps.database, async (sql) => await decideIn(sql, known)),
      )
    : ({ kind: "unknown-request" } as const);
  tellChanged(deps, outcome);
  return outcome;
}

function tellChanged(deps: DecisionDeps, outcome: ClickOutcome): void {
  if (outcome.kind !== "answered" || outcome.news === undefined) return;
  const { requester, beneficiary, asked } = outcome.request;
  deps.onChanged?.([...new Set([requester, beneficiary, ...asked])]);
}

async function judge(
  sql: Sql,
  request: ApprovalRequest,
  by: {
    readonly actor: Email;
    readonly action: ApprovalAction;
    readonly groups: GroupMembers;
    readonly votes: readonly Vote[];
    readonly now: Instant;
    readonly text: string | undefined;
  },
): Promise<{ readonly decision: Decision; readonly authority: Authority }> {
  const { actor, votes, now, text } = by;
  const authority = await loadAuthority(sql, request, by);
  return {
    authority,
    decision: decide(request, by.action, { actor, authority, votes, now, text }),
  };
}
