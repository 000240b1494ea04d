import { defineConfig } from "vitest/config";

/** The tests that drive the sandbox in a real browser: one file after the other, each starts the whole demo. */
export default defineConfig({
  test: {
    root: ".",
    include: ["test/browser/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    env: { TZ: "UTC" },
  },
});
