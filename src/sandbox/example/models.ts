/** Which Claude models the example's people and apps use at a time: new ones spread in three weeks. */
import { DAY_MS, type Instant, instant } from "../../domain/time.ts";
import type { Chance } from "./random.ts";

export type ModelFamily = "opus" | "sonnet" | "haiku" | "fable";

interface Release {
  readonly model: string;
  readonly at: Instant;
}

/** Newest first. The oldest of a family also stands for the time before it. */
const RELEASES: Readonly<Record<ModelFamily, readonly [Release, ...Release[]]>> = {
  fable: [
    released("claude-fable-5-2", "2026-11-09"),
    released("claude-fable-5-1", "2026-09-23"),
    released("claude-fable-5", "2026-06-09"),
  ],
  opus: [
    released("claude-opus-5-5", "2026-09-22"),
    released("claude-opus-5", "2026-07-24"),
    released("claude-opus-4-8", "2026-05-01"),
  ],
  sonnet: [
    released("claude-sonnet-5-5", "2026-09-28"),
    released("claude-sonnet-5", "2026-06-30"),
    released("claude-sonnet-4-6", "2026-02-01"),
  ],
  haiku: [
    released("claude-haiku-5-5", "2026-10-07"),
    released("claude-haiku-4-5-20251001", "2025-10-01"),
  ],
};

const ADOPTION_MS = 21 * DAY_MS;
/** On the day of a release this share tries it at once. */
const EARLY_ADOPTERS = 0.25;

/** The newest model of a family that is out at `at`. */
export function newestModel(family: ModelFamily, at: Instant): string {
  return (RELEASES[family].find((release) => release.at <= at) ?? oldest(family)).model;
}

/** What one of many users of a family uses at `at`: the newest model, or still the one before. */
export function modelInUse(family: ModelFamily, at: Instant, chance: Chance): string {
  const roll = chance.next();
  const [newest, before] = RELEASES[family].filter((release) => release.at <= at);
  if (newest === undefined) return oldest(family).model;
  const adopted = EARLY_ADOPTERS + (at.getTime() - newest.at.getTime()) / ADOPTION_MS;
  return roll < adopted || before === undefined ? newest.model : before.model;
}

function oldest(family: ModelFamily): Release {
  return RELEASES[family].at(-1) ?? RELEASES[family][0];
}

function released(model: string, day: string): Release {
  return { model, at: instant(`${day}T00:00:00Z`) };
}
