import { defineConfig } from "vitest/config";

/** The tests that drive the sandbox in a real browser; each file has a program and a browser of its own. */
export default defineConfig({
  cacheDir: "node_modules/.vite/browser", // The other tests run at the same time, and write theirs.
  test: {
    root: ".",
    include: ["test/browser/**/*.test.ts"],
    maxWorkers: 2,
    testTimeout: 240_000,
    hookTimeout: 400_000,
    expect: { poll: { timeout: 60_000 } },
    env: { TZ: "UTC" },
  },
});
