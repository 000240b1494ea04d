/**
 * Entry points of the program as JavaScript, for tests that run real processes. Bundled once per run,
 * by the first file that asks, together with the packages: a process then starts in half the time.
 */
import { access, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import { beforeAll, inject } from "vitest";
import { unfinishedBundles } from "./global-setup.ts";

const NAMES = {
  "src/app/main.ts": "program",
  "src/cli/main.ts": "cli",
  // Where cli/import-crew.ts looks for it.
  "src/cli/import-worker.ts": "import-worker",
  "test/support/programs/embedded-postgres.ts": "embedded-postgres",
  "test/support/programs/usage-reporter.ts": "usage-reporter",
} as const;

/** They find files of their own beside them. */
const NOT_BUNDLED = ["embedded-postgres", "@resvg/resvg-js", "pg-native"];
/** CommonJS packages ask for it. */
const REQUIRE =
  'import { createRequire as bundledRequire } from "node:module"; const require = bundledRequire(import.meta.url);';
const POLL_MS = 50;

export type EntryPoint = keyof typeof NAMES;

/**
 * Bundles before the file's tests, unless another file did; the path of the bundle, and the folder
 * that it is in, which is gone after the run. It lies two levels below the root, like the built
 * program, so that it finds migrations/.
 */
export function useBundledProgram(entryPoint: EntryPoint): {
  readonly bundle: string;
  readonly directory: string;
} {
  const directory = inject("bundles");
  beforeAll(async () => await bundleOnce(directory));
  return { bundle: join(directory, `${NAMES[entryPoint]}.js`), directory };
}

/** Files run in several processes: one makes the folder aside, the others wait until it is there. */
async function bundleOnce(directory: string): Promise<void> {
  const unfinished = unfinishedBundles(directory);
  await mkdir(dirname(unfinished), { recursive: true });
  while (!(await exists(directory))) {
    // oxlint-disable no-await-in-loop -- it waits
    if (await isFirstToMake(unfinished)) {
      try {
        if (!(await exists(directory))) await bundleInto(unfinished, directory);
      } finally {
        await rm(unfinished, { recursive: true, force: true });
      }
    } else {
      await sleep(POLL_MS);
    }
    // oxlint-enable no-await-in-loop
  }
}

async function bundleInto(unfinished: string, directory: string): Promise<void> {
  await build({
    entryPoints: Object.entries(NAMES).map(([path, out]) => ({ in: path, out })),
    outdir: unfinished,
    bundle: true,
    splitting: true, // What is loaded when it is needed stays so.
    platform: "node",
    format: "esm",
    external: NOT_BUNDLED,
    banner: { js: REQUIRE },
    logLevel: "error",
  });
  await rename(unfinished, directory);
}

async function isFirstToMake(directory: string): Promise<boolean> {
  try {
    await mkdir(directory);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
