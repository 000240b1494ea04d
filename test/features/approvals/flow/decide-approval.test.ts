import { beforeEach, describe, expect, test } from "vitest";
import { AppError } from "../../../../src/domain/errors.ts";
import { addMs, HOUR_MS, instant } from "../../../../src/domain/time.ts";
import {
  approve,
  type Click,
  type ClickOutcome,
  deny,
  type Preview,
  previewDecision,
  withdraw,
} from "../../../../src/features/approvals/flow/decide-approval.ts";
import { listOpenApprovals } from "../../../../src/features/approvals/flow/list-approvals.ts";
import { expireApprovals } from "../../../../src/features/approvals/flow/pass-time.ts";
import { ANA, ASKED_AT, BO, DANA, EVE } from "../../../support/approvals-builders.ts";
import { usd } from "../../../support/builders.ts";
import { useDatabase } from "../../../support/database.ts";
import {
  type Acme,
  acme,
  ask,
  aTier,
  auditActions,
  everything,
  outbox,
  resetAcme,
  statusOf,
  usePolicies,
} from "./setup.ts";

const db = useDatabase();
beforeEach(async () => {
  await resetAcme(db.pool);
});

function decisionOf(outcome: ClickOutcome | Preview): unknown {
  return outcome.kind === "answered" ? outcome.decision : outcome.kind;
}

describe("approve", () => {
  test("applies, records and tells in one go", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const decidedAt = deps.manual.advance(HOUR_MS);

    const outcome = await approve(deps, { requestId, actorEmail: ANA });

    expect(decisionOf(outcome)).toMatchObject({ kind: "applied", amount: usd(200) });
    expect(deps.applied).toEqual([
      {
        requestId,
        kind: "budget_raise",
        scope: { kind: "team", key: "search" },
        subject: { budget_id: "search-monthly" },
        amount: usd(200),
        endsAt: instant("2026-12-01T00:00:00Z"),
        requester: BO,
        beneficiary: BO,
        approvers: [ANA],
        decidedBy: ANA,
        decidedAt,
      },
    ]);
    expect(await auditActions(db.pool)).toEqual(["approval.requested", "approval.applied"]);
    const sent = (await outbox(db.pool)).slice(3);
    expect(sent.map((row) => [row.destination, row.updates_dedupe_key])).toEqual([
      ["email:ana@acme.test", `approval:${requestId}:card:ana@acme.test`],
      ["email:dana@acme.test", `approval:${requestId}:card:dana@acme.test`],
      ["email:bo@acme.test", `approval:${requestId}:requester`],
      ["email:bo@acme.test", null],
    ]);
    expect(JSON.stringify(sent)).not.toContain("approval_approve");
    expect(JSON.stringify(sent)).not.toContain("approval_withdraw");
    expect(sent.at(-1)?.text).toContain("ana@acme.test approved $200.00 for Search");
  });

  test("grants another amount, with a note for the requester", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);

    await approve(deps, { requestId, actorEmail: ANA, amount: usd(150), note: " Enough? " });

    expect(deps.applied.map((approval) => approval.amount)).toEqual([usd(150)]);
    const [notice] = await outbox(db.pool, ":outcome");
    expect(notice?.text).toContain("$150.00 of $200.00");
    expect(JSON.stringify(notice?.blocks)).toContain("> Enough?");
  });

  test("waits for the quorum, shows the voice on every card, then grants the smaller amount", async () => {
    await usePolicies(db.pool, aTier({ quorum: 2 }));
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);

    const first = await approve(deps, {
      requestId,
      actorEmail: ANA,
      amount: usd(150),
      note: "One run.",
    });
    const afterFirst = (await outbox(db.pool, ":votes-1")).map((row) => row.text);
    const [danas] = await listOpenApprovals(db.pool, { approver: DANA });
    const anas = await listOpenApprovals(db.pool, { approver: ANA });
    const second = await approve(deps, { requestId, actorEmail: DANA, note: "  " });

    expect(decisionOf(first)).toMatchObject({ kind: "voted", approvals: 1, quorum: 2 });
    expect(afterFirst).toHaveLength(3);
    expect(afterFirst[0]).toContain("1 of 2 approved, by ana@acme.test ($150.00)");
    expect(danas?.votes).toMatchObject([{ approver: ANA, amount: usd(150) }]);
    expect(anas).toEqual([]);
    expect(decisionOf(second)).toMatchObject({ kind: "applied", amount: usd(150) });
    expect(deps.applied).toMatchObject([{ approvers: [ANA, DANA], decidedBy: DANA }]);
    expect((await outbox(db.pool, ":card:ana@acme.test:decided"))[0]?.text).toContain(
      "Approved by ana@acme.test and dana@acme.test: $150.00 of $200.00.",
    );
    const [notice] = await outbox(db.pool, ":outcome");
    expect(JSON.stringify(notice?.blocks)).toContain("> One run.");
  });

  test("mentions whom Slack has shown us, the latest of two with one address", async () => {
    await db.pool.query(
      `insert into slack_users (slack_user_id, email, display_name, seen_at) values
         ('U1', 'ana@acme.test', 'Ana', '2026-11-01'), ('U2', 'ana@acme.test', 'Ana', '2026-11-02'),
         ('U3', 'bo@acme.test', 'Bo', '2026-11-01')`,
    );
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);

    await approve(deps, { requestId, actorEmail: ANA });

    const [card] = await outbox(db.pool, ":card:dana@acme.test:decided");
    expect(card?.text).toMatch(/^bo@acme\.test asked .* Approved by ana@acme\.test/);
    expect(JSON.stringify(card?.blocks)).toMatch(/<@U3>.*Approved by <@U2>/);
  });

  test("rolls everything back when the applier fails, and can be tried again", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const before = await everything(db.pool);
    const failing: Acme = {
      ...deps,
      appliers: {
        ...deps.appliers,
        budget_raise: {
          ...deps.appliers.budget_raise,
          apply: async (sql) => {
            await sql.query(`insert into admins (email) values ('mallory@acme.test')`);
            throw new AppError({ code: "conflict", message: "The budget is archived." });
          },
        },
      },
    };

    await expect(approve(failing, { requestId, actorEmail: ANA })).rejects.toThrow("archived");

    expect(await everything(db.pool)).toEqual(before);
    expect((await db.pool.query(`select a.email from admins a`)).rowCount).toBe(1);
    expect(decisionOf(await approve(deps, { requestId, actorEmail: ANA }))).toMatchObject({
      kind: "applied",
    });
  });
});

