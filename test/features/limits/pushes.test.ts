import { v7 as uuidV7 } from "uuid";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { usdToDecimal } from "../../../src/domain/money.ts";
import { addMs, DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../../../src/domain/time.ts";
import { carryOutOne, carryOutPushes } from "../../../src/features/limits/flow/carry-out.ts";
import type { LimitKeeper } from "../../../src/features/limits/flow/keepers.ts";
import { queueRaises } from "../../../src/features/limits/flow/queue-pushes.ts";
import type { LimitDeps } from "../../../src/features/limits/flow/step.ts";
import type { Push } from "../../../src/features/limits/rules.ts";
import { replacePushRules } from "../../../src/features/limits/store/push-rules.ts";
import { listPushesOf } from "../../../src/features/limits/store/pushes.ts";
import { inTransaction, type Sql } from "../../../src/store/database.ts";
import { usd } from "../../support/builders.ts";
import { type ManualClock, manualClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { BO_ID, type LimitWorld, limitWorld, lost } from "../../support/limits-builders.ts";

const db = useDatabase();
let manual: ManualClock;
let world: LimitWorld;
let deps: LimitDeps;

beforeAll(async () => {
  manual = manualClock("2026-11-23T10:00:00Z");
  world = await limitWorld(manual);
  await db.pool.query(`
    insert into budgets (budget_id, scope, base_limit_usd, period, time_zone, week_starts_on,
                         threshold_percents, forecast_threshold_percents, managed_by)
    values ('search-monthly', 'team:search', 500, 'monthly', 'UTC', 'monday', '{80}', '{}', 'slack'),
           ('each', 'each:user', 40, 'monthly', 'UTC', 'monday', '{80}', '{}', 'slack')`);
});

beforeEach(async () => {
  deps = world.deps(db.pool);
  world.litellm.budgets.set("team:search", 500);
  world.litellm.writes.length = 0;
  await db.pool.query(`
    truncate limit_pushes, limit_targets, limit_push_rules, outbox_messages, budget_grants cascade`);
});

/** Approves a raise whose pushes go to `targets`. */
async function approve(
  targets: readonly string[],
  options: { readonly dollars?: number; readonly hours?: number; readonly member?: string } = {},
): Promise<string> {
  const requestId = uuidV7();
  const budgetId = options.member === undefined ? "search-monthly" : "each";
  const now = manual.clock();
  await inTransaction(db.pool, async (sql) => {
    await replacePushRules(
      sql,
      targets.map((target) => ({ budgetId, target })),
    );
    await grant(sql, {
      requestId,
      budgetId,
      memberKey: options.member ?? "",
      amount: usdToDecimal(usd(options.dollars ?? 200)),
      now,
      endsAt: addMs(now, (options.hours ?? 24) * HOUR_MS),
    });
  });
  await inTransaction(db.pool, async (sql) => {
    await queueRaises(sql, now);
    await queueRaises(sql, now);
  });
  return requestId;
}

/** As approvals and budgets leave it behind. */
async function grant(
  sql: Sql,
  given: {
    readonly requestId: string;
    readonly budgetId: string;
    readonly memberKey: string;
    readonly amount: string;
    readonly now: Instant;
    readonly endsAt: Instant;
  },
): Promise<void> {
  const { requestId, budgetId, memberKey, amount, now, endsAt } = given;
  await sql.query(
    `insert into approval_requests (approval_request_id, kind, scope, subject, title, details,
        requester_email, requested_amount_usd, ends_at, reason, policy, status,
        approved_amount_usd, decided_by, decided_at, requested_at, expires_at)
     values ($1, 'budget_raise', 'team:search', '{}', 't', '{}', 'bo@acme.test', $2, $4,
             'r', '{}', 'applied', $2, 'ana@acme.test', $3, $3, $4)`,
    [requestId, amount, now, endsAt],
  );
  await sql.query(
    `insert into budget_grants (grant_id, budget_id, member_key, amount_usd, valid_from,
                                valid_until, approval_request_id)
     values ($1, $2, $3, $4, $5, $6, $1)`,
    [requestId, budgetId, memberKey, amount, now, endsAt],
  );
}

async function statesOf(requestId: string): Promise<readonly (readonly [string, string])[]> {
  return (await listPushesOf(db.pool, requestId)).map(({ direction, status }) => [
    direction,
    status,
  ]);
}

async function only(requestId: string): Promise<Push> {
  const [push] = await listPushesOf(db.pool, requestId);
  if (push === undefined) throw new Error("expected a push");
  return push;
}

/** LiteLLM, with one method replaced. */
function withKeeper(change: (real: LimitKeeper) => Partial<LimitKeeper>): LimitDeps {
  const real = deps.keepers.litellm;
  if (real === undefined) throw new Error("expected LiteLLM");
  return { ...deps, keepers: { ...deps.keepers, litellm: { ...real, ...change(real) } } };
}

const TEAM = ["litellm:team:search"];
const team = (): number | null | undefined => world.litellm.budgets.get("team:search");

describe("a raise that is pushed", () => {
  test("raises the limit there, and takes it off again when its time is over", async () => {
    const requestId = await approve(TEAM);
    await carryOutPushes(deps);
    expect(team()).toBe(700);
    expect(await statesOf(requestId)).toEqual([["forward", "done"]]);

    manual.advance(DAY_MS);
    await carryOutPushes(deps);

    expect(team()).toBe(500);
    expect(await statesOf(requestId)).toEqual([["back", "reversed"]]);
    expect(world.litellm.writes).toEqual(["team:search 700", "team:search 500"]);
  });

  test("says each state in place to who asked and who decided", async () => {
    const requestId = await approve(TEAM);
    await carryOutPushes(deps);

    const { pushId } = await only(requestId);
    const { rows } = await db.pool.query<{
      dedupe_key: string;
      text: string;
      updates: string | null;
    }>(
      `select dedupe_key, text, updates_dedupe_key as updates from outbox_messages
        where dedupe_key like $1 order by outbox_message_id`,
      [`limit-push:${pushId}%`],
    );
    expect(rows.filter(({ updates }) => updates === null)).toHaveLength(2);
    expect(rows.at(-1)?.text).toBe("Limit at LiteLLM team search: $500.00 → $700.00, done");
  });

  test("goes to every place that the budget names, users by their address", async () => {
    world.gateway.setLimit({ type: "organization" }, "monthly", "1000");
    const requestId = await approve(["anthropic:user", "litellm:user", "gateway:user"], {
      member: "bo@acme.test",
      dollars: 10,
    });
    await carryOutPushes(deps);

    expect(await statesOf(requestId)).toEqual([
      ["forward", "done"],
      ["forward", "done"],
      ["forward", "done"],
    ]);
    expect(world.book.writes.at(-1)).toBe(`set {"type":"user","user_id":"${BO_ID}"} 51000`);
    expect(world.litellm.budgets.get("user:bo@acme.test")).toBe(50.1);
    expect(world.gateway.writes).toEqual(['set {"type":"user","user_id":"oidc|bo"} monthly 2000']);

    // What they inherited before is inherited again.
    manual.advance(DAY_MS);
    await carryOutPushes(deps);
    expect(world.book.limits().some(({ scope }) => scope.type === "user")).toBe(false);
    expect(world.gateway.limits()).toMatchObject([{ scope: { type: "organization" } }]);
    expect(world.litellm.budgets.get("user:bo@acme.test")).toBe(40.1);
  });

  test("adds up with another raise, and each takes off its own share", async () => {
    await approve(TEAM, { dollars: 200, hours: 48 });
    await approve(TEAM, { dollars: 50, hours: 24 });
    await carryOutPushes(deps);
    expect(team()).toBe(750);

    manual.advance(DAY_MS);
    await carryOutPushes(deps);
    expect(team()).toBe(700);
    manual.advance(DAY_MS);
    await carryOutPushes(deps);
    expect(team()).toBe(500);
  });

  test("that ended while everything stood still is taken back at the next start", async () => {
    const requestId = await approve(TEAM);
    await carryOutPushes(deps);

    manual.advance(30 * DAY_MS);
    await carryOutPushes(world.deps(db.openPool()));

    expect(team()).toBe(500);
    expect(await statesOf(requestId)).toEqual([["back", "reversed"]]);
  });

  test("that ended before it was ever sent is never sent", async () => {
    const requestId = await approve(TEAM, { hours: 1 });
    manual.advance(2 * HOUR_MS);
    await carryOutPushes(deps);

    expect(world.litellm.writes).toEqual([]);
    expect(await statesOf(requestId)).toEqual([["back", "reversed"]]);
  });

  test("has nothing to raise where there is no limit, and nothing to take back", async () => {
    const requestId = await approve(["litellm:key:free"]);
    await carryOutPushes(deps);
    expect(await only(requestId)).toMatchObject({ status: "done", isApplied: false });

    manual.advance(DAY_MS);
    await carryOutPushes(deps);
    expect(await statesOf(requestId)).toEqual([["back", "reversed"]]);
    expect(world.litellm.writes).toEqual([]);
  });

  test.each([
    ["litellm:team:nowhere", "no"],
    ["anthropic:workspace:wrkspc_01", "enterprise"],
  ])("to %s fails for good, and the admins hear of it", async (target) => {
    await db.pool.query(
      `insert into organization_settings (name, time_zone, week_starts_on)
       values ('Acme', 'UTC', 'monday') on conflict do nothing;
       insert into admins (email) values ('dana@acme.test') on conflict do nothing`,
    );
    const requestId = await approve([target]);
    await carryOutPushes(deps);

    const push = await only(requestId);
    expect(push.status).toBe("failed");
    const { rows } = await db.pool.query(
      `select from outbox_messages where dedupe_key like $1 and destination = 'email:dana@acme.test'`,
      [`limit-push:${push.pushId}:failed%`],
    );
    expect(rows).toHaveLength(1);
  });

  test("waits for a system that is not configured", async () => {
    const requestId = await approve(TEAM);
    await carryOutPushes({ ...deps, keepers: {} });
    expect(await only(requestId)).toMatchObject({
      status: "pending",
      detail: "LITELLM_BASE_URL and LITELLM_MASTER_KEY are not set.",
    });

    manual.advance(10 * MINUTE_MS);
    await carryOutPushes(deps);
    expect(team()).toBe(700);
  });
});

describe("never blind", () => {
  test("a limit that somebody changed while ours stood there is left alone at the end", async () => {
    const requestId = await approve(TEAM);
    await carryOutPushes(deps);
    world.litellm.budgets.set("team:search", 650);

    manual.advance(DAY_MS);
    await carryOutPushes(deps);

    expect(team()).toBe(650);
    const push = await only(requestId);
    expect(push).toMatchObject({ status: "failed", direction: "back" });
    expect(push.detail).toContain("expected $700.00, found $650.00");
  });

  test("a second raise does not go on top of what somebody changed", async () => {
    await approve(TEAM);
    await carryOutPushes(deps);
    world.litellm.budgets.set("team:search", 650);

    const second = await approve(TEAM);
    await carryOutPushes(deps);

    expect(team()).toBe(650);
    expect(await only(second)).toMatchObject({ status: "failed", direction: "forward" });
  });

  test("a limit that was changed between two attempts is left alone", async () => {
    const requestId = await approve(TEAM);
    await carryOutOne(withKeeper(() => ({ write: async () => await Promise.resolve(lost()) })));
    expect((await only(requestId)).status).toBe("unknown");
    world.litellm.budgets.set("team:search", 600);

    manual.advance(HOUR_MS);
    await carryOutPushes(deps);

    expect(team()).toBe(600);
    expect((await only(requestId)).status).toBe("failed");
  });
});

describe("lost answers and crashes", () => {
  test("an answer that got lost is not sent again once the limit shows it", async () => {
    const requestId = await approve(TEAM);
    world.litellm.fail({ path: "/team/update", kind: "lost" });

    await carryOutPushes(deps);

    expect(await statesOf(requestId)).toEqual([["forward", "done"]]);
    expect(world.litellm.writes).toEqual(["team:search 700"]);
  });

  test("a write that was lost with the look after it is found at the next attempt", async () => {
    const requestId = await approve(TEAM);
    let reads = 0;
    const blind = withKeeper((real) => ({
      read: async (at) => ((reads += 1) > 1 ? lost() : await real.read(at)),
    }));
    await carryOutOne(blind);
    expect((await only(requestId)).status).toBe("unknown");

    manual.advance(MINUTE_MS);
    await carryOutPushes(deps);

    expect(await statesOf(requestId)).toEqual([["forward", "done"]]);
    expect(world.litellm.writes).toEqual(["team:search 700"]);
  });

  test.each(["error", "busy"] as const)("after %s it is sent again later", async (kind) => {
    const requestId = await approve(TEAM);
    world.litellm.fail({ path: "/team/update", kind });
    await carryOutPushes(deps);
    expect(team()).toBe(500);

    manual.advance(HOUR_MS);
    await carryOutPushes(deps);
    expect(team()).toBe(700);
    expect(await statesOf(requestId)).toEqual([["forward", "done"]]);
  });

  const STEPS = ["before reading", "before writing", "after writing"] as const;
  test.each(STEPS.flatMap((at) => (["forward", "back"] as const).map((way) => [at, way] as const)))(
    "a worker that dies %s (%s) leaves it to the next one",
    async (at, way) => {
      const requestId = await approve(TEAM);
      if (way === "back") {
        await carryOutPushes(deps);
        manual.advance(DAY_MS);
      }
      const dying = withKeeper((real) => ({
        read: async (asked) => {
          if (at === "before reading") throw new Error("died");
          return await real.read(asked);
        },
        write: async (asked) => {
          if (at === "after writing") await real.write(asked);
          throw new Error("died");
        },
      }));
      await expect(carryOutPushes(dying)).rejects.toThrow("died");
      await carryOutPushes(deps); // Its lease still holds.
      expect((await only(requestId)).status).toBe("sending");

      manual.advance(6 * MINUTE_MS);
      await carryOutPushes(deps);

      expect(team()).toBe(way === "back" ? 500 : 700);
      expect((await only(requestId)).status).toBe(way === "back" ? "reversed" : "done");
      expect(world.litellm.writes.length).toBe(way === "back" ? 2 : 1);
    },
  );

  test.each(STEPS)("what a worker died with %s is not raised after its time", async (at) => {
    const requestId = await approve(TEAM, { hours: 1 });
    const dying = withKeeper((real) => ({
      read: async (asked) => {
        if (at === "before reading") throw new Error("died");
        return await real.read(asked);
      },
      write: async (asked) => {
        if (at === "after writing") await real.write(asked);
        throw new Error("died");
      },
    }));
    await expect(carryOutPushes(dying)).rejects.toThrow("died");
    manual.advance(2 * HOUR_MS);
    await carryOutPushes(deps);

    const hadArrived = at === "after writing";
    expect(world.litellm.writes).toEqual(hadArrived ? ["team:search 700", "team:search 500"] : []);
    expect(await statesOf(requestId)).toEqual([["back", "reversed"]]);
  });

  test("in doubt when its time is over, it is taken back only if it had arrived", async () => {
    const arrived = await approve(TEAM, { hours: 1 });
    await carryOutOne(
      withKeeper((real) => ({
        write: async (at) => {
          await real.write(at);
          return lost();
        },
        read: async (at) => (world.litellm.writes.length > 0 ? lost() : await real.read(at)),
      })),
    );
    expect((await only(arrived)).status).toBe("unknown");
    manual.advance(2 * HOUR_MS);
    await carryOutPushes(deps);
    expect(team()).toBe(500);
    expect(world.litellm.writes).toEqual(["team:search 700", "team:search 500"]);

    const never = await approve(TEAM, { hours: 1 });
    await carryOutOne(withKeeper(() => ({ write: async () => await Promise.resolve(lost()) })));
    manual.advance(2 * HOUR_MS);
    await carryOutPushes(deps);
    expect(team()).toBe(500);
    expect(await only(never)).toMatchObject({
      direction: "back",
      status: "reversed",
      detail: "It had never arrived there.",
    });
    expect(world.litellm.writes).toHaveLength(2);
  });
});

test("one that the other system had no time for is planned anew after another of the same limit", async () => {
  const first = await approve(TEAM, { dollars: 200 });
  await carryOutOne(
    withKeeper(() => ({
      write: async () =>
        await Promise.resolve({ kind: "busy", retryAfterMs: HOUR_MS, message: "" }),
    })),
  );
  expect((await only(first)).status).toBe("pending");
  const second = await approve(TEAM, { dollars: 50 });
  await carryOutPushes(deps);
  expect(team()).toBe(550);

  manual.advance(2 * HOUR_MS);
  await carryOutPushes(deps);

  expect(team()).toBe(750);
  for (const requestId of [first, second]) {
    expect(await statesOf(requestId)).toEqual([["forward", "done"]]);
  }
});

test("one that is in doubt when its time is over is settled before another of the same limit", async () => {
  const long = await approve(TEAM, { dollars: 200, hours: 48 });
  await carryOutPushes(deps);
  const short = await approve(TEAM, { dollars: 50, hours: 1 });
  await carryOutOne(
    withKeeper((real) => ({
      write: async (at) => {
        await real.write(at);
        return lost();
      },
      read: async (at) => (team() === 750 ? lost() : await real.read(at)),
    })),
  );
  expect((await only(short)).status).toBe("unknown");

  manual.advance(3 * DAY_MS);
  await carryOutPushes(deps);

  expect(world.litellm.writes).toEqual([
    "team:search 700",
    "team:search 750",
    "team:search 700",
    "team:search 500",
  ]);
  for (const requestId of [long, short]) {
    expect(await statesOf(requestId)).toEqual([["back", "reversed"]]);
  }
});

test("one whose taking back is in doubt is settled before another, also while nobody can look", async () => {
  const long = await approve(TEAM, { dollars: 200, hours: 2 });
  const short = await approve(TEAM, { dollars: 50, hours: 1 });
  await carryOutPushes(deps);
  manual.advance(HOUR_MS);
  let isDark = false;
  const dark = withKeeper((real) => ({
    read: async (at) => (isDark ? lost() : await real.read(at)),
    write: async (at) => {
      await real.write(at);
      isDark = true;
      return lost();
    },
  }));
  await carryOutPushes(dark);
  manual.advance(MINUTE_MS);
  await carryOutPushes(dark);
  expect((await only(short)).status).toBe("unknown");

  manual.advance(DAY_MS);
  await carryOutPushes(deps);

  expect(team()).toBe(500);
  for (const requestId of [long, short]) {
    expect(await statesOf(requestId)).toEqual([["back", "reversed"]]);
  }
});

test("two replicas send each push once, and never two of one limit at a time", async () => {
  const requests = [];
  for (let index = 0; index < 6; index += 1) requests.push(await approve(TEAM, { dollars: 10 }));
  const replicas = [world.deps(db.openPool()), world.deps(db.openPool())];

  for (let round = 0; round < 4; round += 1) await Promise.all(replicas.map(carryOutPushes));

  expect(team()).toBe(560);
  expect(world.litellm.writes).toHaveLength(6);
  manual.advance(DAY_MS);
  for (let round = 0; round < 4; round += 1) await Promise.all(replicas.map(carryOutPushes));
  expect(team()).toBe(500);
  for (const requestId of requests) {
    expect(await statesOf(requestId)).toEqual([["back", "reversed"]]);
  }
});

test("a raise that is revoked is taken back at once", async () => {
  const requestId = await approve(TEAM);
  await carryOutPushes(deps);
  await db.pool.query(
    `update approval_requests set revoked_by = 'ana@acme.test', revoked_at = $2
      where approval_request_id = $1`,
    [requestId, manual.clock()],
  );
  await carryOutPushes(deps);

  expect(team()).toBe(500);
  expect(await statesOf(requestId)).toEqual([["back", "reversed"]]);
});
