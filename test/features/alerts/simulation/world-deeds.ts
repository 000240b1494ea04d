/**
 * What is done to the program: deeds of many histories at once, by replicas that die now and then;
 * another limit or other thresholds for everybody whose budget it is; another discount, with
 * everything that was ever used rated again.
 */
import { instant } from "../../../../src/domain/time.ts";
import { changeBudgets } from "../../../../src/features/budgets/flow/change-budgets.ts";
import type { Budget } from "../../../../src/features/budgets/rules.ts";
import { findBudgetForUpdate } from "../../../../src/features/budgets/store/budgets.ts";
import { createIngestMemory } from "../../../../src/features/ingest/flow/ingest-memory.ts";
import { recordUsage } from "../../../../src/features/ingest/flow/record-usage.ts";
import { advanceRerates, requestRerate } from "../../../../src/features/ingest/index.ts";
import { parseNativeEvent } from "../../../../src/features/ingest/native-event.ts";
import { replaceDiscounts } from "../../../../src/features/pricing/index.ts";
import {
  type Database,
  inTransaction,
  isConnectionLoss,
  type Sql,
} from "../../../../src/store/database.ts";
import { usd } from "../../../support/builders.ts";
import { Crashed, crashing } from "../../approvals/simulation/crashes.ts";
import { aCrash } from "../../approvals/simulation/deeds.ts";
import { BEFORE, type Group, type History, noteSpent, type Sent, tell } from "./histories.ts";
import { alterLimit } from "./oracle.ts";
import { count, halfPrice, type Replica, type World } from "./world.ts";

const BATCH_MAX = 1_500;

/** One deed of a history, chosen and entered in its model: what to send, or what to do. */
export type Deed =
  | { readonly kind: "usage"; readonly sent: Sent }
  | { readonly kind: "act"; readonly carryOut: (database: Database) => Promise<void> };

/** A deed that is one transaction. */
export function changing(change: (sql: Sql) => Promise<void>): Deed {
  return {
    kind: "act",
    carryOut: async (database) => {
      await inTransaction(database, change);
    },
  };
}

/** Another limit or other thresholds, for everybody whose budget it is. */
export function limitDeed(
  world: World,
  of: {
    readonly budgetId: string;
    readonly histories: readonly History[];
    readonly base: number;
    readonly thresholds: readonly number[];
  },
): Deed {
  const { budgetId, histories, base, thresholds } = of;
  const at = world.now.getTime();
  for (const history of histories) {
    const { model } = history;
    const before = model.base;
    if (base === before && thresholds.join() === model.thresholds.join()) continue;
    tell(history, `${world.now.toISOString()} limit ${String(base)} at ${thresholds.join()} %`);
    alterLimit(history, { at, isLowered: base < before }, () => {
      model.base = base;
      model.thresholds = thresholds;
      if (base !== before) model.limits.push({ at, limit: base });
    });
  }
  return changing(async (sql) => {
    const old = await findBudgetForUpdate(sql, budgetId);
    if (old === undefined) throw new Error("budgets stay");
    const after: Budget = { ...old, baseLimit: usd(base / 100), thresholdPercents: thresholds };
    const isNewLimit = old.baseLimit !== after.baseLimit;
    const by = { at: instant(new Date(at)), by: "dana@acme.test", reason: "budget set" };
    await changeBudgets(sql, [{ before: old, after, isNewLimit }], by);
  });
}

/** The same for a budget of `each:…`: all its members at once. */
export function editGroup(world: World, { budgetId, members }: Group): Deed {
  const { random } = world;
  const [{ model } = { model: undefined }] = members;
  const isLimit = random.chance(0.6);
  const base = isLimit ? 1_200 + random.below(16) * 100 : (model?.base ?? 0);
  const thresholds = isLimit
    ? (model?.thresholds ?? [])
    : random.pick([[50, 80, 100], [60, 90], [100]]);
  return limitDeed(world, { budgetId, histories: members, base, thresholds });
}

/** The discount begins or ends, for all that was ever used. A run that dies is gone on with. */
export async function reprice(world: World): Promise<void> {
  const { replicas } = world;
  world.isDiscounted = !world.isDiscounted;
  count(world, "re-rated");
  const discounts = world.isDiscounted ? halfPrice() : [];
  const period = { start: instant(BEFORE), end: world.now };
  const range = { period, onlyEstimated: false, includesAllocation: false };
  await persist(world, async ({ database }) => {
    await inTransaction(database, async (sql) => {
      await replaceDiscounts(sql, discounts);
      await requestRerate(sql, { clock: () => world.now }, { range, requestedBy: "dana" });
    });
  });
  for (const replica of replicas) replica.ingestMemory = createIngestMemory();
  await persist(world, async ({ database, ingestMemory }) => {
    await advanceRerates({ database, ingestMemory, log: world.log, clock: () => world.now });
  });
  for (const history of world.histories) {
    if (!history.isDiscounted || history.listCosts.size === 0) continue;
    tell(history, `${world.now.toISOString()} ${world.isDiscounted ? "half" : "list"} price`);
    for (const [id, list] of history.listCosts) {
      const { at } = history.model.costs.get(id) ?? { at: 0 };
      history.model.costs.set(id, { at, cents: world.isDiscounted ? list / 2 : list });
    }
    const latest = Math.max(...[...history.model.costs.values()].map(({ at }) => at));
    noteSpent(world, history, latest);
  }
}

/** Delivers events of many histories in requests of any size, and does the rest, all at once. */
export async function carryOut(world: World, deeds: readonly Deed[]): Promise<void> {
  const rest = deeds.flatMap((deed) => (deed.kind === "usage" ? [deed.sent] : []));
  const batches: Sent[][] = [];
  while (rest.length > 0) batches.push(rest.splice(0, 1 + world.chaos.below(BATCH_MAX)));
  const acts = deeds.flatMap((deed) => (deed.kind === "act" ? [deed.carryOut] : []));
  await Promise.all([
    ...batches.map(async (batch) => {
      await persist(world, async (on) => {
        await deliver(world, on, batch);
      });
    }),
    ...acts.map(async (act) => {
      await persist(world, async ({ database }) => {
        await act(database);
      });
    }),
  ]);
}

type On = Pick<Replica, "database" | "ingestMemory">;

async function deliver(world: World, on: On, batch: readonly Sent[]): Promise<void> {
  const [result] = await recordUsage({ ...on, clock: () => world.now, log: world.log }, [
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
    const replica = world.chaos.pick(world.replicas);
    const isBroken = world.chaos.chance(0.1);
    const database: Database = isBroken
      ? crashing(replica.database, aCrash(world.chaos))
      : replica.database;
    try {
      // oxlint-disable-next-line no-await-in-loop -- an attempt follows the one that failed
      await work({ database, ingestMemory: replica.ingestMemory });
      return;
    } catch (error) {
      if (!(error instanceof Crashed) && !isConnectionLoss(error)) throw error;
      count(world, "crash of a deed");
    }
  }
}