describe("deny and withdraw", () => {
  test("deny tells the requester who and why", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);

    await deny(deps, { requestId, actorEmail: DANA, reason: "Wait for <Q1>" });

    expect(await statusOf(db.pool, requestId)).toBe("denied");
    expect(deps.applied).toEqual([]);
    const [notice] = await outbox(db.pool, ":outcome");
    expect(notice?.text).toContain("dana@acme.test denied your request for $200.00");
    expect(JSON.stringify(notice?.blocks)).toContain("> Wait for &lt;Q1&gt;");
  });

  test("withdraw closes every card and sends the requester no news of their own deed", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);

    await withdraw(deps, { requestId, actorEmail: BO });

    expect(await statusOf(db.pool, requestId)).toBe("cancelled");
    expect((await outbox(db.pool, ":decided")).map((row) => row.destination)).toEqual([
      "email:ana@acme.test",
      "email:dana@acme.test",
      "email:bo@acme.test",
    ]);
    expect(await outbox(db.pool, ":outcome")).toEqual([]);
  });
});

describe("many clicks at once", () => {
  test("twenty approvals and denials of several approvers make one outcome", async () => {
    await db.pool.query(`insert into admins (email)
      select 'admin' || n || '@acme.test' from generate_series(1, 8) as n`);
    const deps = acme(db.pool);
    const { requestId, approvers } = await ask(deps);
    expect(approvers).toHaveLength(10);
    const decideAs = async (click: Click, index: number): Promise<ClickOutcome> =>
      index % 2 === 0 ? await approve(deps, click) : await deny(deps, { ...click, reason: "no" });

    const outcomes = await Promise.all(
      [...approvers, ...approvers].map(
        async (actorEmail, index) => await decideAs({ requestId, actorEmail }, index),
      ),
    );

    const answered = outcomes.flatMap((outcome) => (outcome.kind === "answered" ? [outcome] : []));
    const winners = answered.filter(({ decision }) => decision.kind !== "refused");
    expect(winners).toHaveLength(1);
    const winner = winners[0]?.request;
    for (const { decision } of answered) {
      if (decision.kind !== "refused") continue;
      expect(decision.refusal).toEqual({
        reason: "already-decided",
        by: winner?.decidedBy,
        at: ASKED_AT,
        status: winner?.status,
      });
    }
    const wasApplied = winner?.status === "applied";
    expect(deps.applied).toHaveLength(wasApplied ? 1 : 0);
    expect(await auditActions(db.pool)).toEqual([
      "approval.requested",
      wasApplied ? "approval.applied" : "approval.denied",
    ]);
    expect(await outbox(db.pool, ":outcome")).toHaveLength(1);
  });

  test("ten clicks of two approvers reach a quorum of two once", async () => {
    await usePolicies(db.pool, aTier({ quorum: 2 }));
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);

    const outcomes = await Promise.all(
      Array.from(
        { length: 10 },
        async (_, index) =>
          await approve(deps, { requestId, actorEmail: index % 2 === 0 ? ANA : DANA }),
      ),
    );

    const kinds = outcomes.flatMap((outcome) =>
      outcome.kind === "answered" ? [outcome.decision.kind] : [],
    );
    expect(kinds.filter((kind) => kind === "voted")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "applied")).toHaveLength(1);
    expect(deps.applied).toHaveLength(1);
  });

  test("a click and the expiry together make one outcome", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const justBefore = addMs(ASKED_AT, 72 * HOUR_MS - 1);
    const clicking: Acme = { ...deps, clock: () => justBefore };
    const expiring: Acme = { ...deps, clock: () => addMs(justBefore, 1) };

    const [outcome, expired] = await Promise.all([
      approve(clicking, { requestId, actorEmail: ANA }),
      expireApprovals(expiring),
    ]);
    await expireApprovals(expiring);

    const wasApplied = deps.applied.length === 1;
    expect(await statusOf(db.pool, requestId)).toBe(wasApplied ? "applied" : "expired");
    expect(decisionOf(outcome)).toMatchObject({ kind: wasApplied ? "applied" : "refused" });
    expect(expired).toBe(wasApplied ? 0 : 1);
    expect(await outbox(db.pool, ":outcome")).toHaveLength(1);
  });
});

