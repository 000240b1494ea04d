/** The rules of docs/ARCHITECTURE.md that neither the linter nor the boundaries check know. */
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { describe, expect, test } from "vitest";

const LINES_MAX = 300;

const files = await read("src", /\.tsx?$/);
const migrations = await read("migrations", /\.sql$/);

interface SourceFile {
  readonly file: string;
  readonly text: string;
  /** Without comments: they may speak of what the code must not do. */
  readonly code: string;
}

async function read(root: string, kind: RegExp): Promise<readonly SourceFile[]> {
  const names = (await readdir(root, { recursive: true })).filter((name) => kind.test(name));
  return await Promise.all(
    names.toSorted().map(async (file) => {
      const text = await readFile(`${root}/${file}`, "utf8");
      return { file, text, code: withoutComments(text) };
    }),
  );
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[^]*?\*\//g, "").replaceAll(/(^|\s)(\/\/|--\s).*$/gm, "$1");
}

function filesThat(matches: (source: SourceFile) => boolean): readonly string[] {
  return files.filter(matches).map(({ file }) => file);
}

describe("architecture", () => {
  test("only src/app and the command line's entry read the wall clock and the environment", () => {
    const offenders = filesThat(
      ({ file, code }) =>
        !file.startsWith("app/") &&
        file !== "cli/main.ts" &&
        !file.startsWith("client/") && // part of other people's apps, which pass it no clock
        !file.startsWith("sandbox/page/") && // runs in a browser, which has a clock of its own
        /new Date\(\)|Date\.now\b|process\.env\b/.test(code),
    );

    expect(offenders).toEqual([]);
  });

  test("every table is written by one file only", () => {
    const tables = new Set(
      migrations.flatMap(({ code }) =>
        [...code.matchAll(/create table (?:if not exists )?([a-z_]+)/g)].map(([, name]) => name),
      ),
    );
    const writers = new Map<string, Set<string>>();
    for (const { file, code } of files) {
      for (const [, table = ""] of code.matchAll(
        /\b(?:insert into|update|delete from|truncate|merge into|copy)\s+([a-z_]+)/gi,
      )) {
        if (!tables.has(table)) continue;
        writers.set(table, (writers.get(table) ?? new Set()).add(file));
      }
    }

    const shared = [...writers]
      .filter(([, by]) => by.size > 1)
      .map(([table, by]) => `${table}: ${[...by].join(", ")}`);
    expect(tables.size).toBeGreaterThan(10);
    expect(writers.size).toBeGreaterThan(0);
    expect(shared).toEqual([]);
  });

  test("every feature explains itself", async () => {
    const features = new Set(
      filesThat(({ file }) => /^features\/[^/]+\/rules(\.ts$|\/)/.test(file)).map(
        (file) => file.split("/")[1] ?? "",
      ),
    );

    const silent: string[] = [];
    for (const feature of features) {
      const entries = await readdir(`src/features/${feature}`);
      if (!entries.includes("README.md")) silent.push(feature);
    }
    expect(silent).toEqual([]);
  });

  test("every file says at its top what it is", () => {
    const silent = filesThat(
      ({ file, text }) => !file.endsWith(".d.ts") && !/^(#!.*\n)?\/[*/]/.test(text),
    );

    expect(silent).toEqual([]);
  });

  test(`no file is longer than ${String(LINES_MAX)} lines`, () => {
    const long = filesThat(({ text }) => text.trimEnd().split("\n").length > LINES_MAX);

    expect(long).toEqual([]);
  });

  test("no file or folder has a name that says nothing", () => {
    const vague = filesThat(({ file }) =>
      [basename(file, ".ts"), ...dirname(file).split("/")].some((name) =>
        /^(utils?|helpers?|common|lib|misc|services?|types)$/.test(name),
      ),
    );

    expect(vague).toEqual([]);
  });
});
