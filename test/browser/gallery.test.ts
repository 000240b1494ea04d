/**
 * The gallery works: its chapters about a workspace in which nothing is set up, and about
 * installing, lead to every surface that they name, Slack takes each of them, and some are drawn.
 * What the other chapters show is built from any data by property tests; their 90 days of usage take
 * too long to be told here.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { INSTALLATION } from "../gallery/chapters/installation.ts";
import { SET_UP } from "../gallery/chapters/set-up.ts";
import { VARIANTS } from "../gallery/entry.ts";
import { pictureName } from "../gallery/gallery-page.ts";
import { openPhotographer, type Photographer } from "../gallery/photographer.ts";
import { openStage } from "../gallery/stage.ts";
import { takeEntry } from "../gallery/take-entry.ts";
import { buildPage } from "./demo-program.ts";

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47]);

let directory: string;
let camera: Photographer;

beforeAll(async () => {
  buildPage();
  directory = await mkdtemp(join(tmpdir(), "claude-spend-pictures-"));
  camera = await openPhotographer(directory);
});

afterAll(async () => {
  await camera.close();
  await rm(directory, { recursive: true, force: true });
});

test.each([
  {
    chapter: SET_UP,
    drawn: ["Who may begin", "Home of the first admin", "Hello in the channel of finance"],
  },
  { chapter: INSTALLATION, drawn: ["A link"] },
])(
  "$chapter.name: every entry leads to what it names, and is drawn",
  async ({ chapter, drawn }) => {
    const stage = await openStage(chapter.on);
    try {
      for (const entry of chapter.entries) {
        // oxlint-disable no-await-in-loop -- one leads to the next
        const { subject, missing } = await takeEntry(entry, stage);
        expect([entry.name, ...missing]).toEqual([entry.name]);
        const variants = drawn.includes(entry.name) ? VARIANTS : [];
        const name = pictureName(chapter, entry);
        expect(await camera.shoot({ stage, subject, name, variants })).toEqual([]);
        expect(await differentPictures(name, variants)).toBe(variants.length);
        await stage.closeWindows();
        // oxlint-enable no-await-in-loop
      }
    } finally {
      await stage.stop();
    }
  },
);

async function differentPictures(name: string, variants: readonly string[]): Promise<number> {
  const files = await Promise.all(
    variants.map(async (variant) => await readFile(join(directory, `${name}-${variant}.png`))),
  );
  for (const file of files) expect(file.subarray(0, PNG.length)).toEqual(PNG);
  return new Set(files.map((file) => file.toString("base64"))).size;
}
