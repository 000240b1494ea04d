import { beforeEach, describe, expect, test } from "vitest";
import { type Email, emailFrom } from "../../../../src/domain/email.ts";
import { HOUR_MS, instant } from "../../../../src/domain/time.ts";
import { answerQuestion } from "../../../../src/features/approvals/flow/answer-question.ts";
import {
  approve,
  askQuestion,
  type ClickOutcome,
  deny,
  revoke,
} from "../../../../src/features/approvals/flow/decide-approval.ts";
import { delegate, endOwnDelegation } from "../../../../src/features/approvals/flow/delegate.ts";
import { explainApproval } from "../../../../src/features/approvals/flow/explain.ts";
import { remindApprovers } from "../../../../src/features/approvals/flow/pass-time.ts";
import { requestApproval } from "../../../../src/features/approvals/flow/request-approval.ts";
import { inTransaction } from "../../../../src/store/database.ts";
import { ANA, aProposal, BO, DANA, EVE } from "../../../support/approvals-builders.ts";
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

function decisionOf(outcome: ClickOutcome): unknown {
  return outcome.kind === "answered" ? outcome.decision : outcome.kind;
}

function refusalOf(outcome: ClickOutcome): string {
  return outcome.kind === "answered" && outcome.decision.kind === "refused"
    ? outcome.decision.refusal.reason
    : outcome.kind;
}

function chain(first: readonly string[], second: readonly string[]) {
  return aTier({
    steps: [
      { approvers: first, quorum: 1 },
      { approvers: second, quorum: 1 },
    ],
  });
}

describe("a chain", () => {
  test("asks the second step when the first has agreed, and applies after both", async () => {
    await usePolicies(db.pool, chain(["team_owners"], ["eve@acme.test"]));
    const deps = acme(db.pool);
    const { requestId, approvers } = await ask(deps);
    expect(approvers).toEqual([ANA]);

    const early = await approve(deps, { requestId, actorEmail: EVE });
    const first = await approve(deps, { requestId, actorEmail: ANA });
    const cards = (await outbox(db.pool, `:card:${EVE}`)).map((row) => row.text);
    const second = await approve(deps, { requestId, actorEmail: EVE });

    expect(decisionOf(early)).toMatchObject({ refusal: { reason: "not-your-turn", step: 1 } });
    expect(decisionOf(first)).toMatchObject({ kind: "voted", step: 2, steps: 2, approvals: 0 });
    expect(cards).toHaveLength(1);
    expect(decisionOf(second)).toMatchObject({ kind: "applied" });
    expect(deps.applied[0]?.approvers).toEqual([ANA, EVE]);
  });

  test("does not ask twice who stands in two steps, yet takes a second person", async () => {
    await usePolicies(db.pool, chain(["team_owners", "eve@acme.test"], ["ana@acme.test"]));
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);

    const alone = await approve(deps, { requestId, actorEmail: ANA });
    const again = await approve(deps, { requestId, actorEmail: ANA });
    const other = await approve(deps, { requestId, actorEmail: EVE });

    expect(decisionOf(alone)).toMatchObject({ kind: "voted", approvals: 1, quorum: 1 });
    expect(refusalOf(again)).toBe("already-voted");
    expect(decisionOf(other)).toMatchObject({ kind: "applied" });
  });

  test("one voice in two steps is enough for the later one", async () => {
    await usePolicies(db.pool, chain(["team_owners"], ["ana@acme.test", "eve@acme.test"]));
    const deps = acme(db.pool);
    await db.pool.query(`insert into team_members values ('search', 'eve@acme.test', 'owner')`);
    const { requestId } = await ask(deps);
    await approve(deps, { requestId, actorEmail: ANA });

    expect(decisionOf(await approve(deps, { requestId, actorEmail: EVE }))).toMatchObject({
      kind: "applied",
    });
  });

  test("of one person alone is refused when it is asked for", async () => {
    await usePolicies(db.pool, chain(["ana@acme.test"], ["ana@acme.test"]));
    const outcome = await inTransaction(
      db.pool,
      async (sql) => await requestApproval(sql, acme(db.pool), aProposal()),
    );

    expect(outcome).toEqual({ kind: "refused", reason: "too-few-approvers" });
  });
});

describe("a beneficiary", () => {
  test("never decides what is asked for them", async () => {
    const deps = acme(db.pool);
    const { requestId, approvers } = await ask(deps, { requester: BO, beneficiary: ANA });

    expect(approvers).toEqual([DANA]);
    expect(refusalOf(await approve(deps, { requestId, actorEmail: ANA }))).toBe("own-request");
  });
});

