/** What the documents say of the project, held against the project. */
import { execFile } from "node:child_process";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { openApiDocument } from "../src/app/openapi.ts";
import { instant } from "../src/domain/time.ts";
import { parseNativeEvent } from "../src/features/ingest/native-event.ts";

const run = promisify(execFile);

const documents = await readDocuments();
const NOW = instant("2026-11-23T10:00:00Z");

interface Document {
  readonly file: string;
  readonly text: string;
}

async function readDocuments(): Promise<readonly Document[]> {
  const below = async (root: string): Promise<readonly string[]> =>
    (await readdir(root, { recursive: true }))
      .filter((name) => name.endsWith(".md"))
      .map((name) => join(root, name));
  const files = ["README.md", ...(await below("docs")), ...(await below("src/features"))];
  return await Promise.all(
    files.toSorted().map(async (file) => ({ file, text: await readFile(file, "utf8") })),
  );
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function missing(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(paths.map(isThere));
  return paths.filter((_path, index) => found[index] === false);
}

function all(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([, group = ""]) => group);
}

/** A section of a document: from a heading to the next one of its rank. */
function section(text: string, heading: string): string {
  const rank = heading.replace(/[^#].*$/, "");
  const rest = text.slice(text.indexOf(`\n${heading}\n`) + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${String(rank.length)}} `, "m"));
  return end === -1 ? rest : rest.slice(0, end);
}

/** The arrows of a Mermaid graph by the names of what they join, in one order. */
function arrowsOf(graph: string): readonly string[] {
  const names = new Map(
    [...graph.matchAll(/^(\w+)\["([^"]+)"\]$/gm)].map(([, id = "", name = ""]) => [id, name]),
  );
  return [...graph.matchAll(/^(\w+)-->(\w+)$/gm)]
    .map(([, from = "", to = ""]) => `${names.get(from) ?? "?"} → ${names.get(to) ?? "?"}`)
    .toSorted();
}

async function settings(): Promise<readonly string[]> {
  const source = await readFile("src/app/config.ts", "utf8");
  const schema = /const environment = z\.object\(\{\n([^]*?)\n\}\);/.exec(source)?.[1] ?? "";
  return all(schema, /^ {2}([A-Z][A-Z_]+):/gm).toSorted();
}

describe.each(documents)("$file", ({ file, text }) => {
  test("links to files that are there", async () => {
    const targets = all(text, /\]\(<?([^)>\s]+)>?\)/g)
      .filter((target) => !/^(?:https?:|#)/.test(target))
      .map((target) => join(dirname(file), target.replace(/#.*$/, "")));

    expect(await missing(targets)).toEqual([]);
  });

  test("names files that are there", async () => {
    const named = all(
      text,
      /`((?:src|test|migrations|docs|bin|\.config|\.ci)\/[\w./-]+|[\w-]+\.(?:md|yaml|yml))`/g,
    );
    const own = file.startsWith("src/features/") ? dirname(file) : ".";

    const gone = await missing(named);
    const elsewhere = await missing(gone.map((path) => join(own, path)));
    // The operator's own file, of which the project has only an example.
    expect(elsewhere.filter((path) => !path.endsWith("governance.yml"))).toEqual([]);
  });
});

describe("README.md", () => {
  const readme = documents.find(({ file }) => file === "README.md")?.text ?? "";

  test("lists exactly the settings that the program reads", async () => {
    const rows = all(section(readme, "## Configuration"), /^\| (`[^|]*`) \|/gm);

    const listed = rows.flatMap((row) => all(row, /`([A-Z_]+)`/g)).toSorted();
    expect(listed).toEqual(await settings());
    expect(listed).toContain("DATABASE_URL");
  });

  test("lists exactly the routes of the API, and Slack's", () => {
    const { paths } = z
      .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
      .parse(openApiDocument());
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );

    const listed = all(section(readme, "## HTTP"), /`((?:GET|PUT|POST|DELETE) \/[^`]*)`/g);
    expect(listed.toSorted()).toEqual([...described, "POST /slack/events"].toSorted());
  });

  test("names commands of npm that there are", async () => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(await readFile("package.json", "utf8")));

    const named = all(readme, /npm (?:run )?(demo|start|test|check|test:browser)\b/g);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
    expect(new Set(all(readme, /npm run ([\w:]+)/g).filter((name) => !(name in scripts)))).toEqual(
      new Set(),
    );
  });
});

test(".env.example has every setting, and the password of compose.yaml", async () => {
  const example = await readFile(".env.example", "utf8");
  const compose = await readFile("compose.yaml", "utf8");

  expect(compose).toContain("POSTGRES_PASSWORD");
  expect(all(example, /^([A-Z_]+)=/gm).toSorted()).toEqual(
    [...(await settings()), "POSTGRES_PASSWORD"].toSorted(),
  );
});

