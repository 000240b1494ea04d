/**
 * Looks which members of Claude Enterprise ask for more, and gives each request a card; what was
 * decided elsewhere meanwhile takes its card back. Replicas may look together: a request is one row.
 */

import type { IncreaseRequest } from "../../../anthropic/increase-requests.ts";
import { parseEmail } from "../../../domain/email.ts";
import { AppError } from "../../../domain/errors.ts";
import type { CallOutcome } from "../../../domain/limit.ts";
import { PERIOD_KINDS, periodOf, timeZone } from "../../../domain/time.ts";
import { inTransaction, type Sql } from "../../../store/database.ts";
import {
  type ApproverGroups,
  cancelApproval,
  requestApproval,
  requestRefusalText,
  withApproverGroups,
} from "../../approvals/index.ts";
import { increaseTexts } from "../messages.ts";
import { proposeIncrease } from "../rules/increase.ts";
import {
  type KnownIncrease,
  listKnownPending,
  resolveIncrease,
  saveIncreaseCard,
  sumSpendOf,
  upsertPendingIncrease,
} from "../store/increases.ts";
import { applyIncrease } from "./queue-pushes.ts";
import type { LimitDeps } from "./step.ts";

export interface PollDeps extends Pick<LimitDeps, "database" | "clock" | "log" | "desk"> {
  readonly approverGroups?: ApproverGroups | undefined;
}

/** Anthropic's periods are those of UTC, and its weeks begin on Monday. */
const UTC = timeZone("UTC");

/** Returns how many cards were made or taken back. */
export async function pollIncreases(deps: PollDeps): Promise<number> {
  const { desk, database, log } = deps;
  if (desk === undefined) return 0;
  const pending = await desk.list();
  if (pending.kind !== "answer") {
    log.warn({ work: "limit requests", reason: pending.message }, "Anthropic's requests not read");
    return 0;
  }
  let changed = 0;
  for (const request of pending.answer) {
    // oxlint-disable-next-line no-await-in-loop -- each in a transaction of its own
    if (await takeUp(deps, request)) changed += 1;
  }
  const listed = new Set(pending.answer.map(({ id }) => id));
  const settled = (await listKnownPending(database)).filter(
    ({ increaseRequestId }) => !listed.has(increaseRequestId),
  );
  for (const known of settled) {
    // oxlint-disable-next-line no-await-in-loop -- within the rate limit, one after the other
    if (await close(deps, known, await desk.find(known.increaseRequestId))) changed += 1;
  }
  return changed;
}

/** True when it has a new card. A request without one is tried again with each look. */
async function takeUp(deps: PollDeps, request: IncreaseRequest): Promise<boolean> {
  try {
    return await takeUpAlone(deps, request);
  } catch (err) {
    // The others, and what was settled elsewhere, do not wait for what this one needs.
    if (!(err instanceof AppError && err.retryable)) throw err;
    deps.log.warn({ work: "limit requests", reason: err.message }, "no card made yet");
    return false;
  }
}

async function takeUpAlone(deps: PollDeps, request: IncreaseRequest): Promise<boolean> {
  return await withApproverGroups(
    deps.approverGroups,
    async (approverGroups) =>
      await inTransaction(
        deps.database,
        async (sql) => await takeUpIn(sql, { ...deps, approverGroups }, request),
      ),
  );
}

async function takeUpIn(sql: Sql, deps: PollDeps, request: IncreaseRequest): Promise<boolean> {
  const known = await upsertPendingIncrease(
    sql,
    {
      ...request,
      requestedAt: request.createdAt,
      limit: request.summary?.limit,
      spend: request.summary?.spend,
    },
    deps.clock(),
  );
  if (known === undefined || known.approvalRequestId !== undefined) return false;
  const card = await makeCard(sql, deps, request);
  await saveIncreaseCard(sql, request.id, card);
  return "approvalRequestId" in card;
}

async function makeCard(
  sql: Sql,
  deps: PollDeps,
  request: IncreaseRequest,
): Promise<{ readonly approvalRequestId: string } | { readonly problem: string }> {
  const email = request.email === undefined ? undefined : parseEmail(request.email);
  const kind = PERIOD_KINDS.find((one) => one === request.period);
  const limit = request.summary?.limit;
  if (email === undefined) return { problem: "Anthropic names no e-mail address of the person." };
  if (kind === undefined) return { problem: `Its period ${request.period} is unknown here.` };
  if (request.summary === undefined || limit === undefined) {
    return { problem: "Anthropic says no limit of the person at the moment." };
  }
  const { spend } = request.summary;
  const now = deps.clock();
  const period = periodOf(now, { kind, zone: UTC, weekStartsOn: "monday" });
  const amount = proposeIncrease({ limit, spend });
  const measured = await sumSpendOf(sql, { email, from: period.start });
  const outcome = await requestApproval(
    sql,
    { clock: deps.clock, approverGroups: deps.approverGroups, apply: applyIncrease },
    {
      kind: "anthropic_limit_increase",
      scope: { kind: "user", key: email },
      subject: {
        increase_request_id: request.id,
        user_id: request.userId,
        period: request.period,
      },
      ...increaseTexts({ email, period: request.period, limit, spend, amount, measured }),
      requester: email,
      beneficiary: email,
      amount,
      ...(limit > 0n ? { baseAmount: limit } : {}),
      idempotencyKey: `anthropic:${request.id}`,
      endsAt: period.end,
      timeZone: UTC,
    },
  );
  return outcome.kind === "refused"
    ? { problem: requestRefusalText(outcome.reason) }
    : { approvalRequestId: outcome.requestId };
}

/** True when it took a card back. What can't be read now is looked at again. */
async function close(
  { database, clock }: PollDeps,
  known: KnownIncrease,
  found: CallOutcome<IncreaseRequest>,
): Promise<boolean> {
  const status =
    found.kind === "answer"
      ? found.answer.status
      : found.kind === "refused" && found.isMissing
        ? "gone"
        : "pending";
  if (status === "pending") return false;
  return await inTransaction(database, async (sql) => {
    const now = clock();
    const at = (found.kind === "answer" ? found.answer.resolvedAt : undefined) ?? now;
    const isFirst = await resolveIncrease(sql, known.increaseRequestId, { status, at });
    const { approvalRequestId: requestId } = known;
    if (!isFirst || requestId === undefined) return false;
    return await cancelApproval(sql, { requestId, because: BECAUSE[status], now });
  });
}

const BECAUSE = {
  approved: "Approved at Anthropic by somebody else",
  denied: "Denied at Anthropic by somebody else",
  gone: "The request is no longer at Anthropic",
} as const;
