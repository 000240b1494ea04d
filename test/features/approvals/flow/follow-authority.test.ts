import { beforeEach, describe, expect, test } from "vitest";
import type { Email } from "../../../../src/domain/email.ts";
import { AppError } from "../../../../src/domain/errors.ts";
import { HOUR_MS, MINUTE_MS } from "../../../../src/domain/time.ts";
import { approve } from "../../../../src/features/approvals/flow/decide-approval.ts";
import { delegate, endOwnDelegation } from "../../../../src/features/approvals/flow/delegate.ts";
import { followAuthority } from "../../../../src/features/approvals/flow/follow-authority.ts";
import {
  escalateApprovals,
  remindApprovers,
} from "../../../../src/features/approvals/flow/pass-time.ts";
import { ANA, BO, DANA, EVE } from "../../../support/approvals-builders.ts";
import { usd } from "../../../support/builders.ts";
import { useDatabase } from "../../../support/database.ts";
import {
  acme,
  ask,
  aTier,
  auditActions,
  everything,
  outbox,
  resetAcme,
  usePolicies,
} from "./setup.ts";

const db = useDatabase();
beforeEach(async () => {
  await resetAcme(db.pool);
  await usePolicies(db.pool, aTier({ approvers: ["team_owners"], remindAfterMs: [HOUR_MS] }));
  await addPerson(EVE);
});

async function addPerson(email: Email): Promise<void> {
  await db.pool.query(
    `insert into team_members (team_key, email, role) values ('search', $1, 'member')`,
    [email],
  );
}

async function setOwners(...owners: readonly Email[]): Promise<void> {
  await db.pool.query(
    `update team_members set role = case when email = any($1) then 'owner' else 'member' end`,
    [owners],
  );
}

const remindersTo = async (): Promise<readonly string[]> =>
  (await outbox(db.pool, ":reminder-")).map(({ destination }) => destination);
const cardsOf = async (person: Email): Promise<readonly string[]> =>
  (await outbox(db.pool, `:card:${person}`)).map(({ blocks }) => JSON.stringify(blocks));
const buttonsOf = (card = ""): boolean => card.includes("approval_approve");

describe("an open request follows who may decide it", () => {
  test("a new owner gets a card, the former one a card without buttons that says so", async () => {
    const deps = acme(db.pool);
    const { requestId, approvers } = await ask(deps);
    expect(approvers).toEqual([ANA]);
    await setOwners(EVE);
    deps.manual.advance(MINUTE_MS);

    expect(await followAuthority(deps)).toBe(1);
    expect(await followAuthority(deps)).toBe(0);

    const former = (await cardsOf(ANA)).at(-1);
    expect(former).toContain("It doesn't need you any more");
    expect(former).toContain("waits for eve@acme.test");
    expect(buttonsOf(former)).toBe(false);
    const mine = await cardsOf(EVE);
    expect(mine).toHaveLength(1);
    expect(buttonsOf(mine[0])).toBe(true);
    expect((await outbox(db.pool, ":requester:approvers-"))[0]?.blocks).toMatchObject([
      {},
      { elements: [{ text: expect.stringContaining("Waits for eve@acme.test") as string }] },
      {},
    ]);
    expect(await auditActions(db.pool)).toEqual([
      "approval.requested",
      "approval.approvers_changed",
    ]);
    expect(await approve(deps, { requestId, actorEmail: EVE })).toMatchObject({
      decision: { kind: "applied" },
    });
  });

  test("who is an owner again has the buttons back, on the same card", async () => {
    const deps = acme(db.pool);
    await ask(deps);
    await setOwners(EVE);
    deps.manual.advance(MINUTE_MS);
    await followAuthority(deps);
    await setOwners(ANA);
    deps.manual.advance(MINUTE_MS);
    await followAuthority(deps);

    const [card, ...updates] = await outbox(db.pool, `:card:${ANA}`);
    expect(updates).toHaveLength(2);
    expect(new Set(updates.map((row) => row.updates_dedupe_key))).toEqual(
      new Set([card?.dedupe_key]),
    );
    expect(buttonsOf((await cardsOf(ANA)).at(-1))).toBe(true);
  });

  test("a team without owners means the admins, as at the click", async () => {
    const deps = acme(db.pool);
    await ask(deps);
    await setOwners();
    deps.manual.advance(MINUTE_MS);
    await followAuthority(deps);

    expect(buttonsOf((await cardsOf(DANA))[0])).toBe(true);
  });

  test("the requester is not asked for becoming an owner", async () => {
    const deps = acme(db.pool);
    await ask(deps);
    await setOwners(ANA, BO);
    deps.manual.advance(MINUTE_MS);

    expect(await followAuthority(deps)).toBe(0);
    expect(await cardsOf(BO)).toEqual([]);
  });

  test("a new policy changes nothing about an open request, new owners do", async () => {
    const deps = acme(db.pool);
    await ask(deps);
    await usePolicies(db.pool, aTier({ approvers: ["admins"] }));
    deps.manual.advance(MINUTE_MS);

    expect(await followAuthority(deps)).toBe(0);
    expect(await cardsOf(DANA)).toEqual([]);
  });

  test("replicas that look together change it once", async () => {
    const deps = acme(db.pool);
    await ask(deps);
    await setOwners(EVE);
    deps.manual.advance(MINUTE_MS);

    const counts = await Promise.all([1, 2, 3].map(async () => await followAuthority(deps)));

    expect(counts.reduce((sum, count) => sum + count)).toBe(1);
    expect(await cardsOf(EVE)).toHaveLength(1);
  });

  test("what was decided or is over is left alone", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    await ask(deps, { scope: { kind: "team", key: "search" }, amount: usd(1) });
    await approve(deps, { requestId, actorEmail: ANA });
    deps.manual.advance(24 * HOUR_MS);
    await setOwners(EVE);
    const before = await everything(db.pool);

    expect(await followAuthority(deps)).toBe(0);

    expect(await everything(db.pool)).toEqual(before);
  });

  test("those to whom it escalates are asked by the escalation, which is on record", async () => {
    await usePolicies(db.pool, aTier({ approvers: ["team_owners"], escalateTo: [DANA] }));
    const deps = acme(db.pool);
    await ask(deps);
    deps.manual.advance(12 * HOUR_MS);

    expect(await followAuthority(deps)).toBe(0);
    expect(await escalateApprovals(deps)).toBe(1);
    expect(await followAuthority(deps)).toBe(0);
    expect(await auditActions(db.pool)).toEqual(["approval.requested", "approval.escalated"]);
  });
});

