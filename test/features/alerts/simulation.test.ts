import { expect, test } from "vitest";
import { addMs } from "../../../src/domain/time.ts";
import { countWaitingChecks } from "../../../src/features/budgets/index.ts";
import { message, section } from "../../../src/slack/blocks.ts";
import { enqueueMessage } from "../../../src/slack/outbox.ts";
import type { Database } from "../../../src/store/database.ts";
import { type TestDatabase, useDatabase } from "../../support/database.ts";
import { countDeadlocks, endConnections } from "../../support/deadlocks.ts";
import { TEST_SEED } from "../../support/fixed-seed.ts";
import {
  type Attempt,
  deliveryFaults,
  loadFacts,
  postedIn,
  SKEW_MAX_MS,
} from "./simulation/checks.ts";
import { past } from "./simulation/deeds.ts";
import { budgetOf, type History } from "./simulation/histories.ts";
import { looked, textOf } from "./simulation/oracle.ts";
import { outlookFaults } from "./simulation/outlook-checks.ts";
import { deedsOf } from "./simulation/steps.ts";
import { FINDING, GATHERING, RELEASING, sending, WATCHING, work } from "./simulation/workers.ts";
import { count, createWorld, type World } from "./simulation/world.ts";
import { carryOut, reprice } from "./simulation/world-deeds.ts";

const HISTORIES = Number(process.env["ALERT_HISTORIES"] ?? "2000");
const SEED = Number(process.env["ALERT_SEED"] ?? TEST_SEED);
/** Of so many, one has a budget to itself; it costs a transaction where members share one. */
const OWN_OF = 80;
/** Where there are few histories, more of them have: forecasts are of those. */
const OWN_OF_FEW = 5;
const ROUNDS = 4;
const STEPS = 2;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const withHistory = useDatabase();
const withoutHistory = useDatabase();

/** Clocks jump: forward, back, a little or by minutes. */
function jumpClocks({ random, replicas }: World): void {
  for (const replica of replicas) {
    replica.skewMs = random.pick([0, 0, 20_000, -20_000, 5 * MINUTE, SKEW_MAX_MS, -SKEW_MAX_MS]);
  }
}

function active({ random, replicas }: World): World["replicas"] {
  return replicas.slice(0, 1 + random.below(replicas.length));
}

function looksOf({ now, replicas }: World): number[] {
  return [...new Set([0, ...replicas.map(({ skewMs }) => skewMs)])].map(
    (skewMs) => now.getTime() + skewMs,
  );
}

/** Slack limits, fails, is slow, does it without an answer, and closes channels. */
function troubleSlack(world: World, { isDown }: { readonly isDown: boolean }): void {
  const { slack, random, channels, histories } = world;
  slack.faults.clear();
  if (isDown) {
    slack.faults.add({ kind: "http_500", times: 1_000_000 });
    return;
  }
  const some = (): number => random.below(1 + histories.length / 60);
  const method = "chat.postMessage";
  slack.faults.add({ kind: "drop_after", method, times: some() });
  slack.faults.add({ kind: "ratelimited", retryAfterSeconds: 1 + random.below(90), times: some() });
  slack.faults.add({ kind: "http_500", times: some() });
  slack.faults.add({ kind: "drop_before", times: some() });
  for (const channel of channels.values()) {
    if (random.chance(channel.isArchived ? 0.5 : 0.02)) channel.isArchived = !channel.isArchived;
  }
}

