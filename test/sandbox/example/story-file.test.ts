import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import { openExampleStory } from "../../../src/sandbox/example/story-file.ts";

const FIRST = instant("2026-11-23T10:00:00Z");
const LATER_THAT_DAY = instant("2026-11-23T18:00:00Z");
const NEXT_DAY = instant("2026-11-24T08:00:00Z");

describe("the story's file", () => {
  let folder = "";
  let file = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "claude-spend-story-"));
    file = join(folder, "data", "example.json");
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  test("the first start tells a story from now, in a folder that need not exist", async () => {
    const story = await openExampleStory({ file, now: FIRST });

    expect(story).toMatchObject({ toldAt: FIRST, episodeAt: FIRST });
    expect(story.seed).not.toBe("");
    expect(await readdir(join(folder, "data"))).toEqual(["example.json"]);
  });

  test("the same day goes on with the same story and episode", async () => {
    const story = await openExampleStory({ file, now: FIRST });

    expect(await openExampleStory({ file, now: LATER_THAT_DAY })).toEqual(story);
  });

  test("another day has an episode of its own, and remembers it", async () => {
    const story = await openExampleStory({ file, now: FIRST });
    const next = await openExampleStory({ file, now: NEXT_DAY });

    expect(next).toEqual({ ...story, episodeAt: NEXT_DAY });
    expect(await openExampleStory({ file, now: NEXT_DAY })).toEqual(next);
  });

  test.each(["", "{", '{"seed":"a"}', '{"seed":"a","told_at":"yesterday","episode_at":"now"}'])(
    "a damaged file (%j) is no reason to tell another story silently",
    async (text) => {
      await openExampleStory({ file, now: FIRST });
      await writeFile(file, text);

      const failure = openExampleStory({ file, now: FIRST });

      await expect(failure).rejects.toMatchObject({ code: "invalid" });
      await expect(failure).rejects.toThrow("--fresh");
    },
  );
});
