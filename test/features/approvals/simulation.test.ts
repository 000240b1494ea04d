import { expect, test } from "vitest";
import { usdFromDecimal } from "../../../src/domain/money.ts";
import { formatScope } from "../../../src/domain/scope.ts";
import {
  addMs,
  type Clock,
  DAY_MS,
  type Instant,
  instant,
  MINUTE_MS,
} from "../../../src/domain/time.ts";
import {
  escalateApprovals,
  expireApprovals,
  followAuthority,
  remindApprovers,
} from "../../../src/features/approvals/index.ts";
import { endRaises, listBudgetStatus } from "../../../src/features/budgets/index.ts";
import { type Database, isConnectionLoss } from "../../../src/store/database.ts";
import { useDatabase } from "../../support/database.ts";
import { TEST_SEED } from "../../support/fixed-seed.ts";
import { type SeededRandom, seededRandom } from "../../support/seeded-random.ts";
import { faultsOf, faultsOfCeiling, loadRows, moneyAt, type Row } from "./simulation/checks.ts";
import { Crashed, crashing } from "./simulation/crashes.ts";
import { aCrash, act, depsOf, later, type Stage } from "./simulation/deeds.ts";
import { createOutside, faultsOfCards, faultsOfLimit } from "./simulation/outside.ts";
import { createWorld, type History, newHistory, targetOf } from "./simulation/world.ts";

const HISTORIES = Number(process.env["APPROVAL_HISTORIES"] ?? "12");
const SEED = Number(process.env["APPROVAL_SEED"] ?? TEST_SEED);
const ROUNDS = 14;
const REPLICAS_MAX = 5;
/** Of all replicas together: other files' tests take theirs. */
const CONNECTIONS = 18;
/** More than the longest wait of a message or push that failed. */
const DRAIN_STEP_MS = 11 * MINUTE_MS;
const DRAINS_MAX = 400;
const db = useDatabase();

/** Ends only when the queue is empty, whatever crashes meanwhile. */
async function passTime(stage: Stage, random: SeededRandom): Promise<void> {
  const jobs = [expireApprovals, escalateApprovals, remindApprovers, followAuthority, endRaises];
  const run = async (replica: Database): Promise<void> => {
    for (const job of jobs) {
      const database = random.chance(0.3) ? crashing(replica, aCrash(random)) : replica;
      try {
        await job(depsOf(stage, { database, isSlackAway: random.chance(0.1) }));
      } catch (error) {
        if (!(error instanceof Crashed) && !isConnectionLoss(error)) throw error;
      }
    }
  };
  await Promise.all(stage.replicas.slice(0, 2).map(run));
}

async function refresh(pool: Database, histories: readonly History[]): Promise<void> {
  const { rows } = await pool.query<{ readonly scope: string; readonly ids: string[] }>(
    `select r.scope, array_agg(r.approval_request_id order by r.requested_at) as ids
       from approval_requests r group by r.scope`,
  );
  const ids = new Map(rows.map((row) => [row.scope, row.ids]));
  for (const history of histories) history.requestIds = ids.get(`team:${history.team}`) ?? [];
}

async function playRound(stage: Stage): Promise<void> {
  const { histories, clock } = stage;
  const round = clock().getTime();
  const play = async (history: History): Promise<void> => {
    const roles = [history.roles];
    const deeds = Array.from({ length: history.random.below(4) }, async () => {
      await act(stage, history);
      roles.push(history.roles);
    });
    await Promise.all(deeds);
    history.past.set(round, [...(history.past.get(round) ?? []), ...roles, history.roles]);
  };
  // More at once would only wait for a connection, and be turned away in the end.
  const rest = histories.values();
  await Promise.all(
    Array.from({ length: 12 }, async () => {
      for (const history of rest) await play(history);
    }),
  );
}

async function limitFaults(pool: Database, rows: readonly Row[], at: Instant): Promise<string[]> {
  const { rows: sums } = await pool.query<{ readonly scope: string; readonly sum: string }>(
    `select b.scope, coalesce(sum(g.amount_usd), 0)::text as sum
       from budgets b
       left join budget_grant_terms g on g.budget_id = b.budget_id
                                     and g.valid_from <= $1 and g.ends_at > $1
      group by b.scope`,
    [at],
  );
  return sums.flatMap(({ scope, sum }) =>
    usdFromDecimal(sum) === moneyAt(rows, scope, at)
      ? []
      : [`${scope}: other money at ${at.toISOString()}`],
  );
}

