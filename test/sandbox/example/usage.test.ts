import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addMs, DAY_MS, HOUR_MS, instant, MINUTE_MS } from "../../../src/domain/time.ts";
import { REPEATS_MIN } from "../../../src/features/insights/rules/loop.ts";
import type { ExampleStory } from "../../../src/sandbox/example/calendar.ts";
import { episodeUsage } from "../../../src/sandbox/example/episode.ts";
import type { NativeEvent } from "../../../src/sandbox/example/native-event.ts";
import { runawayEvents } from "../../../src/sandbox/example/runaway-script.ts";
import { exampleUsage } from "../../../src/sandbox/example/usage.ts";
import { aStory } from "./priced-example.ts";

function usageOf(story: ExampleStory, from: number, to: number): NativeEvent[] {
  return [...exampleUsage({ story, from: addMs(story.toldAt, from), to: addMs(story.toldAt, to) })];
}

describe("example usage", () => {
  const story = aStory();

  test("says the same of the same window, whoever asks", () => {
    const twin = aStory();

    expect(usageOf(twin, -3 * DAY_MS, 0)).toEqual(usageOf(story, -3 * DAY_MS, 0));
  });

  test("two windows side by side give exactly what one over both gives", () => {
    const within = fc.integer({ min: -11 * DAY_MS, max: -9 * DAY_MS });
    const aroundTheEpisode = fc.integer({ min: -HOUR_MS, max: HOUR_MS });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.tuple(within, within, within),
          fc.tuple(aroundTheEpisode, aroundTheEpisode, aroundTheEpisode),
        ),
        (moments) => {
          const [from = 0, middle = 0, to = 0] = moments.toSorted((left, right) => left - right);

          const parts = [...usageOf(story, from, middle), ...usageOf(story, middle, to)];
          expect(parts).toEqual(usageOf(story, from, to));
        },
      ),
      { numRuns: 25 },
    );
  });

  test("keeps to its window and to the order of time, each id once", () => {
    const from = addMs(story.toldAt, -11 * DAY_MS - 17 * MINUTE_MS);
    const events = [...exampleUsage({ story, from, to: story.toldAt })];

    const times = events.map((event) => event.occurred_at);
    expect(times).toEqual(times.toSorted());
    expect((times[0] ?? "") >= from.toISOString()).toBe(true);
    expect((times.at(-1) ?? "") < story.toldAt.toISOString()).toBe(true);
    expect(new Set(events.map((event) => event.event_id)).size).toBe(events.length);
    expect(events.every((event) => event.request_id === event.event_id)).toBe(true);
  });

  test("another seed or another telling shares no id with this one", () => {
    const ids = new Set(usageOf(story, -DAY_MS, 0).map((event) => event.event_id));
    const later = { ...story, toldAt: addMs(story.toldAt, 1) };
    const other = aStory("2026-11-23T10:00:00Z", "another");

    const shared = [...usageOf(later, -DAY_MS, 0), ...usageOf(other, -DAY_MS, 0)].filter((event) =>
      ids.has(event.event_id),
    );
    expect(ids.size).toBeGreaterThan(0);
    expect(shared).toEqual([]);
  });

  test("a new day's episode leaves the rest of the story as it was", () => {
    const nextDay = { ...story, episodeAt: addMs(story.episodeAt, DAY_MS) };

    expect(usageOf(nextDay, -2 * DAY_MS, 0)).toEqual(usageOf(story, -2 * DAY_MS, 0));
  });

  test("is quiet at night and on weekends, and grows over the quarter", () => {
    const events = usageOf(story, -90 * DAY_MS, 0);
    const countIn = (matches: (at: Date) => boolean) =>
      events.filter((event) => matches(new Date(event.occurred_at))).length;

    const monday = countIn((at) => at.getUTCDay() === 1);
    const sunday = countIn((at) => at.getUTCDay() === 0);
    const morning = countIn((at) => at.getUTCHours() === 9);
    const night = countIn((at) => at.getUTCHours() === 22);
    expect(sunday).toBeLessThan(monday / 3);
    expect(night).toBeLessThan(morning / 5);
    expect(usageOf(story, -30 * DAY_MS, 0).length).toBeGreaterThan(
      usageOf(story, -90 * DAY_MS, -60 * DAY_MS).length * 1.15,
    );
    expect(events.length).toBeGreaterThan(20_000);
    expect(events.length).toBeLessThan(31_000);
  });

  test("nobody uses a model before it is out", () => {
    const launch = instant("2026-09-22T00:00:00Z");
    const early = [...exampleUsage({ story, from: addMs(launch, -5 * DAY_MS), to: launch })].map(
      (event) => event.model,
    );
    const late = [...exampleUsage({ story, from: launch, to: addMs(launch, 5 * DAY_MS) })].map(
      (event) => event.model,
    );

    expect(early).not.toContain("claude-opus-5-5");
    expect(early).toContain("claude-opus-5");
    expect(late).toContain("claude-opus-5-5");
    expect(late).toContain("claude-opus-5");
  });

  test("repeats a prompt today, and an operation when the script runs away, often enough to be told", () => {
    const today = [...episodeUsage(story)];
    const prompts = today.filter(({ prompt_hash: prompt }) => prompt !== undefined);
    expect(new Set(prompts.map(({ prompt_hash: prompt }) => prompt)).size).toBe(1);
    expect(prompts.length).toBeGreaterThan(REPEATS_MIN.prompt);

    const runaway = runawayEvents(story.toldAt);
    expect(new Set(runaway.map(({ operation_id: operation }) => operation)).size).toBe(1);
    expect(runaway.length).toBeGreaterThan(REPEATS_MIN.operation);
  });
});
