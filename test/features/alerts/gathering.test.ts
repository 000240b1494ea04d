import { setTimeout as wait } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import type { AlertFact } from "../../../src/domain/alert.ts";
import { emailFrom } from "../../../src/domain/email.ts";
import { scopeFrom } from "../../../src/domain/scope.ts";
import { addMs, MINUTE_MS, timeZone } from "../../../src/domain/time.ts";
import { listAlerts } from "../../../src/features/alerts/flow/list-alerts.ts";
import { showAlert } from "../../../src/features/alerts/flow/look.ts";
import { savePreferences } from "../../../src/features/alerts/flow/preferences.ts";
import {
  explain,
  gatherAlerts,
  raiseAlerts,
  releaseHeldAlerts,
  resolveThread,
} from "../../../src/features/alerts/index.ts";
import { DEFAULT_PREFERENCES } from "../../../src/features/alerts/rules/preferences.ts";
import { tryLockDestination } from "../../../src/features/alerts/store/gatherings.ts";
import { tidyOutbox } from "../../../src/slack/reroute.ts";
import {
  connect,
  type Database,
  inTransaction,
  isConnectionLoss,
} from "../../../src/store/database.ts";
import { listenForWork } from "../../../src/store/notify.ts";
import { anAlertFact } from "../../support/alert-builders.ts";
import { acme, forgetEverything } from "../../support/budget-builders.ts";
import { manualClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { countDeadlocks, endConnections } from "../../support/deadlocks.ts";
import { type Crash, Crashed, crashing } from "../approvals/simulation/crashes.ts";

const db = useDatabase();
const time = manualClock("2026-11-23T10:00:00Z");
const BO = emailFrom("bo@acme.test");
const STORM = 5;
const deps = {
  get database() {
    return db.pool;
  },
  clock: time.clock,
  explain,
};

beforeEach(async () => {
  time.set("2026-11-23T10:00:00Z");
  await forgetEverything(db.pool);
  await db.pool.query("truncate alert_preferences, planned_events, alert_gatherings, slack_users");
  await acme(db.pool);
});

/** The numbered fact, of a thread of its own. */
function numbered(number: number, overrides: Partial<AlertFact> = {}): AlertFact {
  const name = String(number);
  return anAlertFact({
    factKey: `fact:${name}`,
    threadKey: `t${name}`,
    content: { happened: [`fact ${name}.`], brief: `brief ${name}` },
    ...overrides,
  });
}

async function raise(...facts: readonly AlertFact[]): Promise<void> {
  await inTransaction(db.pool, async (sql) => await raiseAlerts(sql, deps, facts));
}

/** Facts 0, 1, … */
async function storm(count: number, overrides: Partial<AlertFact> = {}): Promise<void> {
  for (let i = 0; i < count; i += 1) await raise(numbered(i, overrides));
}

/** As many as are posted one by one at the place of that scope. */
async function crowd(scope: AlertFact["scope"]): Promise<void> {
  const { kind, key } = scope;
  for (let i = 0; i < STORM; i += 1) {
    const name = `crowd:${kind}:${key}:${String(i)}`;
    await raise(numbered(i, { factKey: name, threadKey: name, scope }));
  }
}

/** "post #team-search: …", "update …", in order. */
async function outbox(): Promise<string[]> {
  const { rows } = await db.pool.query<{ readonly line: string }>(
    `select case when o.updates_dedupe_key is not null then 'update ' else 'post ' end
            || o.destination || ': ' || o.text as line
       from outbox_messages o order by o.outbox_message_id`,
  );
  return rows.map((row) => row.line);
}

/** "pending", "not_sent resolved", …: of facts that were not posted by themselves, oldest first. */
async function gathered(): Promise<string[]> {
  const alerts = await listAlerts(db.pool, { alertsMax: 200 });
  return alerts
    .toReversed()
    .slice(STORM)
    .flatMap(({ deliveries }) =>
      deliveries.map(({ status, because }) => [status, because].filter(Boolean).join(" ")),
    );
}

async function waiting(): Promise<number> {
  const { rowCount } = await db.pool.query(
    "select from alert_deliveries d where d.gathering_since is not null",
  );
  return rowCount ?? 0;
}

/** How many lines the storm's message has. */
async function linesOfLatest(): Promise<string[]> {
  const { rows } = await db.pool.query<{ readonly value: string }>(
    `select b.value -> 'accessory' ->> 'value' as value
       from outbox_messages o, jsonb_array_elements(o.blocks) b
      where o.outbox_message_id = (select max(outbox_message_id) from outbox_messages)
        and b.value ? 'accessory'`,
  );
  return rows.map(({ value }) => value);
}

describe("a storm", () => {
  test("is gathered into one message that lists it; each fact is recorded and can be shown", async () => {
    await storm(8);
    const posted = [0, 1, 2, 3, 4].map((i) => `post #team-search: fact ${String(i)}.`);
    expect(await outbox()).toEqual(posted);
    expect(await gathered()).toEqual(["pending", "pending", "pending"]);

    expect(await gatherAlerts(deps)).toBe(3);

    expect(await outbox()).toEqual([
      ...posted,
      "post #team-search: 3 more alerts in a short time, the latest: brief 7",
    ]);
    const lines = await linesOfLatest();
    expect(lines).toHaveLength(3);
    const shown = await showAlert(deps, { threadId: lines[2] ?? "", email: BO });
    expect(shown).toMatchObject({ kind: "shown", message: { text: "fact 7." } });
    expect([await gatherAlerts(deps), await waiting()]).toEqual([0, 0]);
  });

  test("what comes later is one more line of the same message", async () => {
    await storm(6);
    await gatherAlerts(deps);
    time.advance(MINUTE_MS);
    await raise(numbered(8), numbered(9));
    await gatherAlerts(deps);

    expect((await outbox()).slice(STORM)).toEqual([
      "post #team-search: One more alert in a short time, the latest: brief 5",
      "update #team-search: 3 more alerts in a short time, the latest: brief 9",
    ]);
  });

  test("shows the latest lines, and counts all", async () => {
    await storm(STORM);
    await raise(...Array.from({ length: 40 }, (_, i) => numbered(100 + i)));

    await gatherAlerts(deps);

    expect((await outbox()).at(-1)).toBe(
      "post #team-search: 40 more alerts in a short time, the latest: brief 139",
    );
    expect(await linesOfLatest()).toHaveLength(15);
  });

  test("is over after ten minutes", async () => {
    await storm(6);
    await gatherAlerts(deps);
    time.advance(11 * MINUTE_MS);

    await raise(numbered(9));

    expect((await outbox()).at(-1)).toBe("post #team-search: fact 9.");
  });

  test("is told for as long as one of its alerts is about a period that is not over", async () => {
    await storm(STORM);
    const soon = { start: time.clock(), end: addMs(time.clock(), MINUTE_MS) };
    const statuses = async () =>
      (
        await db.pool.query<{ readonly status: string }>(
          "select o.status from outbox_messages o where o.dedupe_key like 'alert-storm:%Z:#team-search'",
        )
      ).rows.map(({ status }) => status);
    await raise(numbered(6, { period: soon }));
    await gatherAlerts(deps);
    time.advance(2 * MINUTE_MS);
    await tidyOutbox(db.pool, time.clock());
    const afterTheFirst = await statuses();

    await raise(numbered(7));
    await gatherAlerts(deps);
    await tidyOutbox(db.pool, time.clock());

    expect([afterTheFirst, await statuses()]).toEqual([["skipped"], ["pending"]]);
  });

  test("elsewhere counts for itself", async () => {
    await storm(STORM);

    await raise(numbered(9, { scope: scopeFrom("org") }));

    expect((await outbox()).at(-1)).toBe("post #finops: fact 9.");
  });

  test("a thread that waits is told by the message that it waits for, whatever comes later", async () => {
    await storm(6);
    time.advance(11 * MINUTE_MS);

    await raise(numbered(7, { threadKey: "t5" }));
    await gatherAlerts(deps);

    expect((await outbox()).slice(STORM)).toEqual([
      "post #team-search: 2 more alerts in a short time, the latest: brief 7",
    ]);
  });

  test("what is over or no longer the case before anybody could tell it is on record only", async () => {
    await storm(STORM);
    const soon = { start: time.clock(), end: addMs(time.clock(), MINUTE_MS) };
    await raise(numbered(6, { period: soon }), numbered(7));
    await inTransaction(db.pool, async (sql) => {
      await resolveThread(sql, deps, { threadKey: "t7", because: "it has stopped." });
    });
    time.advance(MINUTE_MS);

    expect(await gatherAlerts(deps)).toBe(2);

    expect(await gathered()).toEqual(["not_sent period-over", "not_sent resolved"]);
    expect(await outbox()).toHaveLength(STORM);
  });

  test("wakes whoever gathers with its commit", async () => {
    await storm(STORM);
    const heard: string[] = [];
    let isHeard = (): void => {};
    const wakeUp = new Promise<void>((resolve) => {
      isHeard = resolve;
    });
    const listening = listenForWork(db.pool, (payload) => {
      heard.push(payload);
      if (payload === "gatherings") isHeard();
    });
    try {
      // Nobody hears what is said before they listen.
      while (!heard.includes("homes")) {
        await db.pool.query("select pg_notify('claude_spend_work', 'homes')");
        await wait(5);
      }
      expect(heard).not.toContain("gatherings");
      await raise(numbered(9));
      await wakeUp;
    } finally {
      await listening.stop();
    }
  });
});

describe("gathering", () => {
  test("by several replicas at once tells each fact once", async () => {
    const scopes = ["team:search", "org", "user:bo@acme.test"].map(scopeFrom);
    for (const scope of scopes) await crowd(scope);
    const replicas = [db.openPool(), db.openPool(), db.openPool()];
    for (let round = 0; round < 5; round += 1) {
      const facts = scopes.map((scope, i) => numbered(100 + round * 3 + i, { scope }));
      await raise(...facts);
      await Promise.all(
        replicas.map(async (database) => await gatherAlerts({ ...deps, database })),
      );
    }
    while ((await gatherAlerts(deps)) > 0);

    expect(await waiting()).toBe(0);
    const { rows } = await db.pool.query<{ readonly destination: string; readonly facts: string }>(
      `select d.destination, count(distinct d.carried_by) || ' message, ' || count(*) || ' facts'
              as facts
         from alert_deliveries d
        where d.carried_by like 'alert-storm:%'
        group by d.destination order by d.destination`,
    );
    expect(rows).toEqual(
      ["#finops", "#team-search", "email:bo@acme.test"].map((destination) => ({
        destination,
        facts: "1 message, 5 facts",
      })),
    );
    for (const { destination } of rows) {
      const lines = (await outbox()).filter((line) => line.includes(`${destination}: `));
      expect(lines.filter((line) => line.startsWith("post"))).toHaveLength(STORM + 1);
      expect(lines.at(-1)).toContain("5 more alerts");
    }
  });

  test("at a place where it fails keeps no other place waiting", async () => {
    for (const scope of ["team:search", "user:bo@acme.test"].map(scopeFrom)) {
      await crowd(scope);
      await raise(numbered(100, { factKey: `late:${scope.key}`, threadKey: scope.key, scope }));
      time.advance(1); // The team's place waits longest.
    }
    await db.pool.query(
      `alter table alert_gatherings add constraint no_poison check (destination <> '#team-search')`,
    );
    await expect(gatherAlerts(deps)).rejects.toThrow("no_poison");
    await db.pool.query(`alter table alert_gatherings drop constraint no_poison`);

    expect((await outbox()).at(-1)).toContain("email:bo@acme.test: One more alert");
    expect(await waiting()).toBe(1);
    await gatherAlerts(deps);
    expect((await outbox()).at(-1)).toContain("#team-search: One more alert");
  });

  test("leaves what another replica is at to it", async () => {
    await storm(6);
    const other = await connect(db.openPool());
    await other.query("begin");
    expect(await tryLockDestination(other, "#team-search")).toBe(true);

    expect([await gatherAlerts(deps), await waiting()]).toEqual([0, 1]);

    await other.query("rollback");
    other.release();
    expect([await gatherAlerts(deps), await waiting()]).toEqual([1, 0]);
  });

  test.each(["throw", "kill", "answer-lost"] as const)(
    "that dies at any step (%s) loses nothing and says nothing twice",
    async (kind) => {
      await storm(STORM);
      for (let at = 1, isOver = false; !isOver; at += 1) {
        await raise(numbered(100 + at));
        const crash: Crash = kind === "answer-lost" ? { kind } : { kind, at };
        try {
          await gatherAlerts({ ...deps, database: crashing(db.pool, crash) });
          isOver = true;
        } catch (error) {
          if (!(error instanceof Crashed) && !isConnectionLoss(error)) throw error;
          isOver = kind === "answer-lost";
        }
        // A connection that was cut may keep the lock for a moment.
        while ((await waiting()) > 0) await gatherAlerts(deps);
        const told = `${at === 1 ? "One more alert" : `${String(at)} more alerts`} in a short time`;
        expect((await outbox()).at(-1)).toContain(told);
        expect(await outbox()).toHaveLength(STORM + at);
      }
    },
  );
});

describe("who finds facts waits for nobody", () => {
  const [SEARCH, ORG] = [scopeFrom("team:search"), scopeFrom("org")];

  /** One transaction that raises in two steps, each when it is told to. */
  async function beginFinding(pool: Database) {
    const client = await connect(pool);
    await client.query("begin");
    return {
      find: async (fact: AlertFact) => await raiseAlerts(client, deps, [fact]),
      finish: async () => {
        await client.query("commit");
        client.release();
      },
      abort: async () => {
        await client.query("rollback");
        client.release();
      },
    };
  }

  test("else at the same places: opposite orders end without a deadlock, and all is told once", async () => {
    await crowd(SEARCH);
    await crowd(ORG);
    const before = await countDeadlocks(db.pool);
    const pools = ["a", "b"].map((name) =>
      db.openPool({ application_name: `opposite ${name}`, max: 1 }),
    );
    const [a, b] = pools;
    if (a === undefined || b === undefined) throw new Error("there are two");
    for (let round = 0; round < 20; round += 1) {
      const name = String(round).padStart(3, "0");
      const fact = (who: string, scope: AlertFact["scope"]): AlertFact => {
        const key = `${name}:${who}:${scope.kind}`;
        return numbered(round, { factKey: key, threadKey: key, scope });
      };
      const [first, second] = [await beginFinding(a), await beginFinding(b)];
      // Each has begun at one place before the other comes to it.
      await first.find(fact("a", SEARCH));
      await second.find(fact("b", ORG));
      const rest = await Promise.allSettled([
        first.find(fact("a", ORG)),
        second.find(fact("b", SEARCH)),
      ]);
      const isWell = rest.every(({ status }) => status === "fulfilled");
      await Promise.all(
        [first, second].map(async (one) => await (isWell ? one.finish() : one.abort())),
      );
      expect(isWell).toBe(true);
      await gatherAlerts(deps);
    }
    await endConnections(db.pool, pools);

    expect(await countDeadlocks(db.pool)).toBe(before);
    expect(await waiting()).toBe(0);
    const lines = await outbox();
    for (const destination of ["#team-search", "#finops"]) {
      expect(lines.findLast((line) => line.includes(`${destination}: `))).toContain(
        "40 more alerts",
      );
    }
  });

  test("else while what was held is released at the same place", async () => {
    const own = scopeFrom("user:bo@acme.test");
    const quietHours = { from: "09:00", until: "10:00" };
    await savePreferences(deps, BO, {
      ...DEFAULT_PREFERENCES,
      quietHours,
      timeZone: timeZone("UTC"),
    });
    time.set("2026-11-23T09:30:00Z");
    await raise(numbered(1, { scope: own }));
    time.set("2026-11-23T10:00:00Z");
    await crowd(own);
    const finding = await beginFinding(db.pool);
    await finding.find(numbered(2, { scope: own }));

    // It has the thread that the other comes to next.
    const release = { isOver: false };
    const releasing = releaseHeldAlerts({ ...deps, database: db.openPool() }).finally(() => {
      release.isOver = true;
    });
    while (!release.isOver && (await countBlocked()) === 0) await wait(5);
    const [found, released] = await Promise.allSettled([
      finding.find(numbered(3, { threadKey: "t1", scope: own })),
      releasing,
    ]);
    await (found.status === "fulfilled" ? finding.finish() : finding.abort());

    expect([found.status, released.status]).toEqual(["fulfilled", "fulfilled"]);
    await gatherAlerts(deps);
    expect((await outbox()).at(-1)).toContain("3 more alerts");
  });

  async function countBlocked(): Promise<number> {
    const { rowCount } = await db.pool.query(
      `select from pg_stat_activity p
        where p.datname = current_database() and cardinality(pg_blocking_pids(p.pid)) > 0`,
    );
    return rowCount ?? 0;
  }
});
