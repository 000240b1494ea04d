/** Nothing that people meet is missing in the gallery, and the gallery names nothing that is gone. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ALERT_KINDS } from "../../src/domain/alert.ts";
import { emojiFor } from "../../src/sandbox/page/text/emoji.ts";
import { collectListeners } from "../../src/slack/registry.ts";
import { wiredListeners } from "../support/wired-listeners.ts";
import { CATALOGUE } from "./catalogue.ts";
import { pictureName } from "./gallery-page.ts";
import { BUILDERS_LEFT_OUT, LISTENERS_LEFT_OUT } from "./left-out.ts";

const ENTRIES = CATALOGUE.flatMap(({ entries }) => entries);
/** What becomes of a builder is seen by people; pieces of a sentence are not counted. */
const BUILT = /\b(SlackMessage|Modal|HomeView|AlertContent|Block|Block\[\]|Button|Button\[\])\b/;

/** What is sent as it is, and so has Slack's limits to itself. */
const WHOLE = /\b(SlackMessage|Modal|HomeView|AlertContent)\b/;
const VALIDATED = /\b(messageProblems|viewProblems|homeProblems|validateBlocks|validateView)\b/;

/** "feature/function" of what the messages of all features export and people see. */
async function builders(kind = BUILT): Promise<readonly string[]> {
  const root = "src/features";
  const found = await Promise.all(
    (await readdir(root)).map(async (feature) => {
      const files = await messageFiles(join(root, feature));
      const names = await Promise.all(
        files.map(async (file) => buildersIn(await readFile(file, "utf8"), kind)),
      );
      return names.flat().map((name) => `${feature}/${name}`);
    }),
  );
  return [...new Set(found.flat())].toSorted();
}

async function messageFiles(feature: string): Promise<readonly string[]> {
  const entries = await readdir(feature, { recursive: true });
  return entries
    .filter((name) => /^messages(\.ts$|\/.*\.ts$)/.test(name.replaceAll("\\", "/")))
    .map((name) => join(feature, name));
}

/** A formatter wrote the sources: the result's type ends the first line that begins a body. */
function buildersIn(source: string, kind: RegExp): readonly string[] {
  const [, ...functions] = source.split(/^export function /m);
  return functions.flatMap((text) => {
    const [name = ""] = /^\w+/.exec(text) ?? [];
    const [, result = ""] = /\): ([^\n{]*) \{$/m.exec(text) ?? [];
    return kind.test(result) ? [name] : [];
  });
}

/** Tests that draw any data and ask the strict validator. */
async function propertyTests(): Promise<readonly string[]> {
  const files = (await readdir("test/features", { recursive: true })).filter((name) =>
    name.endsWith(".test.ts"),
  );
  const sources = await Promise.all(
    files.map(async (name) => await readFile(join("test/features", name), "utf8")),
  );
  return sources.filter((text) => /fc\.(assert|property)/.test(text) && VALIDATED.test(text));
}

function listeners(): readonly string[] {
  const { subcommands, actions, views, shortcuts } = collectListeners(wiredListeners());
  return [
    "home",
    ...[...subcommands.keys()].map((name) => `command ${name}`),
    ...[...actions.keys()].map((name) => `action ${name}`),
    ...[...views.keys()].map((name) => `view ${name}`),
    ...[...shortcuts.keys()].map((name) => `shortcut ${name}`),
  ].toSorted();
}

const NO_GAPS: Readonly<Record<"missing" | "gone" | "both", readonly string[]>> = {
  missing: [],
  gone: [],
  both: [],
};

/** What is declared must be shown or left out for a reason, and the other way round. */
function gaps(
  declared: readonly string[],
  shown: readonly string[],
  leftOut: Readonly<Record<string, string>>,
): typeof NO_GAPS {
  const covered = new Set([...shown, ...Object.keys(leftOut)]);
  return {
    missing: declared.filter((one) => !covered.has(one)),
    gone: [...covered].filter((one) => !declared.includes(one)),
    both: Object.keys(leftOut).filter((one) => shown.includes(one)),
  };
}

test("every message, window and part of them that a feature builds has an entry", async () => {
  const declared = [...(await builders()), "slack/helpMessage"];
  expect(declared.length).toBeGreaterThan(100);
  expect(
    gaps(
      declared,
      ENTRIES.flatMap(({ builders: shown = [] }) => shown),
      BUILDERS_LEFT_OUT,
    ),
  ).toEqual(NO_GAPS);
});

test("every command, button, form and shortcut that Slack can call has an entry", () => {
  expect(
    gaps(
      listeners(),
      ENTRIES.flatMap(({ listeners: shown = [] }) => shown),
      LISTENERS_LEFT_OUT,
    ),
  ).toEqual(NO_GAPS);
});

test("every kind of alert has an entry", () => {
  const shown = ENTRIES.flatMap(({ alerts = [] }) => alerts);
  expect(gaps(ALERT_KINDS, shown, {})).toEqual(NO_GAPS);
});

test("every message and window is built from any data and shown to the strict validator", async () => {
  const tested = await propertyTests();
  const wholes = await builders(WHOLE);
  expect(wholes.length).toBeGreaterThan(80);
  const isTested = (one: string): boolean => {
    const [feature = "", name = ""] = one.split("/");
    const isNamed = new RegExp(`\\b${name}\\b`);
    return tested.some(
      (text) => text.includes(`features/${feature}/messages`) && isNamed.test(text),
    );
  };
  expect(wholes.filter((one) => !isTested(one))).toEqual([]);
});

test("every emoji that a message has is drawn", async () => {
  const root = "src/features";
  const files = await Promise.all(
    (await readdir(root)).map(async (feature) => await messageFiles(join(root, feature))),
  );
  const sources = await Promise.all(files.flat().map(async (file) => await readFile(file, "utf8")));
  const used = sources.flatMap((source) =>
    [...source.matchAll(/["`> ]:([a-z][a-z_0-9]+):[ "`]/g)].map(([, name = ""]) => name),
  );
  expect(used.length).toBeGreaterThan(20);
  expect(used.filter((name) => emojiFor(name) === undefined)).toEqual([]);
});

test("no two pictures overwrite each other", () => {
  const names = CATALOGUE.flatMap((chapter) =>
    chapter.entries.map((entry) => pictureName(chapter, entry)),
  );
  expect(new Set(names).size).toBe(names.length);
});

test("every picture of the documentation is of the gallery, and shown", async () => {
  const made = ENTRIES.flatMap(({ docs }) => (docs === undefined ? [] : [docs.file]));
  const pages = ["README.md", ...(await readdir("docs")).filter((name) => name.endsWith(".md"))];
  const text = await Promise.all(
    pages.map(
      async (name) => await readFile(name === "README.md" ? name : join("docs", name), "utf8"),
    ),
  );
  const referenced = new Set(
    [...text.join("\n").matchAll(/images\/([\w-]+\.png)/g)].map(([, name = ""]) => name),
  );
  expect([...referenced].toSorted()).toEqual(made.toSorted());
  expect((await readdir("docs/images")).toSorted()).toEqual(made.toSorted());
});
