/**
 * Example usage: what a company of three teams might use in a quarter. Everything is a function of
 * the story and the hour, so a window asked for twice gives the same events under the same ids, and
 * two windows side by side give exactly what one over both gives.
 */
import { addMs, HOUR_MS, type Instant } from "../../domain/time.ts";
import { appUsage } from "./apps.ts";
import {
  type ExampleHour,
  type ExampleStory,
  exampleHour,
  startOfHour,
  storyKeyOf,
} from "./calendar.ts";
import type { Draft } from "./draft.ts";
import { episodeUsage, inOrder } from "./episode.ts";
import { incidentUsage } from "./incidents.ts";
import type { NativeEvent } from "./native-event.ts";
import { peopleUsage } from "./people.ts";

/** Everything used in [from, to), in order of time. */
export function* exampleUsage(window: {
  readonly story: ExampleStory;
  readonly from: Instant;
  readonly to: Instant;
}): Generator<NativeEvent, void, undefined> {
  const { story, from, to } = window;
  const episode = episodeUsage(story);
  const storyKey = storyKeyOf(story);
  for (let start = startOfHour(from); start < to; start = addMs(start, HOUR_MS)) {
    const hour = exampleHour(story, start);
    const end = addMs(start, HOUR_MS).toISOString();
    const drafts = [
      ...peopleUsage(story, hour),
      ...appUsage(story, hour),
      ...incidentUsage(story, hour),
    ];
    const events = [
      ...drafts.map((draft, index) => eventFrom(draft, { storyKey, hour, index })),
      ...episode.filter(
        (event) => start.toISOString() <= event.occurred_at && event.occurred_at < end,
      ),
    ].toSorted(inOrder);
    for (const event of events) {
      if (from.toISOString() <= event.occurred_at && event.occurred_at < to.toISOString()) {
        yield event;
      }
    }
  }
}

function eventFrom(
  { actor, offset, event }: Draft,
  place: { readonly storyKey: string; readonly hour: ExampleHour; readonly index: number },
): NativeEvent {
  const { storyKey, hour, index } = place;
  const id = `req_${storyKey}_${hour.key}_${actor}_${String(index)}`;
  return {
    event_id: id,
    occurred_at: addMs(hour.start, Math.floor(offset * HOUR_MS)).toISOString(),
    request_id: id,
    ...event,
  };
}
