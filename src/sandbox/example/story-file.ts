/**
 * Remembers the example's story between starts of the demo, beside the data that it led to: the
 * same data must be told the same story, or its events would contradict what was recorded.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { type Instant, instant } from "../../domain/time.ts";
import { type ExampleStory, episodeStart } from "./calendar.ts";

const STORY = z.object({
  seed: z.string().min(1),
  told_at: z.iso.datetime(),
  episode_at: z.iso.datetime(),
});

/**
 * The story kept in `file`, with today's episode; a new one told from `now` when there is none.
 * Everything a story may still change is written back before anybody acts on it.
 */
export async function openExampleStory({
  file,
  now,
}: {
  readonly file: string;
  readonly now: Instant;
}): Promise<ExampleStory> {
  const kept = await readStory(file);
  const story: ExampleStory = {
    seed: kept?.seed ?? randomUUID().slice(0, 8),
    toldAt: kept?.toldAt ?? now,
    episodeAt: episodeStart(kept?.episodeAt, now),
  };
  await mkdir(dirname(file), { recursive: true });
  // Renamed into place, so that a crash leaves the old story or the new one, never half of one.
  const text = {
    seed: story.seed,
    told_at: story.toldAt.toISOString(),
    episode_at: story.episodeAt.toISOString(),
  };
  await writeFile(`${file}.new`, `${JSON.stringify(text, undefined, 2)}\n`);
  await rename(`${file}.new`, file);
  return story;
}

async function readStory(file: string): Promise<ExampleStory | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const parsed = STORY.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new AppError({
      code: "invalid",
      message: `${file} is damaged: expected seed, told_at and episode_at. Start anew with npm run demo -- --fresh.`,
      cause: parsed.error,
    });
  }
  const { seed, told_at: toldAt, episode_at: episodeAt } = parsed.data;
  return { seed, toldAt: instant(toldAt), episodeAt: instant(episodeAt) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Not JSON is one more way of not being a story.
  }
}
