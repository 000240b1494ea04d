import pino from "pino";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createWaker, type Waker } from "../../src/jobs/wake.ts";
import { notifyOfWork } from "../../src/store/notify.ts";
import { useDatabase } from "../support/database.ts";

const db = useDatabase();
const log = pino({ level: "silent" });
const wakers: Waker[] = [];

afterEach(async () => {
  await Promise.all(wakers.splice(0).map(async (waker) => await waker.stop()));
  await untilListening(0);
});

/** A replica of its own, once it listens. */
async function aReplica(): Promise<{ readonly waker: Waker; readonly heard: string[] }> {
  const waker = createWaker(db.openPool(), log);
  wakers.push(waker);
  const heard: string[] = [];
  waker.onWake("budget-checks", () => heard.push("budget-checks"));
  waker.onWake("outbox", () => heard.push("outbox"));
  await untilListening(wakers.length);
  return { waker, heard };
}

const WAIT = { timeout: 120_000, interval: 20 };

async function untilListening(count: number): Promise<void> {
  await vi.waitFor(async () => {
    expect(await listening()).toBe(count);
  }, WAIT);
}

async function listening(): Promise<number> {
  const { rows } = await db.pool.query<{ count: number }>(
    `select count(*)::integer as count
       from pg_stat_activity a
      where a.datname = current_database() and a.query ilike 'listen %' and a.state = 'idle'`,
  );
  return rows[0]?.count ?? 0;
}

describe("createWaker", () => {
  test("wakes every replica, itself included, and only what was named", async () => {
    const [one, other] = [await aReplica(), await aReplica()];

    one.waker.wake("outbox");

    await vi.waitFor(() => {
      expect([one.heard, other.heard]).toEqual([["outbox"], ["outbox"]]);
    }, WAIT);
  });

  test("a burst is one notification, what follows it another", async () => {
    const { waker, heard } = await aReplica();

    for (let index = 0; index < 100; index += 1) waker.wake("budget-checks");
    await vi.waitFor(() => {
      expect(heard).toEqual(["budget-checks"]);
    }, WAIT);
    waker.wake("budget-checks");
    await vi.waitFor(() => {
      expect(heard).toEqual(["budget-checks", "budget-checks"]);
    }, WAIT);
  });

  test("hears again after its connection was cut", async () => {
    const { heard } = await aReplica();
    await db.pool.query(
      `select pg_terminate_backend(a.pid)
         from pg_stat_activity a
        where a.datname = current_database() and a.query ilike 'listen %'`,
    );

    await vi.waitFor(async () => {
      await notifyOfWork(db.pool, "outbox");
      expect(heard).toContain("outbox");
    }, WAIT);
  });

  test("a payload that nobody knows wakes nobody", async () => {
    const { heard } = await aReplica();
    await db.pool.query(`select pg_notify('claude_spend_work', 'something else')`);
    await notifyOfWork(db.pool, "outbox");

    await vi.waitFor(() => {
      expect(heard).toEqual(["outbox"]);
    }, WAIT);
  });

  test("after its stop it hears nothing, holds no connection, and waking is harmless", async () => {
    const { waker, heard } = await aReplica();
    waker.wake("outbox");
    await waker.stop();
    waker.wake("outbox");
    await notifyOfWork(db.pool, "outbox");

    await untilListening(0);
    expect(heard).toEqual([]);
  });
});
