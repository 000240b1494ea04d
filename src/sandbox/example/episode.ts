/**
 * What happens in front of the newcomer's eyes, in the first three minutes of the day's first start.
 *
 * Ordinary usage can't promise an alert at any moment: on the first of a month, or at night, next
 * to nothing has been spent. So two budgets of governance.ts last a day, and the episode spends
 * what they need, whatever was spent before:
 * - Bo's day is limited to $50 and warned of at 75 %; his part costs $38 or more, so it reaches
 *   75 % from nothing, and 95 % from an ordinary day.
 * - team Search's day is limited to $130, with thresholds at 50, 80 and 100 %. From nothing both
 *   parts reach 50 % ($65); from 50 % they reach 100 %; and above 100 % the team heard of it today.
 * The index is built from the same prompt again and again: that is an alert of its own, after ten.
 * So is a review in CI that is tried over and over because its answer is cut off.
 * A test adds all of this up from the price list and the discount in force.
 */
import { createHash } from "node:crypto";
import { addMs, type Instant } from "../../domain/time.ts";
import type { ExampleStory } from "./calendar.ts";
import { newestModel } from "./models.ts";
import { type NativeEvent, nativeUsage } from "./native-event.ts";
import { chanceOf, hash } from "./random.ts";

const FIRST_AFTER_MS = 5_000;
const EPISODE_MS = 180_000;
const BO_REQUESTS = 45;
const REINDEX_REQUESTS = 28;
/** Enough to be told as a loop, and too cheap to be a spike as well. */
const REVIEW_ATTEMPTS = 7;
const REVIEW_MS = 30_000;

/** The events of the day's episode, in order of time. */
export function episodeUsage(story: ExampleStory): NativeEvent[] {
  const key = hash(`${story.seed}|${story.episodeAt.toISOString()}`).toString(36);
  const chance = chanceOf(story.seed, "episode", key);
  const at = (index: number, count: number): Instant =>
    addMs(story.episodeAt, FIRST_AFTER_MS + Math.round((index * EPISODE_MS) / count));
  const named = (actor: string, index: number, when: Instant) => ({
    event_id: `req_${key}_${actor}_${String(index)}`,
    request_id: `req_${key}_${actor}_${String(index)}`,
    occurred_at: when.toISOString(),
    provider: "anthropic",
  });

  const refactoring = Array.from({ length: BO_REQUESTS }, (_, index): NativeEvent => {
    const when = at(index, BO_REQUESTS);
    return {
      ...named("bo", index, when),
      model: newestModel("opus", when),
      usage: nativeUsage({
        input: chance.whole({ min: 20, max: 900 }),
        write5m: chance.whole({ min: 110_000, max: 130_000 }),
        cacheRead: chance.whole({ min: 620_000, max: 760_000 }),
        output: chance.whole({ min: 16_000, max: 21_000 }),
      }),
      user_email: "bo@acme.test",
      project: "ranking",
      workspace_id: "wrkspc_claude_code",
      session_id: `bo-refactoring-${key}`,
      tags: { env: "dev", feature: "refactoring" },
    };
  });
  const reviewing = Array.from({ length: REVIEW_ATTEMPTS }, (_, index): NativeEvent => {
    const offset = FIRST_AFTER_MS + Math.round((index * REVIEW_MS) / REVIEW_ATTEMPTS);
    const when = addMs(story.episodeAt, offset);
    return {
      ...named("review", index, when),
      model: newestModel("opus", when),
      usage: nativeUsage({
        input: chance.whole({ min: 120_000, max: 140_000 }),
        output: 4_096,
        inferenceGeo: "us",
      }),
      workspace_id: "wrkspc_platform",
      api_key_id: "apikey_ci_review",
      operation_id: `review-${key}`,
      is_incomplete: true,
      tags: { env: "ci", feature: "review" },
    };
  });
  const samePrompt = `sha256:${createHash("sha256").update(`reindex ${key}`).digest("hex")}`;
  const reindexing = Array.from({ length: REINDEX_REQUESTS }, (_, index): NativeEvent => {
    const when = at(index, REINDEX_REQUESTS);
    return {
      ...named("reindex", index, when),
      model: newestModel("sonnet", when),
      usage: nativeUsage({
        input: chance.whole({ min: 430_000, max: 520_000 }),
        output: chance.whole({ min: 8_000, max: 12_000 }),
      }),
      workspace_id: "wrkspc_search",
      api_key_id: "apikey_search_rag",
      prompt_hash: samePrompt,
      tags: { env: "prod", feature: "reindex" },
    };
  });
  return [...refactoring, ...reindexing, ...reviewing].toSorted(inOrder);
}

/** By time, then by id, so that the order never depends on who was asked first. */
export function inOrder(left: NativeEvent, right: NativeEvent): number {
  return (
    compare({ left: left.occurred_at, right: right.occurred_at }) ||
    compare({ left: left.event_id, right: right.event_id })
  );
}

function compare({ left, right }: { readonly left: string; readonly right: string }): number {
  return left === right ? 0 : left < right ? -1 : 1;
}