describe("docs/usage-events.md", () => {
  const text = documents.find(({ file }) => file === "docs/usage-events.md")?.text ?? "";
  const parse = (raw: unknown): ReturnType<typeof parseNativeEvent> =>
    parseNativeEvent(raw, { index: 0, source: "default", now: NOW });
  const examples = all(text, /```json\n([^]*?)```/g)
    .map((json): unknown => JSON.parse(json))
    .filter((json) => z.object({ event_id: z.string() }).safeParse(json).success);

  test("shows events that are accepted", () => {
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const example of examples) expect(parse(example)).toMatchObject({ kind: "event" });
  });

  test("lists every field of an event in its first example", () => {
    const fields = Object.keys(z.record(z.string(), z.unknown()).parse(examples[0]));

    const table = section(text, "## Fields");
    expect(fields.filter((field) => !table.includes(`\`${field}\``))).toEqual([]);
  });

  test.each([
    ["invalid", { occurred_at: "yesterday" }],
    ["invalid", { usage: { input_tokens: -1, output_tokens: 0 } }],
    ["too_old", { occurred_at: "2024-01-01T00:00:00Z" }],
    ["in_future", { occurred_at: "2027-01-01T00:00:00Z" }],
  ])("shows what %s says of %j", (code, overrides) => {
    const parsed = parse({ ...z.record(z.string(), z.unknown()).parse(examples[0]), ...overrides });

    const rejection = parsed.kind === "rejected" ? parsed.rejection : undefined;
    expect(rejection?.code).toBe(code);
    expect(text).toContain(rejection?.message);
  });
});

describe("docs/ARCHITECTURE.md", () => {
  test.each([
    ["folders", ["--include-only", "^src", "--collapse", "^src/[^/]+", "src"]],
    [
      "features",
      ["--include-only", "^src/features", "--collapse", "^src/features/[^/]+", "src/features"],
    ],
  ])("draws the %s as they are", async (_name, options) => {
    const { stdout } = await run("node_modules/.bin/depcruise", [
      "--config",
      ".config/dependency-cruiser.cjs",
      "--output-type",
      "mermaid",
      ...options,
    ]);

    const architecture = await readFile("docs/ARCHITECTURE.md", "utf8");
    const drawn = all(architecture, /```mermaid\n([^]*?)\n```/g).map(arrowsOf);
    expect(arrowsOf(stdout).length).toBeGreaterThan(10);
    expect(drawn).toContainEqual(arrowsOf(stdout));
  });

  test("has a line for each feature and folder", async () => {
    const map = section(await readFile("docs/ARCHITECTURE.md", "utf8"), "## Map");
    const folders = (await readdir("src")).map((name) => `\`src/${name}/\``);
    const features = (await readdir("src/features")).map((name) => `\`${name}\``);

    expect([...folders, ...features].filter((name) => !map.includes(`| ${name} |`))).toEqual([]);
  });
});

describe("decisions", () => {
  test("0011 allows exactly the edges between features that there are", async () => {
    const table = await readFile("docs/decisions/0011-features-and-their-edges.md", "utf8");
    const allowed = all(table, /^\| ([a-z-]+ \| [a-z, -]+) \|/gm).flatMap((row) => {
      const [from = "", to = ""] = row.split(" | ");
      return to.split(", ").map((name) => `${from} → ${name}`);
    });

    const features = await readdir("src/features");
    const edges = await Promise.all(
      features.map(async (from) => {
        const files = (await readdir(`src/features/${from}`, { recursive: true })).filter((name) =>
          name.endsWith(".ts"),
        );
        const texts = await Promise.all(
          files.map(async (name) => await readFile(`src/features/${from}/${name}`, "utf8")),
        );
        return all(texts.join("\n"), /from "(?:\.\.\/)+([a-z-]+)\/index\.ts"/g).map(
          (to) => `${from} → ${to}`,
        );
      }),
    );
    expect(allowed.toSorted()).toEqual([...new Set(edges.flat())].toSorted());
  });

  test("0012 says of every package what it is for", async () => {
    const text = await readFile("docs/decisions/0012-libraries.md", "utf8");
    const { dependencies, devDependencies } = z
      .object({
        dependencies: z.record(z.string(), z.string()),
        devDependencies: z.record(z.string(), z.string()),
      })
      .parse(JSON.parse(await readFile("package.json", "utf8")));

    const names = Object.keys({ ...dependencies, ...devDependencies });
    const named = (name: string): boolean =>
      text.includes(`\`${name}\``) || name.startsWith("@types/");
    expect(names.filter((name) => !named(name))).toEqual([]);
  });

  test("0009 gives the reason of every rule that is off", async () => {
    const text = await readFile("docs/decisions/0009-tools-and-node-versions.md", "utf8");
    const { rules } = z
      .object({ rules: z.record(z.string(), z.unknown()) })
      .parse(JSON.parse(await readFile(".config/oxlint.json", "utf8")));

    const off = Object.keys(rules).filter((name) => rules[name] === "off");
    expect(all(text, /^\| `([^`]+)` \|/gm).toSorted()).toEqual(off.toSorted());
  });

  test("are numbered without a gap, and each says how it is checked", async () => {
    const files = (await readdir("docs/decisions")).toSorted();
    const texts = await Promise.all(
      files.map(async (file) => await readFile(`docs/decisions/${file}`, "utf8")),
    );

    expect(files.map((file) => Number(file.slice(0, 4)))).toEqual(files.map((_, at) => at + 1));
    for (const text of texts) {
      for (const heading of ["Situation", "Decision", "Consequences", "Not chosen", "Check"]) {
        expect(section(text, `## ${heading}`).trim()).not.toBe("");
      }
    }
  });
});
