import { beforeEach, describe, expect, test } from "vitest";
import { instant } from "../../../../src/domain/time.ts";
import {
  type ApproverGroups,
  withApproverGroups,
} from "../../../../src/features/approvals/flow/approvers.ts";
import { listOpenApprovals } from "../../../../src/features/approvals/flow/list-approvals.ts";
import {
  type RequestDeps,
  requestApproval,
} from "../../../../src/features/approvals/flow/request-approval.ts";
import type { ApprovalProposal } from "../../../../src/features/approvals/rules.ts";
import { inTransaction } from "../../../../src/store/database.ts";
import { ANA, aProposal, BO, DANA, EVE } from "../../../support/approvals-builders.ts";
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
});

const NO_GROUPS: ApproverGroups = async () => await Promise.resolve(undefined);

async function tryAsk(deps: RequestDeps, overrides: Partial<ApprovalProposal> = {}) {
  return await inTransaction(
    db.pool,
    async (sql) => await requestApproval(sql, deps, aProposal(overrides)),
  );
}

describe("requestApproval", () => {
  test("stores the request and gives every approver a card and the requester a copy", async () => {
    const outcome = await tryAsk(acme(db.pool));

    expect(outcome).toMatchObject({
      kind: "requested",
      approvers: [ANA, DANA],
      expiresAt: instant("2026-11-26T10:00:00Z"),
    });
    const requestId = outcome.kind === "requested" ? outcome.requestId : "";
    expect((await outbox(db.pool)).map((row) => [row.dedupe_key, row.destination])).toEqual([
      [`approval:${requestId}:card:ana@acme.test`, "email:ana@acme.test"],
      [`approval:${requestId}:card:dana@acme.test`, "email:dana@acme.test"],
      [`approval:${requestId}:requester`, "email:bo@acme.test"],
    ]);
    expect(await auditActions(db.pool)).toEqual(["approval.requested"]);
  });

  test("reads back as it was asked, with its policy frozen", async () => {
    const deps = acme(db.pool);
    await usePolicies(db.pool, aTier({ upTo: usd(500), quorum: 2, escalateTo: [EVE] }), aTier());
    await ask(deps, { amount: usd(123.45), reason: "two\nlines" });
    await usePolicies(db.pool, aTier({ approvers: ["eve@acme.test"] }));

    const { amount: _amount, ...asked } = aProposal({ reason: "two\nlines" });

    const [open] = await listOpenApprovals(db.pool);

    expect(open?.request).toMatchObject({
      ...asked,
      requestedAmount: usd(123.45),
      status: "requested",
      asked: [ANA, DANA],
      policy: {
        upTo: usd(500),
        steps: [{ approvers: [{ kind: "team_owners" }, { kind: "admins" }], quorum: 2 }],
        expiresInMs: 86_400_000,
        escalateTo: [EVE],
      },
    });
  });

  test.each<[string, ApprovalProposal["scope"], readonly string[]]>([
    ["the team's owners for a team", { kind: "team", key: "search" }, [ANA]],
    ["the owners of its team for a project", { kind: "project", key: "checkout" }, [ANA]],
    ["the owners of their team for a person", { kind: "user", key: "bo@acme.test" }, [ANA]],
    ["the admins for the organization", { kind: "org", key: "" }, [DANA]],
    ["the admins for an unknown team", { kind: "team", key: "gone" }, [DANA]],
    ["the admins for a person without a team", { kind: "user", key: "x@acme.test" }, [DANA]],
  ])("asks %s", async (_whom, scope, approvers) => {
    await usePolicies(db.pool, aTier({ approvers: ["team_owners"] }));

    expect((await ask(acme(db.pool), { scope })).approvers).toEqual(approvers);
  });

  test("asks Slack for the groups of the covering policy alone, before the transaction", async () => {
    await usePolicies(
      db.pool,
      aTier({ upTo: usd(50), approvers: ["slack_group:small"] }),
      aTier({ approvers: ["slack_group:leads", "slack_group:gone"] }),
    );
    const lookups: string[] = [];
    let open = 0;
    const outcome = await withApproverGroups(
      // oxlint-disable-next-line typescript/require-await -- stands in for a call of Slack
      async (handle) => {
        expect(open).toBe(0);
        lookups.push(handle);
        return handle === "leads" ? [EVE, BO] : undefined;
      },
      async (approverGroups) => {
        open += 1;
        try {
          return await tryAsk(acme(db.pool, { approverGroups: approverGroups ?? NO_GROUPS }));
        } finally {
          open -= 1;
        }
      },
    );

    expect(outcome).toMatchObject({ kind: "requested", approvers: [EVE] });
    expect(lookups).toEqual(["leads", "gone"]);
  });

  test("with Slack away, fails only what takes a group, and says which", async () => {
    await usePolicies(
      db.pool,
      aTier({
        match: { upToPercent: 10 },
        approvers: ["slack_group:leads"],
        autoApprove: { upTo: usd(50), perPeriod: usd(50), periodKind: "monthly" },
      }),
      aTier({ upTo: usd(200) }),
      aTier({ approvers: ["team_owners", "slack_group:leads"] }),
    );
    const away: ApproverGroups = async () => await Promise.reject(new Error("Slack is away"));
    const asking = async (proposal: Partial<ApprovalProposal>) =>
      await withApproverGroups(
        away,
        async (groups) =>
          await tryAsk(
            {
              ...acme(db.pool, { approverGroups: groups ?? NO_GROUPS }),
              apply: async () => await Promise.resolve(),
            },
            { baseAmount: usd(500), ...proposal },
          ),
      );

    expect((await asking({ amount: usd(50) })).kind).toBe("applied");
    expect((await asking({ amount: usd(200) })).kind).toBe("requested");
    const before = await everything(db.pool);
    await expect(asking({ amount: usd(201) })).rejects.toThrow(/who is in @leads/);
    expect(await everything(db.pool)).toEqual(before);
  });

  test("a failure that has nothing to do with groups is not tried again", async () => {
    let tries = 0;
    const failing = withApproverGroups(
      async () => await Promise.resolve([]),
      async () => {
        tries += 1;
        return await Promise.reject(new Error("no"));
      },
    );

    await expect(failing).rejects.toThrow("no");
    expect(tries).toBe(1);
  });

  test.each([
    ["no-approver", aTier({ approvers: ["bo@acme.test"] }), {}],
    ["no-approver", aTier({ approvers: ["slack_group:leads"] }), {}],
    ["too-few-approvers", aTier({ quorum: 3 }), {}],
    ["above-every-policy", aTier({ upTo: usd(199.99) }), {}],
    ["already-over", aTier(), { endsAt: instant("2026-11-23T10:00:00Z") }],
  ])("refuses %s and stores nothing", async (reason, tier, overrides) => {
    await usePolicies(db.pool, tier);
    const before = await everything(db.pool);

    expect(await tryAsk(acme(db.pool), overrides)).toEqual({ kind: "refused", reason });

    expect(await everything(db.pool)).toEqual(before);
  });

  test("keeps at most three open requests per requester and scope, also when asked at once", async () => {
    const deps = acme(db.pool);

    const outcomes = await Promise.all(Array.from({ length: 8 }, async () => await tryAsk(deps)));

    expect(outcomes.filter((outcome) => outcome.kind === "requested")).toHaveLength(3);
    expect(await tryAsk(deps)).toEqual({ kind: "refused", reason: "too-many-open" });
    expect((await tryAsk(deps, { scope: { kind: "org", key: "" } })).kind).toBe("requested");
    expect((await tryAsk(deps, { requester: EVE })).kind).toBe("requested");
  });

  test("vanishes with the transaction of its caller", async () => {
    const failing = inTransaction(db.pool, async (sql) => {
      await requestApproval(sql, acme(db.pool), aProposal());
      throw new Error("the caller fails");
    });

    await expect(failing).rejects.toThrow("the caller fails");
    expect(await everything(db.pool)).toEqual([[], [], [], []]);
  });
});