/** Deeds and replicas at the same time; the model follows every order in which they may have met. */
async function playRound(
  world: World,
  attempts: Attempt[],
  { isRepriced, isLast }: { readonly isRepriced: boolean; readonly isLast: boolean },
): Promise<string[]> {
  const { histories, random } = world;
  jumpClocks(world);
  const looks = looksOf(world);
  const jobs = [...FINDING, RELEASING, GATHERING, sending(world, attempts, 0.02)];
  const crashRate = 0.15;
  if (isRepriced) {
    await reprice(world);
    lookedAll(histories, looks);
  }
  for (let step = 0; step < STEPS; step += 1) {
    const deeds = deedsOf(world, step);
    count(world, "deeds", deeds.length);
    const replicas = active(world);
    await Promise.all([carryOut(world, deeds), work(world, { replicas, jobs, crashRate })]);
    lookedAll(histories, looks);
  }
  // Time passes; then everything that is due is done, by whoever is there.
  const hours = random.pick(isLast ? [1, 14, 26] : [0, 1, 1, 3, 14, 26, 60]);
  world.now = addMs(world.now, hours * HOUR + random.below(50) * MINUTE);
  jumpClocks(world);
  const later = looksOf(world);
  // What the clock looks at costs the most: in many rounds, and in the last.
  const isWatching = isLast || (hours > 0 && random.chance(0.6));
  const all = isWatching ? [...jobs, WATCHING] : jobs;
  await work(world, { replicas: active(world), jobs: all, crashRate });
  await finishChecks(world);
  lookedAll(histories, [...looks, ...later]);
  return isWatching ? await outlookFaults(world, later) : [];
}

function lookedAll(histories: readonly History[], looks: readonly number[]): void {
  for (const history of histories) history.states = looked(history.model, history.states, looks);
}

/** A connection that was cut may keep its locks for a moment: whoever looked then saw nothing to do. */
async function finishChecks(world: World): Promise<void> {
  const [first] = world.replicas;
  if (first === undefined) throw new Error("there are replicas");
  while ((await countWaitingChecks(first.database)) > 0) {
    // oxlint-disable-next-line no-await-in-loop -- until nothing waits
    await work(world, { replicas: [first], jobs: FINDING, crashRate: 0 });
  }
}

/** What was recorded must be one of what the model allows; the model goes on from there. */
async function compare(world: World): Promise<string[]> {
  const [first] = world.replicas;
  if (first === undefined) throw new Error("there are replicas");
  const recorded = await loadFacts(first.database);
  return world.histories.flatMap((history) => {
    const facts = recorded.get(budgetOf(history)) ?? new Map<string, string>();
    // Whoever owed a look has looked by now.
    const allowed = history.states.free.map(textOf);
    const isAllowed = allowed.includes(textOf(facts));
    count(world, "facts", facts.size - history.facts.size);
    history.facts = facts;
    history.states = { owing: [], free: [facts] };
    return isAllowed
      ? []
      : [
          [
            `${budgetOf(history)} (${history.model.periodKind}): recorded`,
            textOf(facts),
            `allowed\n${allowed.join("\nor\n")}`,
            `after\n${history.story.join("\n")}`,
          ].join("\n"),
        ];
  });
}

/** Slack is well again, and time passes, until nothing waits any more. */
async function settle(world: World, attempts: Attempt[]): Promise<void> {
  world.slack.faults.clear();
  world.isTroubled = false;
  for (const channel of world.channels.values()) channel.isArchived = false;
  for (const replica of world.replicas) replica.skewMs = 0;
  const [first] = world.replicas;
  if (first === undefined) throw new Error("there are replicas");
  const jobs = [RELEASING, GATHERING, sending(world, attempts, 0)];
  for (;;) {
    await work(world, { replicas: [first], jobs, crashRate: 0 });
    const { rows } = await first.database.query<{ readonly next: Date | null }>(
      `select least(
         (select min(case o.status when 'sending' then o.leased_until else o.next_attempt_at end)
            from outbox_messages o
           where o.status in ('pending', 'sending', 'unknown')),
         (select min(d.held_until) from alert_deliveries d),
         (select min(d.gathering_since) from alert_deliveries d)) as next`,
    );
    const next = rows[0]?.next ?? undefined;
    if (next === undefined) return;
    world.now = addMs(world.now, Math.max(1_000, next.getTime() - world.now.getTime()));
  }
}

