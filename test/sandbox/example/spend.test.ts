/** What the example costs: that the demo has something to say, on any day it may be started. */
import { describe, expect, test } from "vitest";
import {
  addMs,
  DAY_MS,
  instant,
  localDate,
  type Period,
  periodOf,
  timeZone,
} from "../../../src/domain/time.ts";
import { type ExampleStory, episodeStart } from "../../../src/sandbox/example/calendar.ts";
import { runawayEvents } from "../../../src/sandbox/example/runaway-script.ts";
import { exampleUsage } from "../../../src/sandbox/example/usage.ts";
import { aStory, dollars, governance, type PricedEvent, priced } from "./priced-example.ts";

const BERLIN = timeZone("Europe/Berlin");
const BO = "bo@acme.test";

function pricedUsage(story: ExampleStory, { start, end }: Period): PricedEvent[] {
  return [...exampleUsage({ story, from: start, to: end })].map((event) =>
    priced(event, addMs(story.toldAt, DAY_MS)),
  );
}

function limitOf(key: string): { readonly limit: number; readonly thresholds: readonly number[] } {
  const budget = governance.budgets.find((candidate) => candidate.key === key);
  return {
    limit: Number(budget?.limit ?? 0n) / 1e12,
    thresholds: budget?.thresholdPercents ?? [],
  };
}

function highestReached(spend: number, key: string): number {
  const { limit, thresholds } = limitOf(key);
  return Math.max(0, ...thresholds.filter((percent) => spend * 100 >= limit * percent));
}

function ofTeam(team: string, events: readonly PricedEvent[]): number {
  return dollars(events.filter((event) => event.team === team));
}

function boOf(events: readonly PricedEvent[]): number {
  return dollars(events.filter(({ event }) => event.userEmail === BO));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, next) => total + next, 0);
}

describe("a quarter of the example", () => {
  const story = aStory();
  const quarter = pricedUsage(story, {
    start: addMs(story.toldAt, -90 * DAY_MS),
    end: story.toldAt,
  });
  const month = (ago: number) =>
    quarter.filter(
      ({ event }) =>
        event.occurredAt >= addMs(story.toldAt, -ago * 30 * DAY_MS) &&
        event.occurredAt < addMs(story.toldAt, -(ago - 1) * 30 * DAY_MS),
    );

  test.each([1, 2, 3])("costs what a company of three teams may spend, %i months ago", (ago) => {
    const events = month(ago);

    expect(dollars(events)).toBeGreaterThan(3_000);
    expect(dollars(events)).toBeLessThan(8_000);
    expect(ofTeam("search", events)).toBeGreaterThan(1_200);
    expect(ofTeam("search", events)).toBeLessThan(2_500);
    expect(ofTeam("support", events)).toBeGreaterThan(300);
    expect(ofTeam("support", events)).toBeLessThan(900);
    expect(ofTeam("platform", events)).toBeGreaterThan(700);
    expect(ofTeam("platform", events)).toBeLessThan(2_000);
  });

  test("leaves a little unallocated: the forgotten key, and people of no team", () => {
    const unallocated = quarter.filter(({ team }) => team === undefined);

    expect(new Set(unallocated.map(({ event }) => event.apiKeyId ?? event.userEmail))).toEqual(
      new Set(["apikey_old_crawler", "dana@acme.test", "finops@acme.test"]),
    );
    expect(dollars(unallocated)).toBeLessThan(dollars(quarter) * 0.1);
  });

  test("shows every project of the governance", () => {
    const projects = new Set(quarter.flatMap(({ project }) => project ?? []));

    expect(projects).toEqual(new Set(governance.teams.flatMap((team) => team.projects)));
  });

  test("uses what can be priced in a special way: batch, geography, search, both caches", () => {
    const usages = quarter.map(({ event }) => event.usage);

    expect(usages.some((usage) => usage.serviceTier === "batch")).toBe(true);
    expect(usages.some((usage) => usage.inferenceGeo === "us")).toBe(true);
    expect(usages.some((usage) => usage.webSearchRequests > 0)).toBe(true);
    expect(usages.some((usage) => usage.cacheCreation5mInputTokens > 0)).toBe(true);
    expect(usages.some((usage) => usage.cacheCreation1hInputTokens > 0)).toBe(true);
    const bo = quarter
      .filter(({ event }) => event.userEmail === BO)
      .map(({ event }) => event.usage);
    expect(sum(bo.map((usage) => usage.cacheReadInputTokens))).toBeGreaterThan(
      100 * sum(bo.map((usage) => usage.uncachedInputTokens)),
    );
  });

  test("meets one model that no list knows, a few times", () => {
    const unknown = quarter.filter(({ isKnownModel }) => !isKnownModel);

    expect(new Set(unknown.map(({ event }) => event.model))).toEqual(
      new Set(["claude-saga-preview"]),
    );
    expect(unknown.length).toBeLessThan(30);
    expect(dollars(unknown)).toBeGreaterThan(0);
  });

  test("has one runaway day, about ten days ago, over three times a normal one", () => {
    const byDay = new Map<string, PricedEvent[]>();
    for (const event of quarter) {
      const day = localDate(event.event.occurredAt, BERLIN);
      byDay.set(day, [...(byDay.get(day) ?? []), event]);
    }
    const costs = [...byDay].map(([day, events]) => ({ day, cost: dollars(events) }));
    const sorted = costs.map(({ cost }) => cost).toSorted((left, right) => left - right);
    const normal = sorted[Math.floor(sorted.length * 0.6)] ?? 0;

    const runaway = costs.filter(({ cost }) => cost > 3 * normal);
    expect(runaway.map(({ day }) => day)).toEqual(["2026-11-13"]);
    expect(
      ofTeam("platform", byDay.get("2026-11-13") ?? []) /
        ofTeam("platform", byDay.get("2026-11-12") ?? []),
    ).toBeGreaterThan(3);
  });
});

