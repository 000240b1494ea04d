/**
 * The apps of the example, each with an API key: a search service that reads many documents, a
 * nightly batch, a support assistant that searches the web, triage of tickets, reviews in CI that
 * must stay in the US, and a forgotten crawler whose key no allocation rule knows.
 */
import { HOUR_MS } from "../../domain/time.ts";
import { type ExampleHour, type ExampleStory, type Rhythm, shareOfDay } from "./calendar.ts";
import type { Draft } from "./draft.ts";
import { type ModelFamily, modelInUse } from "./models.ts";
import { nativeUsage, type UsageParts } from "./native-event.ts";
import { type Chance, chanceOf } from "./random.ts";

interface ExampleApp {
  readonly name: string;
  readonly apiKeyId: string;
  readonly workspaceId: string;
  readonly family: ModelFamily;
  readonly rhythm: Rhythm;
  readonly requestsPerDay: number;
  readonly tags?: Readonly<Record<string, string>>;
  readonly parts: (chance: Chance) => UsageParts;
  /** Was heard of for the last time so long before the story is told. */
  readonly stoppedHoursBefore?: number;
}

export const CRAWLER_KEY = "apikey_old_crawler";

export const TRIAGE_APP: ExampleApp = {
  name: "triage",
  apiKeyId: "apikey_support_triage",
  workspaceId: "wrkspc_support",
  family: "haiku",
  rhythm: "customers",
  requestsPerDay: 34,
  tags: { env: "prod", feature: "triage" },
  parts: (chance) => ({
    // Now and then a ticket comes with a whole log, beyond the size where Haiku costs more.
    input: chance.isLucky(0.04)
      ? chance.whole({ min: 101_000, max: 160_000 })
      : chance.whole({ min: 1_500, max: 9_000 }),
    output: chance.whole({ min: 60, max: 500 }),
  }),
};

const APPS: readonly ExampleApp[] = [
  {
    name: "rag",
    apiKeyId: "apikey_search_rag",
    workspaceId: "wrkspc_search",
    family: "sonnet",
    rhythm: "customers",
    requestsPerDay: 66,
    tags: { env: "prod", feature: "answers" },
    parts: (chance) => ({
      input: chance.whole({ min: 110_000, max: 330_000 }),
      cacheRead: chance.isLucky(0.85) ? 12_400 : 0,
      output: chance.whole({ min: 300, max: 3_500, skew: 1.5 }),
    }),
  },
  {
    name: "eval",
    apiKeyId: "apikey_search_eval",
    workspaceId: "wrkspc_search",
    family: "opus",
    rhythm: "night",
    requestsPerDay: 28,
    tags: { env: "prod", feature: "relevance-eval" },
    parts: (chance) => ({
      input: chance.whole({ min: 120_000, max: 310_000 }),
      output: chance.whole({ min: 3_000, max: 11_000 }),
      serviceTier: "batch",
    }),
  },
  {
    name: "assistant",
    apiKeyId: "apikey_support_assistant",
    workspaceId: "wrkspc_support",
    family: "sonnet",
    rhythm: "customers",
    requestsPerDay: 58,
    tags: { env: "prod", feature: "assistant" },
    parts: (chance) => ({
      input: chance.whole({ min: 40_000, max: 240_000, skew: 1.4 }),
      cacheRead: 31_000,
      output: chance.whole({ min: 400, max: 4_000 }),
      webSearches: chance.isLucky(0.5) ? chance.whole({ min: 1, max: 5 }) : 0,
    }),
  },
  TRIAGE_APP,
  {
    name: "ci",
    apiKeyId: "apikey_ci_review",
    workspaceId: "wrkspc_platform",
    family: "opus",
    rhythm: "office",
    requestsPerDay: 34,
    tags: { env: "ci", feature: "review" },
    parts: (chance) => ({
      input: chance.whole({ min: 40_000, max: 230_000, skew: 1.3 }),
      write5m: chance.whole({ min: 5_000, max: 25_000 }),
      cacheRead: chance.whole({ min: 0, max: 60_000 }),
      output: chance.whole({ min: 1_500, max: 12_000, skew: 1.5 }),
      inferenceGeo: "us",
    }),
  },
  {
    name: "crawler",
    apiKeyId: CRAWLER_KEY,
    // Longer than a weekend, over which it would be no surprise.
    stoppedHoursBefore: 70,
    workspaceId: "wrkspc_default",
    family: "sonnet",
    rhythm: "customers",
    requestsPerDay: 14,
    parts: (chance) => ({
      input: chance.whole({ min: 20_000, max: 120_000 }),
      output: chance.whole({ min: 200, max: 1_500 }),
    }),
  },
];

/** What apps used in an hour. */
export function appUsage(story: ExampleStory, hour: ExampleHour): Draft[] {
  return APPS.filter(hasNotStopped(story, hour)).flatMap((app) => {
    const chance = chanceOf(story.seed, app.name, hour.key);
    const mean = app.requestsPerDay * hour.growth * shareOfDay(hour, app.rhythm);
    return Array.from({ length: chance.count(mean) }, () => ({
      actor: app.name,
      offset: chance.next(),
      event: appEvent(app, hour.start, chance),
    }));
  });
}

function hasNotStopped(story: ExampleStory, { start }: ExampleHour): (app: ExampleApp) => boolean {
  const hoursLeft = (story.toldAt.getTime() - start.getTime()) / HOUR_MS;
  return ({ stoppedHoursBefore }) =>
    stoppedHoursBefore === undefined || hoursLeft > stoppedHoursBefore;
}

/** One request of an app. */
export function appEvent(
  app: ExampleApp,
  at: ExampleHour["start"],
  chance: Chance,
): Draft["event"] {
  return {
    provider: "anthropic",
    model: modelInUse(app.family, at, chance),
    usage: nativeUsage(app.parts(chance)),
    workspace_id: app.workspaceId,
    api_key_id: app.apiKeyId,
    ...(app.tags === undefined ? {} : { tags: app.tags }),
  };
}