describe("out of office", () => {
  const until = "2026-11-30";

  test("the delegate gets the card, decides in their own name, and the absent person is marked", async () => {
    await usePolicies(db.pool, aTier({ approvers: ["team_owners"] }));
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    await db.pool.query(
      `insert into slack_users (slack_user_id, email, display_name, seen_at) values ('UE', 'eve@acme.test', 'Eve', '2026-11-01')`,
    );

    await delegate(deps, { from: ANA, to: EVE, untilText: until });
    const outcome = await approve(deps, { requestId, actorEmail: EVE });

    expect(decisionOf(outcome)).toMatchObject({ kind: "applied", vote: { for: ANA } });
    expect((await outbox(db.pool, `:card:${EVE}:decided`))[0]?.text).toContain(
      "Approved by eve@acme.test (for ana@acme.test)",
    );
    expect(await auditActions(db.pool)).toContain("approval.delegated");
  });

  test("one mandate speaks once, and no longer than it was given", async () => {
    await db.pool.query(`insert into admins (email) values ('eve@acme.test')`);
    await usePolicies(db.pool, aTier({ approvers: ["team_owners", "dana@acme.test"], quorum: 2 }));
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    await delegate(deps, { from: ANA, to: EVE, untilText: until });
    await approve(deps, { requestId, actorEmail: EVE });

    expect(refusalOf(await approve(deps, { requestId, actorEmail: ANA }))).toBe(
      "already-represented",
    );

    const other = await ask(deps, { reason: "another" });
    await endOwnDelegation(deps, ANA);
    expect(refusalOf(await approve(deps, { requestId: other.requestId, actorEmail: EVE }))).toBe(
      "not-an-approver",
    );
  });

  test("who stands in for two speaks for the one who has not spoken", async () => {
    await db.pool.query(
      `insert into team_members values ('search', 'cleo@acme.test', 'owner');
       insert into admins (email) values ('eve@acme.test')`,
    );
    await usePolicies(db.pool, aTier({ approvers: ["team_owners"], quorum: 2 }));
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const CLEO = emailFrom("cleo@acme.test");
    for (const from of [ANA, CLEO]) await delegate(deps, { from, to: EVE, untilText: until });
    await approve(deps, { requestId, actorEmail: ANA });

    expect(decisionOf(await approve(deps, { requestId, actorEmail: EVE }))).toMatchObject({
      kind: "applied",
      vote: { for: CLEO },
    });
  });

  test.each<[string, Email, string, string]>([
    ["oneself", ANA, until, "oneself"],
    ["a stranger", "x@else.test" as Email, until, "unknown-person"],
    ["a day that is over", DANA, "2026-11-01", "past"],
    ["no day", DANA, "someday", "not-a-date"],
  ])("refuses %s", async (_what, to, untilText, reason) => {
    const before = await everything(db.pool);

    expect(await delegate(acme(db.pool), { from: ANA, to, untilText })).toMatchObject({ reason });
    expect(await everything(db.pool)).toEqual(before);
  });

  test("a delegate of the requester's choosing who asked never decides", async () => {
    await usePolicies(db.pool, aTier({ approvers: ["team_owners"] }));
    const deps = acme(db.pool);
    await delegate(deps, { from: ANA, to: BO, untilText: until });
    const { requestId } = await ask(deps);

    expect(refusalOf(await approve(deps, { requestId, actorEmail: BO }))).toBe("own-request");
  });
});

