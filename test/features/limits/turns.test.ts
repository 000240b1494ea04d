import { beforeEach, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { type Instant, instant } from "../../../src/domain/time.ts";
import { queueDenials } from "../../../src/features/limits/flow/queue-pushes.ts";
import { insertPush, turnEndedPushes } from "../../../src/features/limits/store/pushes.ts";
import { connect, inTransaction, type Sql } from "../../../src/store/database.ts";
import { usd } from "../../support/builders.ts";
import { useDatabase } from "../../support/database.ts";

const db = useDatabase();
const NOW = instant("2026-11-23T10:00:00Z");
const ENDED = instant("2026-11-22T10:00:00Z");
const LATER = instant("2026-11-23T10:01:00Z");
const BEGIN = "00000000-0000-7000-8000-000000000001";
const FIRST = "00000000-0000-7000-8000-000000000002";
const MIDDLE = "00000000-0000-7000-8000-000000000003";
const SECOND = "00000000-0000-7000-8000-000000000004";
const ROWS = [
  [BEGIN, LATER],
  [FIRST, ENDED],
  [MIDDLE, LATER],
  [SECOND, ENDED],
] as const;

beforeEach(async () => {
  await db.pool.query(`truncate limit_pushes, limit_increase_requests, approval_requests cascade`);
});

/** Until so many statements of this database wait for somebody's lock. */
async function waiting(count: number): Promise<void> {
  await expect
    .poll(
      async () => {
        const { rows } = await db.pool.query<{ readonly count: number }>(
          `select count(*)::integer as count from pg_stat_activity a
            where a.datname = current_database() and a.wait_event_type = 'Lock'`,
        );
        return rows[0]?.count;
      },
      { interval: 5 },
    )
    .toBe(count);
}

async function lockPush(sql: Sql, pushId: string): Promise<void> {
  await sql.query(`select from limit_pushes p where p.limit_push_id = $1 for update`, [pushId]);
}

async function isLocked(pushId: string): Promise<boolean> {
  const { rows } = await db.pool.query(
    `select from limit_pushes p where p.limit_push_id = $1 for update skip locked`,
    [pushId],
  );
  return rows.length === 0;
}

/** A push of a raise that ends then. */
async function endedPush(pushId: string, endsAt: Instant): Promise<void> {
  await insertPush(
    db.pool,
    {
      pushId,
      operation: "raise",
      target: { system: "litellm", kind: "team", id: pushId },
      ruleTarget: `litellm:team:${pushId}`,
      period: "monthly",
      amount: usd(10),
      approvalRequestId: pushId,
      increaseRequestId: undefined,
      requester: emailFrom("bo@acme.test"),
      decidedBy: undefined,
      endsAt,
    },
    ENDED,
  );
}

describe("replicas that look for pushes at once", () => {
  test("turn what has ended in one order, wherever its rows stand", async () => {
    for (const [id, endsAt] of ROWS) await endedPush(id, endsAt);
    const [begin, middle] = [await connect(db.pool), await connect(db.pool)];
    try {
      await begin.query("begin");
      await lockPush(begin, BEGIN);
      await middle.query("begin");
      await lockPush(middle, MIDDLE);
      const turn = async (now: Instant): Promise<number> =>
        await inTransaction(db.pool, async (sql) => await turnEndedPushes(sql, now));
      // One has seen where the rows stand, and then a worker's attempt moves the first to the end.
      const early = turn(LATER);
      await waiting(1);
      await db.pool.query(`update limit_pushes set detail = 'tried' where limit_push_id = $1`, [
        FIRST,
      ]);
      await begin.query("commit");
      await expect.poll(async () => await isLocked(FIRST), { interval: 5 }).toBe(true);
      // Its clock is behind: of all rows it turns the first and the last.
      const late = turn(NOW);
      await waiting(2);
      await middle.query("commit");

      expect(await Promise.all([early, late])).toEqual([4, 0]);
    } finally {
      begin.release(true);
      middle.release(true);
    }
  });

  test("queue denials in one order, whichever was asked for first", async () => {
    for (const id of [SECOND, FIRST]) await deniedIncrease(id);
    const other = await connect(db.pool);
    try {
      await other.query("begin");
      await insertDenial(other, FIRST);
      const queued = inTransaction(db.pool, async (sql) => {
        await queueDenials(sql, NOW);
      });
      await waiting(1);
      // Whoever is first with the first is first with the second.
      await insertDenial(other, SECOND);
      await other.query("commit");
      await queued;
      const { rows } = await db.pool.query(`select from limit_pushes`);
      expect(rows).toHaveLength(2);
    } finally {
      other.release(true);
    }
  });
});

async function deniedIncrease(id: string): Promise<void> {
  await db.pool.query(
    `insert into approval_requests (approval_request_id, kind, scope, subject, title, details,
        requester_email, requested_amount_usd, ends_at, reason, policy, status, decided_by,
        decided_at, requested_at, expires_at)
     values ($1, 'anthropic_limit_increase', 'user:bo@acme.test', '{}', 't', '{}', 'bo@acme.test',
             10, $2, 'r', '{}', 'denied', 'ana@acme.test', $2, $2, $2)`,
    [id, NOW],
  );
  await db.pool.query(
    `insert into limit_increase_requests (increase_request_id, user_id, period, status,
        approval_request_id, requested_at, first_seen_at)
     values ($1, $1, 'monthly', 'pending', $1, $2, $2)`,
    [id, NOW],
  );
}

async function insertDenial(sql: Sql, id: string): Promise<void> {
  await insertPush(
    sql,
    {
      pushId: id,
      operation: "deny_increase",
      target: { system: "anthropic", kind: "user", id },
      ruleTarget: `anthropic:user:${id}`,
      period: "monthly",
      amount: usd(10),
      approvalRequestId: id,
      increaseRequestId: id,
      requester: emailFrom("bo@acme.test"),
      decidedBy: emailFrom("ana@acme.test"),
      endsAt: undefined,
    },
    NOW,
  );
}
