import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: ".",
    include: ["test/**/*.test.ts"],
    exclude: ["test/browser/**"],
    globalSetup: ["test/support/global-setup.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    env: { TZ: "UTC" },
    // Nothing in the program keeps state in a module, so files may share modules: it takes a third less time.
    isolate: false,
  },
});
