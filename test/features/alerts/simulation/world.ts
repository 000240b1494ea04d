/**
 * Many small histories in one database and one Slack: each has a budget, a team with a channel (or
 * a person) and a story of its own, worked on by the same few replicas. Each replica has its own
 * pool, clock and connection to Slack; any of them may die at any step.
 */
import pino from "pino";
import { emailFrom } from "../../../../src/domain/email.ts";
import { addMs, type Clock, type Instant, instant, timeZone } from "../../../../src/domain/time.ts";
import { DEFAULT_PREFERENCES } from "../../../../src/features/alerts/rules/preferences.ts";
import { upsertPreferences } from "../../../../src/features/alerts/store/preferences.ts";
import { replaceGovernedBudgets } from "../../../../src/features/budgets/index.ts";
import { createIngestMemory } from "../../../../src/features/ingest/flow/ingest-memory.ts";
import { replaceOrganization } from "../../../../src/features/organization/index.ts";
import { createFakeSlack, type FakeSlack } from "../../../../src/sandbox/slack/index.ts";
import { ACME } from "../../../../src/sandbox/slack/workspace.ts";
import { createDirectory, type Directory } from "../../../../src/slack/directory.ts";
import type { SlackWeb } from "../../../../src/slack/web.ts";
import { createSlackWeb } from "../../../../src/slack/web-client.ts";
import { type Database, inTransaction } from "../../../../src/store/database.ts";
import { aGovernedBudget } from "../../../support/budget-builders.ts";
import { usd } from "../../../support/builders.ts";
import { TEST_MANIFEST } from "../../../support/fake-slack.ts";
import { aTeam } from "../../../support/organization-builders.ts";
import { type Random, seeded } from "../../approvals/simulation/random.ts";
import type { Facts, Model } from "./oracle.ts";

const START = instant("2026-11-20T09:40:00Z");
const BEFORE = instant("2026-10-01T00:00:00Z");
const HISTORY_SCOPES = ["channels:history", "groups:history", "im:history"];

export interface History {
  readonly index: number;
  readonly name: string;
  readonly random: Random;
  readonly scope: string;
  /** As the outbox names it. */
  readonly destination: string;
  readonly channelId: string;
  readonly zone: string;
  readonly model: Model;
  /** What the program had recorded at the end of the last round. */
  facts: Facts;
  /** Set: something was spent in this round that the program has to look at. */
  isDirty: boolean;
  /** What the program may have recorded by now. */
  states: readonly Facts[];
  sent: Sent[];
}

