/**
 * `npm run gallery`: pictures of every surface of the catalogue, in light and dark, on a desktop and
 * on a phone, in dist/gallery with a page that lists them. Names of chapters choose among them;
 * `--docs` also renews the pictures of the documentation, alone.
 */
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CATALOGUE } from "./catalogue.ts";
import { type Chapter, type Entry, VARIANTS } from "./entry.ts";
import { galleryPage, pictureName } from "./gallery-page.ts";
import { openPhotographer, type Photographer } from "./photographer.ts";
import { openStage, type Stage } from "./stage.ts";
import { takeEntry } from "./take-entry.ts";

const DIRECTORY = join("dist", "gallery", "pictures");
const DOCS = join("docs", "images");

process.env["TZ"] = "UTC";
const { values: flags, positionals } = parseArgs({
  options: { docs: { type: "boolean", default: false } },
  allowPositionals: true,
});
const chapters = chosen(positionals);
const startedAt = performance.now();
let failures = 0;
let pictures = 0;

await rm(DIRECTORY, { recursive: true, force: true });
await mkdir(DIRECTORY, { recursive: true });
const photographer = await openPhotographer(DIRECTORY);
try {
  for (const kind of ["example", "new", "several"] as const) {
    const some = chapters.filter(({ on }) => on === kind);
    if (some.length === 0) continue;
    // oxlint-disable no-await-in-loop -- four cores, one Postgres, one browser
    const stage = await openStage(kind);
    try {
      for (const chapter of some) await showChapter(chapter, stage, photographer);
    } finally {
      await stage.stop();
    }
    // oxlint-enable no-await-in-loop
  }
} finally {
  await photographer.close();
}
await writeFile(join("dist", "gallery", "index.html"), galleryPage(chapters));
const seconds = Math.round((performance.now() - startedAt) / 1000);
const entries = chapters.flatMap((chapter) => chapter.entries).length;
process.stdout.write(
  `${String(entries)} entries, ${String(pictures)} pictures in ${String(seconds)} s: dist/gallery/index.html\n`,
);
if (failures > 0) process.exitCode = 1;

function fail(chapter: Chapter, entry: Entry, what: string): void {
  failures += 1;
  process.stderr.write(`${chapter.name} · ${entry.name}: ${what}\n`);
}

async function showChapter(chapter: Chapter, stage: Stage, camera: Photographer): Promise<void> {
  for (const entry of chapter.entries) {
    // oxlint-disable no-await-in-loop -- one leads to the next
    try {
      await showEntry(chapter, entry, { stage, camera });
    } catch (error) {
      fail(chapter, entry, error instanceof Error ? error.message : String(error));
    }
    await stage.closeWindows();
    // oxlint-enable no-await-in-loop
  }
}

async function showEntry(
  chapter: Chapter,
  entry: Entry,
  { stage, camera }: { readonly stage: Stage; readonly camera: Photographer },
): Promise<void> {
  const { subject, missing } = await takeEntry(entry, stage);
  for (const what of missing) fail(chapter, entry, `the picture has no ${what}`);
  if (flags.docs && entry.docs === undefined) return;
  const variants = VARIANTS.filter((one) => !flags.docs || one === entry.docs?.variant);
  const name = pictureName(chapter, entry);
  const complaints = await camera.shoot({ stage, subject, name, variants });
  pictures += variants.length;
  for (const what of complaints) fail(chapter, entry, what);
  if (!flags.docs || entry.docs === undefined) return;
  await mkdir(DOCS, { recursive: true });
  await copyFile(join(DIRECTORY, `${name}-${entry.docs.variant}.png`), join(DOCS, entry.docs.file));
}

function chosen(names: readonly string[]): readonly Chapter[] {
  const unknown = names.filter((name) => CATALOGUE.every((chapter) => chapter.name !== name));
  if (unknown.length > 0) {
    const known = CATALOGUE.map(({ name }) => name).join(", ");
    process.stderr.write(`There is no chapter ${unknown.join(", ")}. There are: ${known}.\n`);
    process.exit(2);
  }
  return CATALOGUE.filter(
    ({ name, entries: all }) =>
      (names.length === 0 || names.includes(name)) &&
      (!flags.docs || all.some(({ docs }) => docs !== undefined)),
  );
}
