/**
 * Thousands of small histories in one database and one Slack, worked on by the same few replicas.
 * Each replica has its own pool, clock and connection to Slack; any of them may die at any step.
 */
import pino from "pino";
import { emailFrom } from "../../../../src/domain/email.ts";
import { addMs, type Clock, type Instant, instant, timeZone } from "../../../../src/domain/time.ts";
import { DEFAULT_PREFERENCES } from "../../../../src/features/alerts/rules/preferences.ts";
import { upsertPreferences } from "../../../../src/features/alerts/store/preferences.ts";
import { replaceGovernedBudgets } from "../../../../src/features/budgets/index.ts";
import { createIngestMemory } from "../../../../src/features/ingest/flow/ingest-memory.ts";
import { replaceOrganization } from "../../../../src/features/organization/index.ts";
import { parseDiscountPercent, replaceDiscounts } from "../../../../src/features/pricing/index.ts";
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
import { type SeededRandom, seededRandom } from "../../../support/seeded-random.ts";
import {
  BEFORE,
  DISCOUNTED_WORKSPACE,
  type Group,
  groupsOf,
  type History,
  ownHistory,
} from "./histories.ts";

const START = instant("2026-11-20T09:40:00Z");
const HISTORY_SCOPES = ["channels:history", "groups:history", "im:history"];

export interface Replica {
  readonly database: Database;
  readonly clock: Clock;
  skewMs: number;
  web: SlackWeb;
  directory: Directory;
  ingestMemory: ReturnType<typeof createIngestMemory>;
}

export interface World {
  /** What happens: the same for a seed, however replicas meet. */
  readonly random: SeededRandom;
  /** Who dies, who is slow: drawn by whoever comes next. */
  readonly chaos: SeededRandom;
  /** All of them, those of groups included. */
  readonly histories: readonly History[];
  readonly groups: readonly Group[];
  readonly replicas: readonly Replica[];
  readonly slack: FakeSlack;
  readonly channels: Map<string, { isArchived: boolean }>;
  readonly log: pino.Logger;
  /** The clock on the wall: replicas' are off by their skew. */
  now: Instant;
  /** Whether Slack makes trouble. */
  isTroubled: boolean;
  /** Whether the discount is in force, for all that was ever used. */
  isDiscounted: boolean;
  /** How often what happened, for the report. */
  readonly counts: Map<string, number>;
}

export interface WorldOptions {
  readonly seed: number;
  /** Histories with a budget to themselves. */
  readonly own: number;
  /** Histories that are members of a budget of `each:…`. */
  readonly members: number;
  readonly canLook: boolean;
  readonly openPool: () => Database;
}

export function count({ counts }: Pick<World, "counts">, what: string, by = 1): void {
  counts.set(what, (counts.get(what) ?? 0) + by);
}

export async function createWorld(of: WorldOptions): Promise<World> {
  const own = Array.from({ length: of.own }, (_, index) => ownHistory(index, of.seed * 31 + index));
  const groups = groupsOf(own, of.members, of.seed);
  const histories = [...own, ...groups.flatMap(({ members }) => members)];
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
      people: [
        ...ACME.people,
        ...new Map(histories.flatMap(personOf).map((one) => [one.id, one])).values(),
      ],
      channels: [...ACME.channels, ...channelsOf(histories, channels)],
    },
  });
  await slack.listen();
  const log = pino({ level: "silent" });
  const replicas = Array.from({ length: 5 }, () => newReplica(of.openPool(), slack, world));
  const [first] = replicas;
  if (first === undefined) throw new Error("there are replicas");
  await govern(first.database, { histories, groups });
  return Object.assign(world, {
    random: seededRandom(of.seed),
    chaos: seededRandom(of.seed + 1),
    histories,
    groups,
    replicas,
    slack,
    channels,
    log,
    isTroubled: true,
    // The first re-rating makes everything dearer, and much of that nobody else looks at.
    isDiscounted: true,
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

/** One for each team; kept in `known`, where they can be closed. */
function channelsOf(
  histories: readonly History[],
  known: World["channels"],
): (typeof ACME.channels)[number][] {
  return histories.flatMap(({ destination, channelId, team }) => {
    if (team === undefined || known.has(destination)) return [];
    const channel = {
      id: channelId,
      name: destination.slice(1),
      purpose: "",
      isPrivate: false,
      isArchived: false,
      members: [ACME.bot.userId],
    };
    known.set(destination, channel);
    return [channel];
  });
}

function personOf({ name, destination, channelId }: History): typeof ACME.people {
  const [like] = ACME.people;
  if (like === undefined || destination.startsWith("#")) return [];
  const id = `U${channelId.slice(1)}`;
  return [{ ...like, id, name, handle: name, email: `${name}@sim.test`, isAdmin: false }];
}

/** What is negotiated for one workspace, while it is. */
export function halfPrice(): Parameters<typeof replaceDiscounts>[1] {
  const share = parseDiscountPercent("50");
  if (share === undefined) throw new Error("half is a discount");
  const ever = { modelPattern: undefined, validFrom: undefined, validUntil: undefined };
  return [{ ...ever, workspaceId: DISCOUNTED_WORKSPACE, share }];
}

async function govern(
  database: Database,
  { histories, groups }: Pick<World, "histories" | "groups">,
): Promise<void> {
  const projects = new Map<string, string[]>();
  for (const { team, scope } of histories) {
    if (team === undefined) continue;
    const own = projects.get(team) ?? [];
    if (scope.startsWith("project:")) own.push(scope.slice("project:".length));
    projects.set(team, own);
  }
  await inTransaction(database, async (sql) => {
    await replaceOrganization(sql, {
      organization: {
        name: "Acme",
        timeZone: timeZone("UTC"),
        weekStartsOn: "monday",
        finopsChannel: "#finops",
        admins: [emailFrom("dana@acme.test")],
      },
      teams: [...projects].map(([name, own]) =>
        aTeam({ key: name, name, channel: `#${name}`, projects: own }),
      ),
    });
    await replaceDiscounts(sql, halfPrice());
    const own = histories.filter(({ memberKey }) => memberKey === "");
    const shared = groups.flatMap(({ members }) => members.slice(0, 1));
    await replaceGovernedBudgets(sql, [...own, ...shared].map(governed), instant(BEFORE));
    for (const { name, destination, random } of histories) {
      if (destination.startsWith("#") || random.chance(0.8)) continue;
      const quietHours = { from: "22:00", until: "07:00" };
      const wishes = { ...DEFAULT_PREFERENCES, quietHours, timeZone: timeZone("UTC") };
      // oxlint-disable-next-line no-await-in-loop -- set-up
      await upsertPreferences(sql, emailFrom(`${name}@sim.test`), wishes, instant(BEFORE));
    }
  });
}

function governed(history: History): ReturnType<typeof aGovernedBudget> {
  const { budgetId, memberKey, scope, zone, model } = history;
  return aGovernedBudget({
    key: budgetId,
    scope: memberKey === "" ? scope : `each:${scope.slice(0, scope.indexOf(":"))}`,
    limit: usd(model.base / 100),
    period: model.periodKind,
    timeZone: timeZone(zone),
    thresholdPercents: model.thresholds,
    ...(history.hasOutlook
      ? { forecastThresholdPercents: history.forecastThresholds, paceDays: 2, notifyReset: true }
      : {}),
    ...(model.rollOverPercent === undefined ? {} : { rollOverMaxPercent: model.rollOverPercent }),
  });
}
