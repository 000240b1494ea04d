import { beforeEach, describe, expect, test } from "vitest";
import { HOUR_MS } from "../../../../src/domain/time.ts";
import { approve } from "../../../../src/features/approvals/flow/decide-approval.ts";
import {
  escalateApprovals,
  expireApprovals,
} from "../../../../src/features/approvals/flow/pass-time.ts";
import { ANA, EVE } from "../../../support/approvals-builders.ts";
import { useDatabase } from "../../../support/database.ts";
import {
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

describe("expireApprovals", () => {
  test("expires at the instant of the expiry, not a millisecond before", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);

    deps.manual.advance(72 * HOUR_MS - 1);
    expect(await expireApprovals(deps)).toBe(0);
    deps.manual.advance(1);
    expect(await expireApprovals(deps)).toBe(1);

    expect(await statusOf(db.pool, requestId)).toBe("expired");
    expect(await auditActions(db.pool)).toEqual(["approval.requested", "approval.expired"]);
    expect((await outbox(db.pool, ":decided")).map((row) => row.destination)).toEqual([
      "email:ana@acme.test",
      "email:dana@acme.test",
      "email:bo@acme.test",
    ]);
    expect((await outbox(db.pool, ":outcome"))[0]?.text).toContain("has expired");
  });

  test("leaves what was decided alone", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    await approve(deps, { requestId, actorEmail: ANA });
    deps.manual.advance(100 * HOUR_MS);
    const before = await everything(db.pool);

    expect(await expireApprovals(deps)).toBe(0);

    expect(await everything(db.pool)).toEqual(before);
  });

  test("expires each request once, however many replicas run", async () => {
    const deps = acme(db.pool);
    for (const key of ["a", "b", "c", "d"]) await ask(deps, { scope: { kind: "team", key } });
    deps.manual.advance(72 * HOUR_MS);

    const counts = await Promise.all([1, 2, 3].map(async () => await expireApprovals(deps)));

    expect(counts.reduce((sum, count) => sum + count)).toBe(4);
    expect(await outbox(db.pool, ":outcome")).toHaveLength(4);
  });
});

describe("escalateApprovals", () => {
  beforeEach(async () => {
    const escalateTo = [EVE, ANA];
    await usePolicies(db.pool, aTier({ approvers: ["team_owners"], escalateTo }));
  });

  test("asks those named, once, when half of the time has passed; from then on they may decide", async () => {
    const deps = acme(db.pool);
    const { requestId, approvers } = await ask(deps);
    expect(approvers).toEqual([ANA]);

    deps.manual.advance(12 * HOUR_MS - 1);
    expect(await escalateApprovals(deps)).toBe(0);
    deps.manual.advance(1);
    expect(await escalateApprovals(deps)).toBe(1);
    expect(await escalateApprovals(deps)).toBe(0);

    const cards = await outbox(db.pool, ":card:");
    const posted = cards.filter((row) => row.updates_dedupe_key === null);
    expect(posted.map((row) => row.destination)).toEqual([
      "email:ana@acme.test",
      "email:eve@acme.test",
    ]);
    const outcome = await approve(deps, { requestId, actorEmail: EVE });
    expect(outcome).toMatchObject({ decision: { kind: "applied" } });
    expect(await outbox(db.pool, ":card:eve@acme.test:decided")).toHaveLength(1);
  });

  test("does nothing for a request that was decided, or whose requester alone is named", async () => {
    const deps = acme(db.pool);
    const { requestId } = await ask(deps);
    await ask(deps, { requester: EVE });
    await approve(deps, { requestId, actorEmail: ANA });
    deps.manual.advance(13 * HOUR_MS);

    expect(await escalateApprovals(deps)).toBe(0);
  });
});