describe("authority is judged at the click", () => {
  test("an owner who was removed since is refused", async () => {
    await usePolicies(db.pool, aTier({ approvers: ["team_owners"] }));
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    await db.pool.query(`update team_members set role = 'member' where email = 'ana@acme.test'`);

    const outcome = await approve(deps, { requestId, actorEmail: ANA });

    expect(decisionOf(outcome)).toMatchObject({ refusal: { reason: "not-an-approver" } });
    expect(await statusOf(db.pool, requestId)).toBe("requested");
  });

  test("an owner who was added since may decide", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    await db.pool.query(`insert into team_members values ('search', 'eve@acme.test', 'owner')`);

    expect(decisionOf(await approve(deps, { requestId, actorEmail: EVE }))).toMatchObject({
      kind: "applied",
    });
  });

  test("a Slack group counts as it is now", async () => {
    await usePolicies(db.pool, aTier({ approvers: ["slack_group:leads"] }));
    let members = [ANA, EVE];
    // oxlint-disable-next-line typescript/require-await -- stands in for a call of Slack
    const deps = acme(db.pool, { approverGroups: async () => members });
    const { requestId } = await ask(deps);
    members = [EVE];

    expect(decisionOf(await approve(deps, { requestId, actorEmail: ANA }))).toMatchObject({
      refusal: { reason: "not-an-approver" },
    });
    expect(decisionOf(await approve(deps, { requestId, actorEmail: EVE }))).toMatchObject({
      kind: "applied",
    });
  });

  test("a Slack that can't be asked fails the click and changes nothing", async () => {
    await usePolicies(db.pool, aTier({ approvers: ["slack_group:leads"] }));
    // oxlint-disable-next-line typescript/require-await -- stands in for a call of Slack
    const deps = acme(db.pool, { approverGroups: async () => [ANA] });
    const { requestId } = await ask(deps);
    const before = await everything(db.pool);
    const away = acme(db.pool, {
      // oxlint-disable-next-line typescript/require-await -- stands in for a call of Slack
      approverGroups: async () => {
        throw new AppError({ code: "unavailable", message: "Slack is away.", retryable: true });
      },
    });

    await expect(approve(away, { requestId, actorEmail: ANA })).rejects.toThrow(
      "I can't see who is in @leads in Slack right now",
    );

    expect(await everything(db.pool)).toEqual(before);
  });
});

