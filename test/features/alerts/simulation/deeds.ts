/**
 * What happens in a round: usage that comes late, twice, in any order or put right; limits that are
 * raised, lowered and given back; thresholds that are edited. Each is done to the program and to
 * the model.
 */
import { emailFrom } from "../../../../src/domain/email.ts";
import { scopeFrom } from "../../../../src/domain/scope.ts";
import { instant } from "../../../../src/domain/time.ts";
import { changeBudgets } from "../../../../src/features/budgets/flow/change-budgets.ts";
import { raiseEffects } from "../../../../src/features/budgets/index.ts";
import type { Budget } from "../../../../src/features/budgets/rules.ts";
import { findBudgetForUpdate } from "../../../../src/features/budgets/store/budgets.ts";
import { recordUsage } from "../../../../src/features/ingest/flow/record-usage.ts";
import { parseNativeEvent } from "../../../../src/features/ingest/native-event.ts";
import { inTransaction, isConnectionLoss, type Sql } from "../../../../src/store/database.ts";
import { usd } from "../../../support/builders.ts";
import { Crashed, crashing } from "../../approvals/simulation/crashes.ts";
import { aCrash } from "../../approvals/simulation/deeds.ts";
import { afterCheck, afterLimitChange, type Facts, periodAt } from "./oracle.ts";
import { count, type History, type Replica, type Sent, type World } from "./world.ts";

const MINUTE = 60_000;
/** $20 for a million output tokens, so this many for a cent. */
const TOKENS_A_CENT = 500;
const BATCH_MAX = 60;

/** One deed of a history, chosen and entered in its model: what to send, or what to change. */
export type Deed =
  | { readonly kind: "usage"; readonly sent: Sent }
  | { readonly kind: "change"; readonly carryOut: (sql: Sql) => Promise<void> };

export function chooseDeed(world: World, history: History): Deed | undefined {
  const { random, model, sent } = history;
  const dice = random.next();
  if (dice < 0.1) return undefined;
  if (dice < 0.5) return spend(world, history);
  if (dice < 0.58 && sent.length > 0) return { kind: "usage", sent: random.pick(sent) };
  if (dice < 0.72 && model.costs.size > 0) return putRight(world, history);
  if (dice < 0.82) return edit(world, history);
  if (dice < 0.92) return grant(world, history);
  const open = model.grants.filter(({ until }) => until > world.now.getTime());
  return open.length > 0 ? revoke(world, history) : spend(world, history);
}

function event(
  { destination, name }: History,
  of: { readonly id: string; readonly at: number; readonly cents: number },
): Sent {
  const owner = destination.startsWith("#") ? { team: name } : { user_email: `${name}@sim.test` };
  return {
    id: of.id,
    raw: {
      event_id: of.id,
      occurred_at: new Date(of.at).toISOString(),
      model: "claude-opus-5-5",
      usage: { input_tokens: 0, output_tokens: of.cents * TOKENS_A_CENT },
      ...owner,
    },
  };
}

/** Mostly of now, sometimes late, sometimes so late that it counts in the period before. */
function spend(world: World, history: History): Deed {
  const { random, model, name } = history;
  const now = world.now.getTime();
  const { start, end } = periodAt(model, now);
  const lateMs = random.chance(0.6)
    ? 0
    : random.below(random.chance(0.3) ? 2 * (end - start) : now - start);
  // Whole quarters of an hour, and never ahead of a clock that is slow.
  const quarter = 15 * MINUTE;
  const at = Math.floor((now - lateMs - quarter) / quarter) * quarter + MINUTE;
  const cents = 1 + random.below(Math.ceil(model.base * random.pick([0.1, 0.4, 1.2])));
  const id = `${name}-${String(history.sent.length)}`;
  const sent = event(history, { id, at, cents });
  history.sent.push(sent);
  // A correction may have come before it; then it counts no more.
  if (random.chance(0.08)) {
    const next = event(history, { id: `${id}-fix`, at, cents: 1 + random.below(model.base) });
    const fix = { id: next.id, raw: { ...next.raw, corrects: id } };
    history.sent.push(fix);
    enter(world, history, { id: fix.id, at, cents: centsOf(fix) });
    return { kind: "usage", sent: fix };
  }
  enter(world, history, { id, at, cents });
  return { kind: "usage", sent };
}

function centsOf({ raw }: Sent): number {
  const usage = raw["usage"] as { readonly output_tokens: number };
  return usage.output_tokens / TOKENS_A_CENT;
}

function enter(
  world: World,
  history: History,
  of: { readonly id: string; readonly at: number; readonly cents: number },
): void {
  history.model.costs.set(of.id, { at: of.at, cents: of.cents });
  if (of.at >= periodAt(history.model, world.now.getTime()).start) history.isDirty = true;
}

/** Replaces what an event said, or cancels it. */
function putRight(world: World, history: History): Deed {
  const { random, model, name } = history;
  const [id, old] = random.pick([...model.costs]);
  const fixId = `${name}-${String(history.sent.length)}-right`;
  const isVoid = random.chance(0.4);
  const cents = 1 + random.below(2 * old.cents + 1);
  const sent: Sent = isVoid
    ? {
        id: fixId,
        raw: { event_id: fixId, occurred_at: new Date(old.at).toISOString(), voids: id },
      }
    : (() => {
        const next = event(history, { id: fixId, at: old.at, cents });
        return { id: fixId, raw: { ...next.raw, corrects: id } };
      })();
  history.sent.push(sent);
  model.costs.delete(id);
  if (!isVoid) enter(world, history, { id: fixId, at: old.at, cents });
  else if (old.at >= periodAt(model, world.now.getTime()).start) history.isDirty = true;
  return { kind: "usage", sent };
}