async function simulate(world: World, canLook: boolean): Promise<string[]> {
  const [first] = world.replicas;
  if (first === undefined) throw new Error("there are replicas");
  const { database } = first;
  const attempts: Attempt[] = [];
  const marks: bigint[] = [];
  const faults: string[] = [];
  const outage = 1 + world.random.below(2);
  await carryOut(
    world,
    world.histories
      .filter(({ hasOutlook }) => hasOutlook)
      .flatMap((history) => past(world, history)),
  );
  await work(world, { replicas: [first], jobs: FINDING, crashRate: 0 });
  lookedAll(world.histories, [world.now.getTime()]);
  for (let round = 0; round < ROUNDS; round += 1) {
    troubleSlack(world, { isDown: round === outage || round === outage + 1 });
    const digest = message(`Digest ${String(round)}`, [section(`Digest ${String(round)}`)]);
    await enqueueMessage(
      database,
      {
        dedupeKey: `digest:${String(round)}`,
        kind: "digest",
        destination: { channel: "#general" },
        message: digest,
      },
      world.now,
    );
    const kind = { isRepriced: round === 1 || round === 3, isLast: round === ROUNDS - 1 };
    const found = [...(await playRound(world, attempts, kind)), ...(await compare(world))];
    faults.push(...found.map((fault) => `round ${String(round)}: ${fault}`));
    const { rows } = await database.query<{ readonly last: string }>(
      `select coalesce(max(outbox_message_id), 0)::text as last from outbox_messages`,
    );
    marks.push(BigInt(rows[0]?.last ?? "0"));
  }
  await settle(world, attempts);
  count(world, "messages", postedIn(world.slack).length);
  const { rowCount: gathered } = await database.query(
    "select from alert_deliveries d where d.carried_by like 'alert-storm:%'",
  );
  count(world, "gathered", gathered ?? 0);
  return [...faults, ...(await deliveryFaults(world, { attempts, marks, canLook }))];
}

/** What is wrong at the end, and how often what happened. */
async function run(of: {
  readonly histories: number;
  readonly ownOf: number;
  readonly canLook: boolean;
  readonly db: TestDatabase;
}): Promise<{ readonly faults: readonly string[]; readonly counts: World["counts"] }> {
  const { histories, canLook, db } = of;
  const own = Math.ceil(histories / of.ownOf);
  const members = histories - own;
  const openPool = (): Database => db.openPool({ max: 5, application_name: "simulated" });
  const world = await createWorld({ seed: SEED, own, members, canLook, openPool });
  const { counts, replicas } = world;
  try {
    const faults = await simulate(world, canLook);
    const pools = replicas.map(({ database }) => database);
    await endConnections(db.pool, pools);
    count(world, "deadlocks", await countDeadlocks(db.pool));
    return { faults, counts };
  } finally {
    await world.slack.close();
    if (process.env["ALERT_HISTORIES"] !== undefined) {
      process.stdout.write(`${JSON.stringify({ seed: SEED, ...Object.fromEntries(counts) })}\n`);
    }
  }
}

const SEEN = `ALERT_SEED=${String(SEED)}`;

test(`whatever happens, each thing is said once and right (${SEEN}, ${String(HISTORIES)} histories)`, async () => {
  const { faults, counts } = await run({
    histories: HISTORIES,
    ownOf: OWN_OF,
    canLook: true,
    db: withHistory,
  });
  expect({ seed: SEED, faults: faults.slice(0, 5) }).toEqual({ seed: SEED, faults: [] });
  expect(counts.get("deadlocks")).toBe(0);
  expect(counts.get("forecasts judged")).toBeGreaterThan(0);
  expect(counts.get("gathered")).toBeGreaterThanOrEqual(Math.floor(HISTORIES / 1_000));
  expect(counts.get("facts")).toBeGreaterThan(HISTORIES / 20);
}, 2_400_000);

test(`without the history scopes no alert is missing and no digest repeated (${SEEN})`, async () => {
  const histories = Math.ceil(HISTORIES / 20);
  const { faults, counts } = await run({
    histories,
    ownOf: OWN_OF_FEW,
    canLook: false,
    db: withoutHistory,
  });
  expect({ seed: SEED, faults: faults.slice(0, 5) }).toEqual({ seed: SEED, faults: [] });
  expect(counts.get("deadlocks")).toBe(0);
}, 600_000);
