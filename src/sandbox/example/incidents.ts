/**
 * What goes wrong in the example: a script of Dev's that lost its prompt cache and ran in a loop for
 * three hours, ten days before the story is told; and a model that no price list knows.
 */
import { type ExampleHour, type ExampleStory, workdayBefore } from "./calendar.ts";
import type { Draft } from "./draft.ts";
import { newestModel } from "./models.ts";
import { nativeUsage } from "./native-event.ts";
import { chanceOf } from "./random.ts";

const RUNAWAY_DAYS_AGO = 10;
const RUNAWAY_FROM_HOUR = 14;
const RUNAWAY_HOURS = 3;
/** One every twenty seconds, as fast as the answers come. */
const RUNAWAY_REQUESTS_PER_HOUR = 180;

/** A preview that somebody tries now and then, on about every fifteenth workday. */
const UNKNOWN_MODEL = "claude-saga-preview";
const UNKNOWN_MODEL_HOUR = 11;
const UNKNOWN_MODEL_PROBABILITY = 1 / 15;

/** What happened in an hour beside the usual. */
export function incidentUsage(story: ExampleStory, hour: ExampleHour): Draft[] {
  return [...runawayUsage(story, hour), ...unknownModelUsage(story, hour)];
}

function runawayUsage(story: ExampleStory, hour: ExampleHour): Draft[] {
  const isRunning =
    hour.date === workdayBefore(story.toldAt, RUNAWAY_DAYS_AGO) &&
    hour.hourOfDay >= RUNAWAY_FROM_HOUR &&
    hour.hourOfDay < RUNAWAY_FROM_HOUR + RUNAWAY_HOURS;
  if (!isRunning) return [];
  const chance = chanceOf(story.seed, "runaway", hour.key);
  return Array.from({ length: RUNAWAY_REQUESTS_PER_HOUR }, (_, index) => ({
    actor: "backfill",
    offset: (index + chance.next()) / RUNAWAY_REQUESTS_PER_HOUR,
    event: {
      provider: "anthropic",
      model: newestModel("opus", hour.start),
      // The whole conversation again and again, none of it from the cache: the mistake.
      usage: nativeUsage({
        input: chance.whole({ min: 150_000, max: 210_000 }),
        output: chance.whole({ min: 2_000, max: 6_000 }),
      }),
      user_email: "dev@acme.test",
      workspace_id: "wrkspc_platform",
      api_key_id: "apikey_dev_scripts",
      session_id: `backfill-${hour.date}`,
      operation_id: `backfill-${hour.date}`,
      tags: { env: "dev", feature: "backfill" },
    },
  }));
}

function unknownModelUsage(story: ExampleStory, hour: ExampleHour): Draft[] {
  if (hour.hourOfDay !== UNKNOWN_MODEL_HOUR || hour.isWeekend) return [];
  const chance = chanceOf(story.seed, "unknown-model", hour.date);
  if (!chance.isLucky(UNKNOWN_MODEL_PROBABILITY)) return [];
  return Array.from({ length: 2 }, () => ({
    actor: "preview",
    offset: chance.next(),
    event: {
      provider: "anthropic",
      model: UNKNOWN_MODEL,
      usage: nativeUsage({
        input: chance.whole({ min: 2_000, max: 20_000 }),
        output: chance.whole({ min: 500, max: 3_000 }),
      }),
      user_email: "mia@acme.test",
      workspace_id: "wrkspc_claude_code",
      tags: { env: "dev", feature: "evaluation" },
    },
  }));
}
