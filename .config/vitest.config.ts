import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that start servers and processes take longest: begun last, they would be waited for alone. */
const SLOW = /test\/(?:store\/embedded|scenarios|cli|app)\/|simulation\.test|client\/exit/;

class SlowFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isSlow = ({ moduleId }: TestSpecification): boolean => SLOW.test(moduleId);
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))];
  }
}

export default defineConfig({
  test: {
    root: ".",
    include: ["test/**/*.test.ts"],
    exclude: ["test/browser/**"],
    globalSetup: ["test/support/global-setup.ts"],
    setupFiles: ["test/support/fixed-seed.ts"],
    // Bounds for what hangs, far beyond what anything takes on a slow or busy machine.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 120_000, interval: 20 } },
    env: { TZ: "UTC" },
    // Nothing in the program keeps state in a module, so files may share modules: it takes a third less time.
    isolate: false,
    sequence: { sequencer: SlowFilesFirst },
  },
});