function alter(history: History, next: (facts: Facts) => Facts): void {
  history.states = history.states.map(next);
}

/** Another limit, or other thresholds: what was reached before is told, what is reached is not. */
function edit(world: World, history: History): Deed {
  const { random, model, name } = history;
  const at = world.now.getTime();
  const before = model.base;
  const isLimit = random.chance(0.6);
  const base = isLimit ? 300 + random.below(30) * 100 : before;
  const thresholds = isLimit
    ? model.thresholds
    : random.pick([[50, 80, 100], [60, 90], [10, 100, 200], [100]]);
  const isChange = base !== before || thresholds.join() !== model.thresholds.join();
  if (isChange) alter(history, (facts) => afterCheck(model, facts, at));
  model.base = base;
  model.thresholds = thresholds;
  if (base !== before) model.limits.push({ at, limit: base });
  if (isChange) {
    const change = { at, isLowered: base < before };
    alter(history, (facts) => afterLimitChange(model, facts, change));
  }
  return {
    kind: "change",
    carryOut: async (sql) => {
      const old = await findBudgetForUpdate(sql, name);
      if (old === undefined) throw new Error("budgets stay");
      const after: Budget = { ...old, baseLimit: usd(base / 100), thresholdPercents: thresholds };
      const isNewLimit = old.baseLimit !== after.baseLimit;
      const by = { at: instant(new Date(at)), by: "dana@acme.test", reason: "budget set" };
      await changeBudgets(sql, [{ before: old, after, isNewLimit }], by);
    },
  };
}

function grant(world: World, history: History): Deed {
  const { random, model, name, scope } = history;
  const at = world.now.getTime();
  const id = `${name}-grant-${String(model.grants.length)}`;
  const cents = 100 + random.below(20) * 100;
  const until = at + 20 * MINUTE + random.below(3 * 24 * 60) * MINUTE;
  alter(history, (facts) => afterCheck(model, facts, at));
  model.grants.push({ id, cents, from: at, until });
  alter(history, (facts) => afterLimitChange(model, facts, { at, isLowered: false }));
  const dana = emailFrom("dana@acme.test");
  return {
    kind: "change",
    carryOut: async (sql) => {
      await raiseEffects.apply(sql, {
        requestId: id,
        kind: "budget_raise",
        scope: scopeFrom(scope),
        subject: { budget_id: name, member_key: "" },
        amount: usd(cents / 100),
        endsAt: instant(new Date(until)),
        requester: dana,
        beneficiary: dana,
        approvers: [dana],
        decidedBy: dana,
        decidedAt: instant(new Date(at)),
      });
    },
  };
}

function revoke(world: World, history: History): Deed {
  const { random, model, scope } = history;
  const at = world.now.getTime();
  const taken = random.pick(model.grants.filter(({ until }) => until > at));
  alter(history, (facts) => afterCheck(model, facts, at));
  taken.until = at;
  alter(history, (facts) => afterLimitChange(model, facts, { at, isLowered: true }));
  return {
    kind: "change",
    carryOut: async (sql) => {
      await raiseEffects.revoke(sql, {
        requestId: taken.id,
        scope: scopeFrom(scope),
        subject: {},
        revokedBy: emailFrom("dana@acme.test"),
        revokedAt: instant(new Date(at)),
        reason: "no longer needed",
      });
    },
  };
}

/** Delivers events of many histories in requests of any size, and changes budgets, all at once. */
export async function carryOut(world: World, deeds: readonly Deed[]): Promise<void> {
  const rest = deeds.flatMap((deed) => (deed.kind === "usage" ? [deed.sent] : []));
  const batches: Sent[][] = [];
  while (rest.length > 0) batches.push(rest.splice(0, 1 + world.random.below(BATCH_MAX)));
  const changes = deeds.flatMap((deed) => (deed.kind === "change" ? [deed.carryOut] : []));
  await Promise.all([
    ...batches.map(async (batch) => await persist(world, async (on) => await deliver(on, batch))),
    ...changes.map(
      async (change) =>
        await persist(world, async ({ database }) => await inTransaction(database, change)),
    ),
  ]);
}

type On = Pick<Replica, "database" | "ingestMemory"> & { readonly world: World };

async function deliver(on: On, batch: readonly Sent[]): Promise<void> {
  const { world, database, ingestMemory } = on;
  const deps = { database, clock: () => world.now, log: world.log, ingestMemory };
  const [result] = await recordUsage(deps, [
    {
      source: { name: "default", isTrusted: true },
      batch: batch.map(({ raw }, index) =>
        parseNativeEvent(raw, { index, source: "default", now: world.now }),
      ),
    },
  ]);
  if (result === undefined || result.rejected.length > 0) {
    throw new Error(`refused: ${JSON.stringify(result?.rejected)}`);
  }
}

/** Whoever sends or decides tries again until there is an answer. */
async function persist(world: World, work: (on: On) => Promise<void>): Promise<void> {
  for (;;) {
    const replica = world.random.pick(world.replicas);
    const isBroken = world.random.chance(0.1);
    const database = isBroken ? crashing(replica.database, aCrash(world.random)) : replica.database;
    try {
      // oxlint-disable-next-line no-await-in-loop -- an attempt follows the one that failed
      await work({ world, database, ingestMemory: replica.ingestMemory });
      return;
    } catch (error) {
      if (!(error instanceof Crashed) && !isConnectionLoss(error)) throw error;
      count(world, "crash of a deed");
    }
  }
}
