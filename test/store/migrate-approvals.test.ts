import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { instant } from "../../src/domain/time.ts";
import { approve } from "../../src/features/approvals/flow/decide-approval.ts";
import { listOpenApprovals } from "../../src/features/approvals/index.ts";
import { listBudgetStatus, raiseEffects } from "../../src/features/budgets/index.ts";
import { verifyAuditChain } from "../../src/store/audit-chain.ts";
import { ANA, BO, DANA } from "../support/approvals-builders.ts";
import { usd } from "../support/builders.ts";
import { useEmptyDatabase } from "../support/database.ts";

const db = useEmptyDatabase();
const NOW = instant("2026-11-23T12:00:00Z");

async function migrate(isWanted: (number: string) => boolean): Promise<void> {
  for (const file of (await readdir("migrations")).toSorted()) {
    if (isWanted(file.slice(0, 4)))
      // oxlint-disable-next-line no-await-in-loop -- one migration after the other
      await db.pool.query(await readFile(`migrations/${file}`, "utf8"));
  }
}

const POLICY = JSON.stringify({
  up_to: null,
  approvers: ["team_owners", "admins"],
  quorum: 2,
  expires_in_ms: 86_400_000,
  escalate_to: ["eve@acme.test"],
  asked: ["ana@acme.test", "dana@acme.test"],
});

test("requests, voices and the trail from before chains go on where they stood", async () => {
  await migrate((number) => number < "0004");
  await db.pool.query(
    `insert into admins (email) values ('dana@acme.test');
     insert into teams (team_key, name) values ('search', 'Search');
     insert into team_members (team_key, email, role) values ('search', 'ana@acme.test', 'owner');
     insert into budgets (budget_id, scope, base_limit_usd, period, time_zone, week_starts_on,
                          threshold_percents, forecast_threshold_percents, managed_by)
     values ('search-monthly', 'team:search', 500, 'monthly', 'UTC', 'monday', '{50,80,100}', '{}',
             'governance');
     insert into approval_requests
       (approval_request_id, kind, scope, subject, title, details, requester_email,
        requested_amount_usd, ends_at, reason, policy, status, approved_amount_usd, decided_by,
        decided_at, requested_at, expires_at)
     select id, 'budget_raise', 'team:search', '{"budget_id":"search-monthly","member_key":""}',
            'Search, monthly budget', '{}', 'bo@acme.test', 200, '2026-12-01', 'Launch',
            '${POLICY}', status, granted, by, decided, '2026-11-23T10:00:00Z', '2026-11-24T10:00:00Z'
       from (values
         ('019ad000-0000-7000-8000-000000000001', 'requested', null::numeric, null, null::timestamptz),
         ('019ad000-0000-7000-8000-000000000002', 'applied', 150, 'dana@acme.test', '2026-11-23T11:00:00Z'),
         ('019ad000-0000-7000-8000-000000000003', 'denied', null, 'ana@acme.test', '2026-11-23T11:00:00Z')
       ) as r (id, status, granted, by, decided);
     insert into approval_votes (approval_request_id, approver_email, amount_usd, voted_at, note)
     values ('019ad000-0000-7000-8000-000000000001', 'ana@acme.test', 180, '2026-11-23T11:00:00Z', 'ok');
     insert into audit_entries (audit_entry_id, occurred_at, actor, action, subject, before, after)
     select gen_random_uuid(), '2026-11-23T10:00:00Z', 'bo@acme.test', 'approval.requested',
            'approval:' || r.approval_request_id, null, '{"amount":"200"}'
       from approval_requests r`,
  );

  await migrate((number) => number >= "0004");

  const open = await listOpenApprovals(db.pool, {});
  expect(open.map(({ request }) => request)).toMatchObject([
    {
      requester: BO,
      beneficiary: BO,
      asked: [ANA, DANA],
      waitingFor: [DANA],
      policy: { steps: [{ quorum: 2 }] },
    },
  ]);
  const [old] = open;
  const outcome = await approve(
    {
      database: db.pool,
      clock: () => NOW,
      appliers: { budget_raise: raiseEffects, anthropic_limit_increase: raiseEffects },
    },
    { requestId: old?.request.requestId ?? "", actorEmail: DANA },
  );
  // The least of both voices: what was said before still counts.
  expect(outcome).toMatchObject({ decision: { kind: "applied", amount: usd(180) } });
  expect((await listBudgetStatus(db.pool, { now: NOW }))[0]?.limit).toBe(usd(680));
  const { rows } = await db.pool.query(
    `select r.status, r.asked, r.waiting_for, r.escalates_at, r.approved_ends_at
       from approval_requests r
      where r.decided_at = '2026-11-23T11:00:00Z'
      order by r.approval_request_id`,
  );
  const asked = [ANA, DANA];
  const escalates = { escalates_at: new Date("2026-11-23T22:00:00Z") };
  expect(rows).toEqual([
    {
      status: "applied",
      asked,
      waiting_for: [],
      ...escalates,
      approved_ends_at: new Date("2026-12-01T00:00:00Z"),
    },
    { status: "denied", asked, waiting_for: [], ...escalates, approved_ends_at: null },
  ]);
  const trail = await verifyAuditChain(db.pool);
  expect(trail).toMatchObject({ kind: "intact" });
});