/** An event as it was delivered, to be delivered again. */
export interface Sent {
  readonly id: string;
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface Replica {
  readonly database: Database;
  readonly clock: Clock;
  skewMs: number;
  web: SlackWeb;
  directory: Directory;
  ingestMemory: ReturnType<typeof createIngestMemory>;
}

export interface World {
  readonly random: Random;
  readonly histories: readonly History[];
  readonly replicas: readonly Replica[];
  readonly slack: FakeSlack;
  readonly channels: Map<string, { isArchived: boolean }>;
  readonly log: pino.Logger;
  /** The clock on the wall: replicas' are off by their skew. */
  now: Instant;
  /** Whether Slack makes trouble. */
  isTroubled: boolean;
  /** How often what happened, for the report. */
  readonly counts: Map<string, number>;
}

export function count({ counts }: Pick<World, "counts">, what: string, by = 1): void {
  counts.set(what, (counts.get(what) ?? 0) + by);
}

function newHistory(index: number, random: Random): History {
  const isPerson = index % 5 === 4;
  const name = `h${String(index)}`;
  const isBerlin = random.chance(0.3);
  const cents = 500 + random.below(20) * 100;
  const id = String(index).padStart(8, "0");
  return {
    index,
    name,
    random,
    scope: isPerson ? `user:${name}@sim.test` : `team:${name}`,
    destination: isPerson ? `email:${name}@sim.test` : `#${name}`,
    channelId: isPerson ? `DSM${id}` : `CSM${id}`,
    zone: isBerlin ? "Europe/Berlin" : "UTC",
    model: {
      zoneOffset: isBerlin ? 3_600_000 : 0,
      periodKind: random.pick(["daily", "weekly", "monthly"]),
      base: cents,
      thresholds: random.pick([[50, 80, 100], [80], [25, 50, 75, 100, 150], [100]]),
      rollOverPercent: random.chance(0.3) ? random.pick([50, 100]) : undefined,
      limits: [{ at: BEFORE.getTime(), limit: cents }],
      grants: [],
      costs: new Map(),
    },
    facts: new Map(),
    isDirty: false,
    states: [new Map()],
    sent: [],
  };
}

export async function createWorld(of: {
  readonly seed: number;
  readonly histories: number;
  readonly canLook: boolean;
  readonly openPool: () => Database;
}): Promise<World> {
  const random = seeded(of.seed);
  const histories = Array.from({ length: of.histories }, (_, index) =>
    newHistory(index, seeded(of.seed * 31 + index)),
  );
  const channels = new Map<string, { isArchived: boolean }>();
  const world: { now: Instant } = { now: START };
  const slack = createFakeSlack({
    manifest: {
      ...TEST_MANIFEST,
      scopes: [...TEST_MANIFEST.scopes, ...(of.canLook ? HISTORY_SCOPES : [])],
    },
    now: () => world.now.getTime(),
    isRateLimited: true,
    team: {
      ...ACME,
      people: [...ACME.people, ...histories.flatMap(personOf)],
      channels: [
        ...ACME.channels,
        ...histories
          .filter(({ destination }) => destination.startsWith("#"))
          .map((history) => {
            const channel = {
              id: history.channelId,
              name: history.name,
              purpose: "",
              isPrivate: false,
              isArchived: false,
              members: [ACME.bot.userId],
            };
            channels.set(history.destination, channel);
            return channel;
          }),
      ],
    },
  });
  await slack.listen();
  const log = pino({ level: "silent" });
  const replicas = Array.from({ length: 5 }, () => newReplica(of.openPool(), slack, world));
  const [first] = replicas;
  if (first === undefined) throw new Error("there are replicas");
  await govern(first.database, histories);
  return Object.assign(world, {
    random,
    histories,
    replicas,
    slack,
    channels,
    log,
    isTroubled: true,
    counts: new Map<string, number>(),
  });
}

function newReplica(
  database: Database,
  slack: FakeSlack,
  world: { readonly now: Instant },
): Replica {
  const replica = { skewMs: 0 };
  const clock = (): Instant => addMs(world.now, replica.skewMs);
  const web = createSlackWeb({
    token: slack.credentials.botToken,
    apiUrl: slack.apiUrl(),
    timeoutMs: 5_000,
  });
  return Object.assign(replica, {
    database,
    clock,
    web,
    directory: createDirectory({ database, web, clock }),
    ingestMemory: createIngestMemory(),
  });
}

function personOf({ name, destination, channelId }: History): typeof ACME.people {
  const [like] = ACME.people;
  if (like === undefined || destination.startsWith("#")) return [];
  const id = `U${channelId.slice(1)}`;
  return [{ ...like, id, name, handle: name, email: `${name}@sim.test`, isAdmin: false }];
}

async function govern(database: Database, histories: readonly History[]): Promise<void> {
  await inTransaction(database, async (sql) => {
    await replaceOrganization(sql, {
      organization: {
        name: "Acme",
        timeZone: timeZone("UTC"),
        weekStartsOn: "monday",
        finopsChannel: "#finops",
        admins: [emailFrom("dana@acme.test")],
      },
      teams: histories
        .filter(({ destination }) => destination.startsWith("#"))
        .map(({ name, destination }) => aTeam({ key: name, name, channel: destination })),
    });
    await replaceGovernedBudgets(
      sql,
      histories.map(({ name, scope, zone, model }) =>
        aGovernedBudget({
          key: name,
          scope,
          limit: usd(model.base / 100),
          period: model.periodKind,
          timeZone: timeZone(zone),
          thresholdPercents: model.thresholds,
          ...(model.rollOverPercent === undefined
            ? {}
            : { rollOverMaxPercent: model.rollOverPercent }),
        }),
      ),
      BEFORE,
    );
    for (const { name, destination, random } of histories) {
      if (destination.startsWith("#") || random.chance(0.4)) continue;
      const quietHours = { from: "22:00", until: "07:00" };
      const wishes = { ...DEFAULT_PREFERENCES, quietHours, timeZone: timeZone("UTC") };
      // oxlint-disable-next-line no-await-in-loop -- set-up
      await upsertPreferences(sql, emailFrom(`${name}@sim.test`), wishes, BEFORE);
    }
  });
}