describe("automatic approval", () => {
  const auto = { upTo: usd(50), perPeriod: usd(120), periodKind: "monthly" } as const;
  const small = async (deps: Acme, dollars: number, key: string) =>
    await inTransaction(
      db.pool,
      async (sql) =>
        await requestApproval(
          sql,
          { ...deps, apply: deps.appliers.budget_raise.apply },
          aProposal({ amount: usd(dollars), idempotencyKey: key }),
        ),
    );

  test("ends exactly at the ceiling, however many ask at once", async () => {
    await usePolicies(db.pool, aTier({ autoApprove: auto }));
    const deps = acme(db.pool);

    const outcomes = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => await small(deps, 40, `k${String(index)}`)),
    );

    expect(outcomes.filter(({ kind }) => kind === "applied")).toHaveLength(3);
    expect(outcomes.filter(({ kind }) => kind === "requested")).toHaveLength(3);
    expect(deps.applied.every(({ approvers }) => approvers.length === 0)).toBe(true);
  });

  test("takes nobody's place above its amount, begins anew with the period", async () => {
    await usePolicies(db.pool, aTier({ autoApprove: auto }));
    const deps = acme(db.pool);

    expect((await small(deps, 50.01, "large")).kind).toBe("requested");
    for (const key of ["a", "b"]) await small(deps, 50, key);
    expect((await small(deps, 50, "c")).kind).toBe("requested");
    deps.manual.set("2026-12-01T00:00:00Z");
    const outcome = await inTransaction(
      db.pool,
      async (sql) =>
        await requestApproval(
          sql,
          { ...deps, apply: deps.appliers.budget_raise.apply },
          aProposal({ amount: usd(50), endsAt: instant("2026-12-31T00:00:00Z") }),
        ),
    );
    expect(outcome.kind).toBe("applied");
  });

  test("the same form sent twice takes from the ceiling once", async () => {
    await usePolicies(db.pool, aTier({ autoApprove: auto }));
    const deps = acme(db.pool);

    const outcomes = await Promise.all([small(deps, 40, "form"), small(deps, 40, "form")]);

    expect(outcomes[0]).toEqual(outcomes[1]);
    expect(deps.applied).toHaveLength(1);
  });
});

describe("questions", () => {
  test("go to the requester, whose answer goes to the asker and onto every card", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);

    await askQuestion(deps, { requestId, actorEmail: ANA, question: "For <which> model?" });
    const [asked] = await outbox(db.pool, "approval-question:");
    const questionId = asked?.dedupe_key.slice("approval-question:".length) ?? "";
    const stranger = await answerQuestion(deps, { questionId, actorEmail: EVE, text: "x" });
    const answered = await answerQuestion(deps, { questionId, actorEmail: BO, text: "Opus" });
    const twice = await answerQuestion(deps, { questionId, actorEmail: BO, text: "Haiku" });

    expect(asked?.destination).toBe(`email:${BO}`);
    expect(asked?.text).toContain("For &lt;which&gt; model?");
    expect(stranger).toEqual({ kind: "refused", reason: "not-the-requester" });
    expect(answered.kind).toBe("answered");
    expect(twice).toEqual({ kind: "refused", reason: "already-answered" });
    const [told] = await outbox(db.pool, "approval-answered:");
    expect([told?.destination, told?.text]).toEqual([
      `email:${ANA}`,
      "ana@acme.test, bo@acme.test answered: Opus",
    ]);
    expect(JSON.stringify((await outbox(db.pool, `:card:${DANA}:answer-`))[0]?.blocks)).toContain(
      "> Opus",
    );
    expect(await statusOf(db.pool, requestId)).toBe("requested");
  });
});

describe("a shorter time", () => {
  test("is granted when an approver says so, the earliest of several", async () => {
    await usePolicies(db.pool, aTier({ quorum: 2 }));
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    await approve(deps, { requestId, actorEmail: ANA, lastDay: "2026-11-27" });
    await approve(deps, { requestId, actorEmail: DANA, lastDay: "2026-11-25" });

    expect(deps.applied[0]?.endsAt).toEqual(instant("2026-11-26T00:00:00Z"));
  });

  test.each([
    ["2026-11-22", "end-over"],
    ["nonsense", "end-over"],
    ["2026-12-01", "end-after-request"],
  ])("until %s is refused", async (lastDay, reason) => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);

    expect(refusalOf(await approve(deps, { requestId, actorEmail: ANA, lastDay }))).toBe(reason);
  });
});

describe("revoke", () => {
  test("ends what runs, once, and tells the requester why", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const early = await revoke(deps, { requestId, actorEmail: ANA, reason: "no" });
    await approve(deps, { requestId, actorEmail: ANA });

    const outcomes = await Promise.all(
      [ANA, DANA, EVE, BO].map(
        async (actorEmail) =>
          await revoke(deps, { requestId, actorEmail, reason: "Launch is off" }),
      ),
    );

    expect(refusalOf(early)).toBe("not-running");
    expect(outcomes.map(refusalOf).toSorted()).toEqual([
      "already-revoked",
      "answered",
      "not-an-approver",
      "own-request",
    ]);
    expect(deps.revoked).toHaveLength(1);
    expect((await outbox(db.pool, ":revoked"))[0]?.text).toBeDefined();
    deps.manual.set("2026-12-02T00:00:00Z");
    const over = await ask(deps, { endsAt: instant("2026-12-03T00:00:00Z") });
    await approve(deps, { requestId: over.requestId, actorEmail: ANA });
    deps.manual.set("2026-12-04T00:00:00Z");
    expect(
      refusalOf(await revoke(deps, { requestId: over.requestId, actorEmail: ANA, reason: "x" })),
    ).toBe("not-running");
  });
});

