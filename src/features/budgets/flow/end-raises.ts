/**
 * Raises end by themselves: nothing has to happen for the limit to be lower. This only notices it,
 * once for each grant, also after a time of standing still, and says so.
 */
import type { Email } from "../../../domain/email.ts";
import { usdToDecimal } from "../../../domain/money.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
import { enqueueMessage } from "../../../slack/outbox.ts";
import { recordAudit } from "../../../store/audit.ts";
import { type Database, inTransaction, type Sql } from "../../../store/database.ts";
import { scopeName } from "../../alerts/index.ts";
import { closeApproval } from "../../approvals/index.ts";
import { raiseEndedMessage } from "../messages/raise-news.ts";
import { memberScope } from "../rules.ts";
import { findBudgetForUpdate } from "../store/budgets.ts";
import { findEndedGrant, insertEnding, type StoredGrant } from "../store/grants.ts";
import { loadDirectory } from "./announce.ts";
import { loadNews, tellTeam } from "./apply-raise.ts";
import { recordReached } from "./evaluate.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
}

/** Every raise that has ended and whose end was not noticed, each in a transaction; how many. */
export async function endRaises({ database, clock }: Deps): Promise<number> {
  let count = 0;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- each in a transaction of its own
    const isDone = await inTransaction(database, async (sql) => await endOne(sql, clock()));
    if (isDone === undefined) return count;
    if (isDone) count += 1;
  }
}

/**
 * 1. The budget, locked; 2. that the end was noticed: who is second stops here; 3. what the lower
 * limit finds reached; 4. audit entry, news for team, requester and beneficiary, cards.
 * Undefined: there was none.
 */
async function endOne(sql: Sql, now: Instant): Promise<boolean | undefined> {
  const grant = await findEndedGrant(sql, now);
  if (grant === undefined) return undefined;
  const budget = await findBudgetForUpdate(sql, grant.budgetId);
  if (!(await insertEnding(sql, grant.grantId, now))) return false;
  const { budgetId, memberKey, amount, approvalRequestId } = grant;
  await recordAudit(sql, {
    occurredAt: now,
    actor: "system",
    action: "budget.raise_ended",
    subject: `budget:${budgetId}`,
    before: { member_key: memberKey, amount: usdToDecimal(amount), valid_until: grant.validUntil },
    after: { approval_request_id: approvalRequestId },
  });
  const people = await closeApproval(sql, approvalRequestId, now);
  if (budget === undefined) return true; // Removed meanwhile: there is no limit to speak of.
  const target = { budget, memberKeys: [memberKey] };
  // As any check would: whoever looks first, people hear the same.
  await recordReached(sql, target, now);
  const message = {
    budget,
    memberKey,
    now,
    message: endedMessage(grant),
  };
  await tellTeam(sql, `raise:${approvalRequestId}:ended`, message);
  await tellPeople(sql, people, { ...message, grant });
  return true;
}

function endedMessage({ amount }: StoredGrant) {
  return (news: Awaited<ReturnType<typeof loadNews>>) => raiseEndedMessage({ ...news, amount });
}

async function tellPeople(
  sql: Sql,
  people: readonly Email[],
  { grant, ...what }: Parameters<typeof tellTeam>[2] & { readonly grant: StoredGrant },
): Promise<void> {
  if (people.length === 0) return;
  const name = scopeName(
    memberScope(what.budget.coverage, what.memberKey),
    await loadDirectory(sql),
  );
  const news = await loadNews(sql, { ...what, name });
  for (const person of people) {
    const dedupeKey = `raise:${grant.approvalRequestId}:ended:${person}`;
    const entry = { dedupeKey, kind: "notice", destination: { person } } as const;
    // oxlint-disable-next-line no-await-in-loop -- one connection, one query at a time
    await enqueueMessage(sql, { ...entry, message: what.message(news) }, what.now);
  }
}
