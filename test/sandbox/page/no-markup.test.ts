/** The page may turn data into text nodes and checked links only; this keeps the ways around it shut. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const directory = new URL("../../../src/sandbox/page/", import.meta.url);
const files = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) =>
  /\.tsx?$/.test(name),
);

it("finds the page's sources", () => {
  expect(files.length).toBeGreaterThan(30);
});

it.each(files)("%s never writes markup or code from text", (name) => {
  const source = readFileSync(new URL(name, directory), "utf8");

  expect(source).not.toMatch(
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|\beval\(|new Function\(/i,
  );
});

it.each(files)("%s names no address but its own server's", (name) => {
  const source = readFileSync(new URL(name, directory), "utf8");

  expect(source).not.toMatch(/["'`]https?:\/\//);
});