describe("a delegate", () => {
  test.each([
    ["was taken back", async (deps: ReturnType<typeof acme>) => await endOwnDelegation(deps, ANA)],
    [
      "is over by time",
      // oxlint-disable-next-line typescript/require-await -- as the other one
      async (deps: ReturnType<typeof acme>) => deps.manual.advance(20 * HOUR_MS),
    ],
  ])("whose delegation %s is not asked any more", async (_, end) => {
    await usePolicies(
      db.pool,
      aTier({ approvers: ["team_owners"], expiresInMs: 72 * HOUR_MS, remindAfterMs: [HOUR_MS] }),
    );
    const deps = acme(db.pool);
    await ask(deps);
    await delegate(deps, { from: ANA, to: EVE, untilText: "2026-11-23" });
    expect(buttonsOf((await cardsOf(EVE)).at(-1))).toBe(true);

    await end(deps);
    deps.manual.advance(HOUR_MS);
    await followAuthority(deps);

    expect((await cardsOf(EVE)).at(-1)).toContain("It doesn't need you any more");
    expect(buttonsOf((await cardsOf(ANA)).at(-1))).toBe(true);
  });
});

describe("a reminder", () => {
  test("goes to who may decide now, before anything else has noticed the change", async () => {
    const deps = acme(db.pool);
    await ask(deps);
    await setOwners(ANA, EVE);
    deps.manual.advance(MINUTE_MS);
    await followAuthority(deps);
    await setOwners(EVE);
    deps.manual.advance(HOUR_MS);

    expect(await remindApprovers(deps)).toBe(1);

    expect(await remindersTo()).toEqual(["email:eve@acme.test"]);
    expect((await cardsOf(ANA)).at(-1)).toContain("It doesn't need you any more");
  });

  test("is no second message for who gets the card with it", async () => {
    const deps = acme(db.pool);
    await ask(deps);
    await setOwners(EVE);
    deps.manual.advance(HOUR_MS);

    expect(await remindApprovers(deps)).toBe(1);

    expect(await remindersTo()).toEqual([]);
    expect(await cardsOf(EVE)).toHaveLength(1);
  });

  test("asks Slack who is in a group; who left it is not reminded", async () => {
    await usePolicies(
      db.pool,
      aTier({ approvers: ["slack_group:leads"], remindAfterMs: [HOUR_MS, 2 * HOUR_MS] }),
    );
    let leads: readonly Email[] = [ANA, EVE];
    let isAway = false;
    // oxlint-disable-next-line typescript/require-await -- stands in for a call of Slack
    const approverGroups = async (): Promise<readonly Email[]> => {
      if (isAway) throw new AppError({ code: "unavailable", message: "away", retryable: true });
      return leads;
    };
    const deps = acme(db.pool, { approverGroups });
    await ask(deps);
    leads = [EVE];
    isAway = true;
    deps.manual.advance(HOUR_MS);
    expect(await followAuthority(deps)).toBe(0);
    expect(await remindApprovers(deps)).toBe(1);
    // While Slack can't say, those who were asked count.
    expect(await remindersTo()).toEqual(["email:ana@acme.test", "email:eve@acme.test"]);

    isAway = false;
    deps.manual.advance(HOUR_MS);
    expect(await remindApprovers(deps)).toBe(1);

    expect((await remindersTo()).slice(2)).toEqual(["email:eve@acme.test"]);
    expect((await cardsOf(ANA)).at(-1)).toContain("It doesn't need you any more");
  });
});