/** After the last failure everything is delivered, or needless; every push is off again. */
async function waitingFaults(pool: Database): Promise<string[]> {
  const { rows } = await pool.query<{ readonly fault: string }>(
    `select o.dedupe_key || ': ' || o.status || ' ' || coalesce(o.last_error, '') as fault
       from outbox_messages o
      where o.status not in ('sent', 'skipped')
     union all
     select p.limit_push_id || ': ' || p.direction || ' ' || p.status || ' ' || coalesce(p.detail, '')
       from limit_pushes p
      where p.status <> 'reversed'`,
  );
  return rows.map(({ fault }) => fault);
}

test(`whatever happens, money moves only by valid decisions (APPROVAL_SEED=${String(SEED)}, ${String(HISTORIES)} histories)`, async () => {
  const random = seededRandom(SEED);
  let now = instant("2026-11-23T08:00:00Z");
  const clock: Clock = () => now;
  const replicaCount = 1 + random.below(REPLICAS_MAX);
  const replicas = Array.from({ length: replicaCount }, () =>
    db.openPool({ max: Math.ceil(CONNECTIONS / replicaCount) }),
  );
  const outside = createOutside(seededRandom(SEED * 17 + 1));
  const histories = Array.from({ length: HISTORIES }, (_, index) =>
    newHistory(index, seededRandom(SEED * 31 + index)),
  );
  const stage: Stage = { replicas, clock, histories, counts: new Map() };
  await createWorld(db.pool, histories);

  const faults: string[] = [];
  const instants: Instant[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all([
      playRound(stage),
      passTime(stage, random),
      ...replicas.slice(0, 2).map(async (replica) => await outside.work(replica, clock)),
    ]);
    await refresh(db.pool, histories);
    const rows = await loadRows(db.pool, { withMessages: false });
    faults.push(...(await limitFaults(db.pool, rows, now)));
    for (const { scope, grants } of await listBudgetStatus(db.pool, { now })) {
      const wanted = moneyAt(rows, formatScope(scope), now);
      if (grants !== wanted) faults.push(`${formatScope(scope)}: shows other money`);
    }
    instants.push(now);
    now = later(clock, random);
  }
  now = addMs(now, 60 * DAY_MS);
  await Promise.all(
    replicas.map(async (database) => {
      await expireApprovals({ database, clock });
      await endRaises({ database, clock });
    }),
  );

  outside.heal();
  for (let drain = 0; (await outside.work(db.pool, clock)) > 0; drain += 1) {
    if (drain > DRAINS_MAX) throw new Error("what waits to be delivered never ends");
    now = addMs(now, DRAIN_STEP_MS);
  }
  faults.push(...(await waitingFaults(db.pool)));

  const rows = await loadRows(db.pool, { withMessages: true });
  const byScope = new Map(histories.map((history) => [`team:${history.team}`, history]));
  for (const row of rows) {
    const history = byScope.get(row.scope);
    faults.push(...(history === undefined ? [`${row.id}: of no team`] : faultsOf(row, history)));
    faults.push(...faultsOfCards(outside, row));
  }
  for (const history of histories) {
    const raises = rows.filter(
      ({ scope, status }) => scope === `team:${history.team}` && status === "applied",
    );
    const amounts = raises.map(({ approved }) => usdFromDecimal(approved ?? "0"));
    faults.push(...faultsOfLimit(outside, targetOf(history), amounts));
  }
  const { rows: counters } = await db.pool.query<{ readonly key: string; readonly used: string }>(
    `select s.counter_key as key, s.used_usd::text as used from approval_auto_spend s`,
  );
  const used = new Map(
    counters.map(({ key, used: amount }) => [
      key.replace("name policy-", "team:t"),
      usdFromDecimal(amount),
    ]),
  );
  faults.push(...faultsOfCeiling(rows, used));
  for (const at of [...instants, now]) faults.push(...(await limitFaults(db.pool, rows, at)));
  const sent = histories.flatMap((history) => history.sent);
  const kept = new Set(rows.map((row) => row.idempotency_key));
  faults.push(...sent.filter((key) => !kept.has(key)).map((key) => `lost: ${key}`));
  const { rowCount: homeless } = await db.pool.query(
    `select from budget_grants g where not exists (
       select from approval_requests r where r.approval_request_id = g.approval_request_id)`,
  );

  expect(faults, `APPROVAL_SEED=${String(SEED)}`).toEqual([]);
  expect(homeless).toBe(0);
  const statuses = new Map<string, number>();
  for (const { status } of rows) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  expect(statuses.get("applied") ?? 0).toBeGreaterThan(0);
  if (process.env["APPROVAL_HISTORIES"] !== undefined) {
    process.stdout.write(
      `${JSON.stringify({ seed: SEED, replicas: replicaCount, ...Object.fromEntries([...statuses, ...stage.counts, ...outside.failures]) })}\n`,
    );
  }
}, 300_000);
