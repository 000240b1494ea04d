/** What an operator sees of pushes, and trying again what failed. */
import { formatLimitTarget } from "../../../domain/limit.ts";
import { recordAudit } from "../../../store/audit.ts";
import { inTransaction, type Sql } from "../../../store/database.ts";
import { stateText } from "../messages.ts";
import type { PushStatus } from "../rules.ts";
import { listAllPushes, reopenPush } from "../store/pushes.ts";
import { findTargetState, saveTargetState } from "../store/targets.ts";
import { announcePush } from "./announce.ts";
import type { LimitDeps } from "./step.ts";

export interface PushOverview {
  readonly pushId: string;
  readonly status: PushStatus;
  readonly target: string;
  readonly text: string;
  readonly detail: string | undefined;
}

export async function listPushes(sql: Sql): Promise<readonly PushOverview[]> {
  const pushes = await listAllPushes(sql);
  return pushes.map((push) => ({
    pushId: push.pushId,
    status: push.status,
    target: formatLimitTarget(push.target),
    text: stateText(push),
    detail: push.detail,
  }));
}

/**
 * Somebody has looked: what stands there now is where it begins. A raise goes on top of it; one that
 * has ended needs the limit back at what we last wrote. False when nothing of that id failed.
 */
export async function retryPush(
  { database, clock }: Pick<LimitDeps, "database" | "clock">,
  pushId: string,
): Promise<boolean> {
  return await inTransaction(database, async (sql) => {
    const now = clock();
    const push = await reopenPush(sql, pushId, now);
    if (push === undefined) return false;
    const state = await findTargetState(sql, push);
    if (push.direction === "forward" && state !== undefined) {
      await saveTargetState(sql, push, { ...state, lastWritten: undefined, writtenAt: now });
    }
    await recordAudit(sql, {
      occurredAt: now,
      actor: "command line",
      action: "limit.retried",
      subject: `approval:${push.approvalRequestId}`,
      after: { target: formatLimitTarget(push.target), direction: push.direction },
    });
    await announcePush(sql, push, now);
    return true;
  });
}
