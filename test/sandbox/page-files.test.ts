/** The page's files over real HTTP: only those, typed, and bound to the page's own origin. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pageFiles } from "../../src/sandbox/page-files.ts";

const directory = await mkdtemp(join(tmpdir(), "page-files-"));
const page = pageFiles(pathToFileURL(`${directory}/`));
const server = createServer(page.listener);
let address = "";

beforeAll(async () => {
  const script = fileURLToPath(new URL("../../bin/build-page.mjs", import.meta.url));
  await promisify(execFile)(process.execPath, [script, directory]);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}, 60_000);

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
});

describe("the page's files", () => {
  it.each([
    ["/", "text/html; charset=utf-8"],
    ["/?anything", "text/html; charset=utf-8"],
    ["/page.js", "text/javascript; charset=utf-8"],
    ["/page.css", "text/css; charset=utf-8"],
    ["/icon.svg", "image/svg+xml"],
  ])("serves %s as %s", async (path, contentType) => {
    const response = await fetch(address + path);

    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(contentType);
    expect(response.headers.get("cache-control")).toBe("no-cache");
    expect((await response.text()).length).toBeGreaterThan(100);
  });

  it("lets the page load nothing from elsewhere", async () => {
    const response = await fetch(address);
    const policy = response.headers.get("content-security-policy") ?? "";

    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(await response.text()).not.toMatch(/(src|href)="(https?:)?\/\//);
  });

  it.each([
    "/package.json",
    "/../package.json",
    "/%2e%2e/package.json",
    "/page.tsx",
    "/constructor",
  ])("has nothing at %s", async (path) => {
    const response = await fetch(address + path);

    expect(page.matches(path)).toBe(false);
    expect(response.status).toBe(404);
  });

  it("says how to build the page when it is not built", async () => {
    const unbuilt = createServer(pageFiles(pathToFileURL(`${directory}/nowhere/`)).listener);
    await new Promise<void>((resolve) => unbuilt.listen(0, "127.0.0.1", resolve));
    const { port } = unbuilt.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${String(port)}/`);
    await new Promise((resolve) => unbuilt.close(resolve));

    expect(response.status).toBe(503);
    expect(await response.text()).toContain("npm run build:page");
  });

  it("can only be read", async () => {
    const response = await fetch(address, { method: "POST" });

    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
  });
});
