/**
 * Where the gallery's surfaces come from: the real program with an embedded Postgres, the strict fake
 * Slack and the example's usage, at the same hour of a working day whenever it is run. People type
 * and click; nothing is put together by hand.
 */
import type { Logger } from "pino";
import { archiveForAWhile, type DemoTime, demoTime, livePast } from "../../src/app/demo-past.ts";
import { addCrawlerSource, sendExample } from "../../src/app/demo-usage.ts";
import type { Program } from "../../src/app/program.ts";
import {
  type Clock,
  DAY_MS,
  HOUR_MS,
  type Instant,
  instant,
  localParts,
  MINUTE_MS,
  timeZone,
} from "../../src/domain/time.ts";
import {
  EXAMPLE_ZONE,
  type ExampleStory,
  exampleGovernance,
} from "../../src/sandbox/example/index.ts";
import type { FakeSlack } from "../../src/sandbox/slack/index.ts";
import { putGovernance, type Reporting, reporting } from "./stage/reporting.ts";
import { openSeveral, type Several } from "./stage/several.ts";
import { type Started, startAll, type Undo } from "./stage/start.ts";
import { type Watching, watching } from "./stage/watching.ts";

/** The episode of the example lasts three. */
const EPISODE_MS = 4 * MINUTE_MS;

export type StageKind = "example" | "new" | "several";

export interface Stage extends Watching, Reporting {
  readonly url: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly database: Program["database"];
  readonly fake: FakeSlack;
  readonly later: (ms: number) => void;
  /** Set where several workspaces may install. */
  readonly several?: Several;
  readonly stop: () => Promise<void>;
}

/**
 * `example`: the workspace with its 90 days; `new`: with neither governance nor usage; `several`: no
 * workspace has installed the bot yet.
 */
export async function openStage(kind: StageKind): Promise<Stage> {
  const undo: Undo = [];
  const stop = async (): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop -- in the reverse order of starting
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    const begin = instant(new Date());
    let passedMs = galleryTime(begin).getTime() - begin.getTime();
    const time = demoTime(() => instant(Date.now() + passedMs));
    const { clock } = time;
    const later = (ms: number): void => {
      passedMs += ms;
    };
    const story: ExampleStory = { seed: "gallery", toldAt: clock(), episodeAt: clock() };
    if (kind === "several") {
      const several = await openSeveral(clock, undo);
      return {
        ...several,
        ...watching(several.fake),
        ...reporting({ ...several, story }),
        later,
        stop,
      };
    }
    const started = await startAll({ time, story, kind }, undo);
    if (kind === "example") {
      await tellExample(started, time, undo);
      later(EPISODE_MS);
      await sendExample(started);
    }
    return { ...started, ...watching(started.fake), ...reporting(started), later, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The last Wednesday in the middle of a month, in the afternoon: much to show of every span. */
function galleryTime(now: Instant): Instant {
  const zone = timeZone(EXAMPLE_ZONE);
  for (let back = 0; ; back += 1) {
    const midnight = now.getTime() - (now.getTime() % DAY_MS) - back * DAY_MS;
    const at = instant(midnight + 14 * HOUR_MS);
    const { weekday, day } = localParts(at, zone);
    if (at <= now && weekday === 3 && day >= 10 && day <= 24) return at;
  }
}

/** As the demo does it: a past that the bot has seen, so that every kind of alert comes by itself. */
async function tellExample(started: Started, time: DemoTime, undo: Undo): Promise<void> {
  const { url, fake, story, clock } = started;
  await putGovernance(url, exampleGovernance({ past: clock(), now: story.toldAt }));
  await addCrawlerSource(started);
  const beforeCatchingUp = async (): Promise<void> => {
    undo.push(archiveForAWhile(fake));
    await Promise.resolve();
  };
  await livePast(started, { time, beforeCatchingUp });
  await sendExample(started);
  started.letBoAsk();
}