describe("every refusal leaves the tables unchanged", () => {
  const day = 24 * HOUR_MS;
  type Attempt = (deps: Acme, requestId: string) => Promise<ClickOutcome>;
  test.each<[string, Attempt]>([
    ["own-request", async (deps, requestId) => await approve(deps, { requestId, actorEmail: BO })],
    ["own-request", async (deps, requestId) => await deny(deps, { requestId, actorEmail: BO })],
    [
      "not-an-approver",
      async (deps, requestId) => await approve(deps, { requestId, actorEmail: EVE }),
    ],
    [
      "not-the-requester",
      async (deps, requestId) => await withdraw(deps, { requestId, actorEmail: ANA }),
    ],
    [
      "already-voted",
      async (deps, requestId) => await approve(deps, { requestId, actorEmail: DANA }),
    ],
    [
      "amount-above-request",
      async (deps, requestId) =>
        await approve(deps, { requestId, actorEmail: ANA, amount: usd(200.01) }),
    ],
    [
      "amount-not-positive",
      async (deps, requestId) =>
        await approve(deps, { requestId, actorEmail: ANA, amount: usd(0) }),
    ],
    [
      "expired",
      async (deps, requestId) => {
        deps.manual.advance(day);
        return await approve(deps, { requestId, actorEmail: ANA });
      },
    ],
  ])("%s", async (reason, attempt) => {
    await usePolicies(db.pool, aTier({ quorum: 2 }));
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    await approve(deps, { requestId, actorEmail: DANA });
    const before = await everything(db.pool);

    const outcome = await attempt(deps, requestId);

    expect(decisionOf(outcome)).toMatchObject({ kind: "refused", refusal: { reason } });
    expect(await everything(db.pool)).toEqual(before);
  });

  test("already-decided", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    await deny(deps, { requestId, actorEmail: DANA, reason: "no" });
    const before = await everything(db.pool);

    const outcome = await approve(deps, { requestId, actorEmail: ANA });

    expect(decisionOf(outcome)).toEqual({
      kind: "refused",
      refusal: { reason: "already-decided", by: DANA, at: ASKED_AT, status: "denied" },
    });
    expect(await everything(db.pool)).toEqual(before);
  });

  test.each([
    "",
    "nonsense",
    "'; drop table admins; --",
    "\u0000",
    "01930000-0000-7000-8000-00000000ffff",
  ])("unknown request %j", async (requestId) => {
    const deps = acme(db.pool);

    expect(await approve(deps, { requestId, actorEmail: ANA })).toEqual({
      kind: "unknown-request",
    });
    expect(await previewDecision(deps, { requestId, actorEmail: ANA }, { kind: "deny" })).toEqual({
      kind: "unknown-request",
    });
  });
});

test("a preview says what a click would do and does nothing", async () => {
  const deps = acme(db.pool);
  const { requestId } = await ask(deps);
  const before = await everything(db.pool);

  const allowed = await previewDecision(deps, { requestId, actorEmail: ANA }, { kind: "approve" });
  const own = await previewDecision(deps, { requestId, actorEmail: BO }, { kind: "approve" });

  expect(decisionOf(allowed)).toMatchObject({ kind: "applied" });
  expect(decisionOf(own)).toMatchObject({ refusal: { reason: "own-request" } });
  expect(deps.applied).toEqual([]);
  expect(await everything(db.pool)).toEqual(before);
});
