import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

/** What is loaded with a file: by each import that stays, not by those of types or on demand. */
function loadedWith(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const code = readFileSync(file, "utf8");
  for (const [, names = "", from = ""] of code.matchAll(
    /^(?:import|export)(?! type) ([^;]*?)from "([^"]+)";/gms,
  )) {
    const isOnlyTypes = /^\{\s*(?:type [^,}]+,?\s*)+\}\s*$/.test(names);
    if (isOnlyTypes) continue;
    if (from.startsWith(".")) loadedWith(join(dirname(file), from), seen);
    else seen.add(from);
  }
  return seen;
}

test("a thread that reads loads no driver, no shapes and no other feature", () => {
  const loaded = [...loadedWith("src/cli/import-worker.ts")];
  expect(loaded).toContain("src/features/ingest/adapters/transcript-answers.ts");
  const packages = loaded.filter((name) => !name.startsWith("src/") && !name.startsWith("node:"));
  expect(packages.toSorted()).toEqual(["@date-fns/tz", "csv-parse/sync", "date-fns/lightFormat"]);
  const elsewhere = loaded.filter((name) =>
    /^src\/(?!cli\/import-|domain\/|features\/ingest\/)/.test(name),
  );
  expect(elsewhere).toEqual([]);
});