describe("who may ask a question", () => {
  test("is judged by now, also of those who have spoken", async () => {
    await usePolicies(db.pool, aTier({ quorum: 2 }));
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    await approve(deps, { requestId, actorEmail: ANA });
    const question = { requestId, actorEmail: ANA, question: "Why now?" };

    const before = await askQuestion(deps, question);
    await db.pool.query("update team_members set role = 'member' where email = $1", [ANA]);
    const after = await askQuestion(deps, question);

    expect([before, after].map(refusalOf)).toEqual(["answered", "not-an-approver"]);
  });
});

describe("who may revoke", () => {
  test("is judged by now: whoever approved it and is no approver any more may not", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    await approve(deps, { requestId, actorEmail: ANA });
    await db.pool.query("update team_members set role = 'member' where email = $1", [ANA]);

    const outcome = await revoke(deps, { requestId, actorEmail: ANA, reason: "Launch is off" });

    expect(refusalOf(outcome)).toBe("not-an-approver");
    expect(deps.revoked).toEqual([]);
  });

  test("a delegate may while the delegation lasts, also after speaking", async () => {
    await db.pool.query(
      `insert into slack_users (slack_user_id, email, display_name, seen_at) values ('UE', 'eve@acme.test', 'Eve', '2026-11-01')`,
    );
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    await delegate(deps, { from: ANA, to: EVE, untilText: "2026-11-30" });
    await approve(deps, { requestId, actorEmail: EVE });
    const other = await ask(deps);
    await approve(deps, { requestId: other.requestId, actorEmail: EVE });

    const during = await revoke(deps, { requestId, actorEmail: EVE, reason: "Launch is off" });
    await endOwnDelegation(deps, ANA);
    const after = await revoke(deps, { requestId: other.requestId, actorEmail: EVE, reason: "x" });

    expect([during, after].map(refusalOf)).toEqual(["answered", "not-an-approver"]);
  });
});

describe("reminders", () => {
  test("come at their times, to those who have not answered, once after a standstill", async () => {
    await usePolicies(db.pool, aTier({ quorum: 2, remindAfterMs: [HOUR_MS, 2 * HOUR_MS] }));
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    await approve(deps, { requestId, actorEmail: ANA });

    deps.manual.advance(HOUR_MS - 1);
    expect(await remindApprovers(deps)).toBe(0);
    deps.manual.advance(3 * HOUR_MS);
    expect(await Promise.all([remindApprovers(deps), remindApprovers(deps)])).toContain(1);
    expect(await remindApprovers(deps)).toBe(0);

    const reminders = await outbox(db.pool, ":reminder-");
    expect(reminders.map((row) => row.destination)).toEqual([`email:${DANA}`]);
  });
});

describe("texts that are too long", () => {
  test("are refused, and nothing changes", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    const before = await everything(db.pool);
    const long = "x".repeat(5_000);

    expect(refusalOf(await deny(deps, { requestId, actorEmail: ANA, reason: long }))).toBe(
      "text-too-long",
    );
    const asked = await inTransaction(
      db.pool,
      async (sql) => await requestApproval(sql, deps, aProposal({ reason: long })),
    );
    expect(asked).toEqual({ kind: "refused", reason: "text-too-long" });
    expect(await everything(db.pool)).toEqual(before);
  });
});

describe("explain", () => {
  const question = {
    scope: { kind: "team", key: "search" },
    amount: usd(200),
    baseAmount: usd(500),
    requester: BO,
    beneficiary: BO,
  } as const;

  test("says which policy holds and why, whom each step asks, and who is left out", async () => {
    await usePolicies(
      db.pool,
      aTier({ name: "small", match: { upToPercent: 20 } }),
      {
        ...chain(["team_owners"], ["eve@acme.test", "bo@acme.test"]),
        name: "search",
        match: { scopes: ["team:search"] },
      },
      aTier({ approvers: ["slack_group:finops"] }),
    );

    const explanation = await explainApproval(acme(db.pool), question);

    expect(explanation.policies).toMatchObject([
      { position: 1, mismatch: "percent", isChosen: false },
      { position: 2, name: "search", mismatch: undefined, isChosen: true },
      { position: 3, mismatch: undefined, isChosen: false },
    ]);
    expect(explanation.steps).toMatchObject([
      { asked: [ANA], quorum: 1 },
      { asked: [EVE], excluded: [{ person: BO, because: "requester" }] },
    ]);
    expect(explanation.refusal).toBeUndefined();
  });
});