/** First of a month, Monday before breakfast, Friday evening, weekend, and both clock changes. */
const STARTS = [
  "2026-12-01T00:01:00+01:00",
  "2026-11-23T06:00:00+01:00",
  "2026-11-27T21:30:00+01:00",
  "2026-11-29T15:00:00+01:00",
  "2026-11-18T12:00:00+01:00",
  "2026-10-25T02:30:00+01:00",
  "2027-03-28T11:00:00+02:00",
  "2027-06-30T16:00:00+02:00",
];

describe.each(STARTS)("a demo started at %s", (startedAt) => {
  const story = aStory(startedAt, `seed of ${startedAt}`);
  const today = periodOf(story.toldAt, { kind: "daily", zone: BERLIN, weekStartsOn: "monday" });
  const before = pricedUsage(story, { start: today.start, end: story.toldAt });
  const episode = pricedUsage(story, {
    start: story.toldAt,
    end: addMs(story.toldAt, 200_000),
  });

  test("has a personal alert for Bo today, by the end of the episode", () => {
    const alerted = highestReached(boOf(before), "per-person-daily");
    const inTheEnd = highestReached(boOf(before) + boOf(episode), "per-person-daily");

    expect(boOf(episode)).toBeGreaterThan(37.5);
    expect(inTheEnd).toBeGreaterThanOrEqual(75);
    expect(inTheEnd > alerted || alerted === 95).toBe(true);
  });

  test("has an alert for team Search today, by the end of the episode", () => {
    const alerted = highestReached(ofTeam("search", before), "search-daily");
    const inTheEnd = highestReached(
      ofTeam("search", before) + ofTeam("search", episode),
      "search-daily",
    );

    expect(ofTeam("search", episode)).toBeGreaterThan(65);
    expect(inTheEnd).toBeGreaterThanOrEqual(50);
    expect(inTheEnd > alerted || alerted === 100).toBe(true);
  });

  test("lets one click take Bo's day over its limit from nothing", () => {
    const click = runawayEvents(story.toldAt).map((event) => priced(event, story.toldAt));

    expect(highestReached(dollars(click), "per-person-daily")).toBe(95);
    expect(dollars(click)).toBeGreaterThan(limitOf("per-person-daily").limit);
  });
});

describe("the day's episode", () => {
  test("begins once a Berlin day, whatever restarts there are", () => {
    const first = instant("2026-11-23T09:00:00Z");
    const sameDay = instant("2026-11-23T22:59:00Z");
    const nextDay = instant("2026-11-23T23:01:00Z");

    expect(episodeStart(undefined, first)).toEqual(first);
    expect(episodeStart(first, sameDay)).toEqual(first);
    expect(episodeStart(first, nextDay)).toEqual(nextDay);
  });
});
