/**
 * What went wrong between Acme and the bot before the demo was started: an hour of usage that never
 * arrived, a crawler that stopped to report, and a benchmark that was reported and never ran. The
 * bot finds each by itself; Anthropic's books know better.
 */
import {
  addMs,
  HOUR_MS,
  type Instant,
  instant,
  localDate,
  localParts,
  timeZone,
} from "../../domain/time.ts";
import { CRAWLER_KEY } from "./apps.ts";
import { EXAMPLE_ZONE, type ExampleStory, storyKeyOf, workdayBefore } from "./calendar.ts";
import { newestModel } from "./models.ts";
import { type NativeEvent, nativeUsage, type VoidEvent } from "./native-event.ts";
import { chanceOf } from "./random.ts";

/** Reports on its own, and so is missed on its own. */
export const CRAWLER_SOURCE = "crawler";

const ZONE = timeZone(EXAMPLE_ZONE);
const LOST_DAYS_AGO = 3;
const LOST_HOUR = 14;
const BENCHMARK_REQUESTS = 28;
/** Long enough ago that nobody takes it for something unusual of today. */
const BENCHMARK_BEFORE_MS = 26 * HOUR_MS;

/** Whether an event never reached the bot: a deployment of the gateway lost an hour of a workday. */
export function wasLost(story: ExampleStory, { occurred_at: occurredAt }: NativeEvent): boolean {
  const at = instant(occurredAt);
  return (
    localParts(at, ZONE).hour === LOST_HOUR &&
    localDate(at, ZONE) === workdayBefore(story.toldAt, LOST_DAYS_AGO)
  );
}

export function isOfCrawler({ api_key_id: key }: NativeEvent): boolean {
  return key === CRAWLER_KEY;
}

/** When the benchmark that never ran says that it ran. */
export function benchmarkAt(now: Instant): Instant {
  return addMs(now, -BENCHMARK_BEFORE_MS);
}

/** A benchmark that a dry run reported as if it had happened: more than half of its quarter. */
export function dryRunUsage(story: ExampleStory, now: Instant): NativeEvent[] {
  const storyKey = storyKeyOf(story);
  const at = benchmarkAt(now);
  return Array.from({ length: BENCHMARK_REQUESTS }, (_, index): NativeEvent => {
    const chance = chanceOf(story.seed, "benchmark", String(index));
    const id = `req_${storyKey}_benchmark_${String(index)}`;
    return {
      event_id: id,
      request_id: id,
      occurred_at: addMs(at, index * 20_000).toISOString(),
      provider: "anthropic",
      model: newestModel("opus", at),
      usage: nativeUsage({
        input: chance.whole({ min: 185_000, max: 195_000 }),
        output: chance.whole({ min: 7_500, max: 8_500 }),
      }),
      workspace_id: "wrkspc_benchmarks",
      tags: { env: "dev", feature: "benchmark" },
    };
  });
}

/** What its owner sends once they see it. */
export function voidsOf(events: readonly NativeEvent[], now: Instant): VoidEvent[] {
  return events.map(({ event_id: id }) => ({
    event_id: `${id}/void`,
    occurred_at: now.toISOString(),
    voids: id,
  }));
}
