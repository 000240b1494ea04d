import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { ZERO_USD } from "../../../src/domain/money.ts";
import { DAY_MS, HOUR_MS } from "../../../src/domain/time.ts";
import type { DecisionDeps } from "../../../src/features/approvals/flow/decide-approval.ts";
import { approve, deny } from "../../../src/features/approvals/flow/decide-approval.ts";
import { carryOutPushes } from "../../../src/features/limits/flow/carry-out.ts";
import { pollIncreases } from "../../../src/features/limits/flow/poll-increases.ts";
import { applyIncrease } from "../../../src/features/limits/flow/queue-pushes.ts";
import type { LimitDeps } from "../../../src/features/limits/flow/step.ts";
import { proposeIncrease } from "../../../src/features/limits/rules/increase.ts";
import { listPushesOf } from "../../../src/features/limits/store/pushes.ts";
import { usd } from "../../support/builders.ts";
import { type ManualClock, manualClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { BO_ID, type LimitWorld, limitWorld, lost } from "../../support/limits-builders.ts";

const db = useDatabase();
const DANA = emailFrom("dana@acme.test");
let manual: ManualClock;
let world: LimitWorld;
let deps: LimitDeps;

beforeAll(async () => {
  manual = manualClock("2026-11-02T10:00:00Z");
  world = await limitWorld(manual);
  deps = world.deps(db.pool);
  world.book.setSpend(BO_ID, "48000");
  await db.pool.query(`
    insert into organization_settings (name, time_zone, week_starts_on)
    values ('Acme', 'UTC', 'monday');
    insert into admins (email) values ('dana@acme.test')`);
});

const nothing = async (): Promise<void> => await Promise.resolve();
const decisionDeps = (): DecisionDeps => ({
  database: db.pool,
  clock: manual.clock,
  appliers: {
    budget_raise: { apply: nothing, revoke: nothing },
    anthropic_limit_increase: { apply: applyIncrease, revoke: nothing },
  },
});

interface Asked {
  readonly slir: string;
  readonly requestId: string;
}

/** Bo asks in claude.ai, and there is a card about it. */
async function ask(): Promise<Asked> {
  manual.advance(HOUR_MS);
  const slir = world.book.askForMore(BO_ID, manual.clock());
  if (slir === undefined) throw new Error("one is pending already");
  expect(await pollIncreases(deps)).toBe(1);
  const { rows } = await db.pool.query<{ approval_request_id: string }>(
    `select approval_request_id from limit_increase_requests where increase_request_id = $1`,
    [slir],
  );
  return { slir, requestId: rows[0]?.approval_request_id ?? "" };
}

async function approvalStatus({ requestId }: Asked): Promise<string | undefined> {
  const { rows } = await db.pool.query<{ status: string }>(
    `select status from approval_requests where approval_request_id = $1`,
    [requestId],
  );
  return rows[0]?.status;
}

const statusThere = ({ slir }: Asked): string | undefined =>
  world.book.requests().find(({ id }) => id === slir)?.status;
const ownLimit = (): string | null | undefined =>
  world.book.limits().find(({ scope }) => scope.type === "user")?.amount;

async function pushOf({ requestId }: Asked) {
  const [push] = await listPushesOf(db.pool, requestId);
  if (push === undefined) throw new Error("expected a push");
  return push;
}

/** Ends what a test left standing, so that the next one begins with the seat tier's limit. */
async function passMonth(): Promise<void> {
  manual.advance(31 * DAY_MS);
  await carryOutPushes(deps);
}

describe("a request in claude.ai", () => {
  test("becomes one card with the person's spend and a proposed amount, whoever looks and how often", async () => {
    manual.advance(HOUR_MS);
    const slir = world.book.askForMore(BO_ID, manual.clock());
    const replicas = [world.deps(db.openPool()), world.deps(db.openPool())];

    await Promise.all(replicas.map(pollIncreases));
    await Promise.all(replicas.map(pollIncreases));

    const { rows } = await db.pool.query<{ subject: object; details: string[]; amount: string }>(
      `select subject, details, requested_amount_usd::text as amount from approval_requests
        where kind = 'anthropic_limit_increase'`,
    );
    expect(rows).toEqual([
      {
        subject: { increase_request_id: slir, user_id: BO_ID, period: "monthly" },
        details: [
          "Now: $480.00 of $500.00 (96%)",
          "After: $480.00 of $625.00 (76%)",
          "Measured here in the same time: $0.00",
          "The amount is our proposal: Anthropic does not say how much is wanted",
        ],
        amount: "125.000000000000",
      },
    ]);
    // Undecided here, it stays undecided there.
    await carryOutPushes(deps);
    expect(world.book.writes).toEqual([]);
    world.book.resolve(slir ?? "", "denied", { actor: {}, now: manual.clock() });
    expect(await pollIncreases(deps)).toBe(1);
  });

  test("approved in Slack is approved there without a mail, and given back at the end of the month", async () => {
    const asked = await ask();
    await approve(decisionDeps(), {
      requestId: asked.requestId,
      actorEmail: DANA,
      amount: usd(100),
    });
    await carryOutPushes(deps);

    expect(world.book.writes.at(-1)).toBe(`approve ${asked.slir} 60000`);
    expect(await pushOf(asked)).toMatchObject({ status: "done", intended: usd(600) });
    await pollIncreases(deps);
    expect(await approvalStatus(asked)).toBe("applied");

    await passMonth();
    expect(ownLimit()).toBeUndefined();
    expect(await pushOf(asked)).toMatchObject({ direction: "back", status: "reversed" });
  });

  test("denied in Slack is denied there, once", async () => {
    const asked = await ask();
    await deny(decisionDeps(), { requestId: asked.requestId, actorEmail: DANA, reason: "no" });
    await carryOutPushes(deps);
    await carryOutPushes(deps);

    expect(statusThere(asked)).toBe("denied");
    expect(world.book.writes.filter((write) => write.startsWith(`deny ${asked.slir}`))).toEqual([
      `deny ${asked.slir}`,
    ]);
    expect(await pushOf(asked)).toMatchObject({ operation: "deny_increase", status: "done" });
  });

  test.each(["approved", "denied"] as const)(
    "%s elsewhere takes its card back, and nobody can decide it any more",
    async (status) => {
      const asked = await ask();
      world.book.resolve(asked.slir, status, { actor: {}, now: manual.clock() });
      await pollIncreases(deps);
      await pollIncreases(deps);

      expect(await approvalStatus(asked)).toBe("cancelled");
      const late = await approve(decisionDeps(), { requestId: asked.requestId, actorEmail: DANA });
      expect(late).toMatchObject({
        decision: { kind: "refused", refusal: { reason: "settled-elsewhere" } },
      });
      const { rows } = await db.pool.query<{ blocks: unknown }>(
        `select blocks from outbox_messages where dedupe_key = $1`,
        [`approval:${asked.requestId}:card:${DANA}:decided`],
      );
      expect(JSON.stringify(rows[0]?.blocks)).toContain("at Anthropic by somebody else");
    },
  );

  test("of somebody who left takes its card back", async () => {
    const asked = await ask();
    world.faults.add({ fault: { kind: "error", type: "not_found_error" }, path: asked.slir });
    const gone = {
      ...deps,
      desk: deps.desk && {
        ...deps.desk,
        list: async () => await Promise.resolve({ kind: "answer" as const, answer: [] }),
      },
    };
    await pollIncreases(gone);

    expect(await approvalStatus(asked)).toBe("cancelled");
    world.book.resolve(asked.slir, "denied", { actor: {}, now: manual.clock() });
  });

  test("decided elsewhere just before our answer stays as it was decided", async () => {
    const asked = await ask();
    await approve(decisionDeps(), { requestId: asked.requestId, actorEmail: DANA });
    world.book.setLimit({ type: "user", user_id: BO_ID }, "55000", manual.clock());
    world.book.resolve(asked.slir, "approved", { actor: {}, now: manual.clock() });
    await carryOutPushes(deps);

    expect(ownLimit()).toBe("55000");
    expect(await pushOf(asked)).toMatchObject({
      status: "failed",
      detail: "It was approved elsewhere before: that decision stands, nothing was written.",
    });
    const [limit] = world.book.limits().filter(({ scope }) => scope.type === "user");
    world.book.removeLimit(limit?.id ?? "");
    await pollIncreases(deps);
  });
});

describe("an answer of Anthropic that gets lost", () => {
  test("and was overtaken by somebody else leaves their limit as it is", async () => {
    const asked = await ask();
    await approve(decisionDeps(), { requestId: asked.requestId, actorEmail: DANA });
    world.faults.add({ fault: { kind: "close" }, path: "/approve" });
    await carryOutPushes(deps);
    world.book.setLimit({ type: "user", user_id: BO_ID }, "55000", manual.clock());
    world.book.resolve(asked.slir, "approved", { actor: {}, now: manual.clock() });

    manual.advance(HOUR_MS);
    await carryOutPushes(deps);

    expect(ownLimit()).toBe("55000");
    expect(await pushOf(asked)).toMatchObject({ status: "failed", isApplied: false });
    const [limit] = world.book.limits().filter(({ scope }) => scope.type === "user");
    world.book.removeLimit(limit?.id ?? "");
    await pollIncreases(deps);
  });

  test.each(["close", "cut-off"] as const)(
    "(%s before it was done) is sent again",
    async (kind) => {
      const asked = await ask();
      await approve(decisionDeps(), { requestId: asked.requestId, actorEmail: DANA });
      world.faults.add({ fault: { kind }, path: "/approve" });
      await carryOutPushes(deps);
      expect(await pushOf(asked)).toMatchObject({ status: "unknown" });

      manual.advance(HOUR_MS);
      await carryOutPushes(deps);
      expect(await pushOf(asked)).toMatchObject({ status: "done" });
      await passMonth();
      await pollIncreases(deps);
    },
  );

  test("after it was done is not sent again: the true status is read", async () => {
    const asked = await ask();
    await approve(decisionDeps(), { requestId: asked.requestId, actorEmail: DANA });
    const { desk } = deps;
    if (desk === undefined) throw new Error("expected a desk");
    await carryOutPushes({
      ...deps,
      desk: {
        ...desk,
        approve: async (approval) => {
          await desk.approve(approval);
          return lost();
        },
      },
    });

    expect(await pushOf(asked)).toMatchObject({ status: "done" });
    const approvals = world.book.writes.filter((write) =>
      write.startsWith(`approve ${asked.slir}`),
    );
    expect(approvals).toHaveLength(1);
    await passMonth();
    await pollIncreases(deps);
  });

  test("of a denial is looked at again as well", async () => {
    const asked = await ask();
    await deny(decisionDeps(), { requestId: asked.requestId, actorEmail: DANA, reason: "no" });
    world.faults.add({ fault: { kind: "error", type: "overloaded_error" }, path: "/deny" });
    await carryOutPushes(deps);
    expect(await pushOf(asked)).toMatchObject({ status: "unknown" });

    manual.advance(HOUR_MS);
    await carryOutPushes(deps);
    expect(statusThere(asked)).toBe("denied");
    expect(await pushOf(asked)).toMatchObject({ status: "done" });
  });

  test("while looking changes nothing", async () => {
    const asked = await ask();
    world.faults.add({ fault: { kind: "error", type: "api_error" }, path: "_increase_requests" });
    expect(await pollIncreases(deps)).toBe(0);
    expect(await approvalStatus(asked)).toBe("requested");
  });
});

test("a proposal raises by at least a quarter, to where what was spent is four fifths", () => {
  expect(proposeIncrease({ limit: usd(500), spend: usd(480) })).toBe(usd(125));
  expect(proposeIncrease({ limit: usd(100), spend: usd(160) })).toBe(usd(100));
  expect(proposeIncrease({ limit: ZERO_USD, spend: ZERO_USD })).toBe(usd(10));
  const cents = fc.bigInt({ min: 0n, max: 10_000_000n });
  fc.assert(
    fc.property(cents, cents, (limitCents, spendCents) => {
      const limit = usd(Number(limitCents) / 100);
      const spend = usd(Number(spendCents) / 100);
      const amount = proposeIncrease({ limit, spend });

      expect(amount % usd(5)).toBe(0n);
      expect(amount * 4n).toBeGreaterThanOrEqual(limit);
      expect((limit + amount) * 4n).toBeGreaterThanOrEqual(spend * 5n);
    }),
  );
});
