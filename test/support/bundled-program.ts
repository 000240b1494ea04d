/** An entry point of the program as one file, for tests that run the real process. */
import { mkdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll } from "vitest";

/**
 * Bundles `entryPoint` before the file's tests, in a folder that is gone after them; the path of the
 * bundle. It lies two levels below the root, like the built program, so that it finds migrations/.
 */
export function useBundledProgram(entryPoint: string): {
  readonly bundle: string;
  readonly directory: string;
} {
  const name = entryPoint.replaceAll("/", "-").replace(/\.ts$/, "");
  const directory = join("dist", `test-${name}-${String(process.pid)}`);
  const bundle = join(directory, `${basename(entryPoint, ".ts")}.mjs`);
  beforeAll(async () => {
    await mkdir(directory, { recursive: true });
    await build({
      entryPoints: [entryPoint],
      outdir: directory,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      splitting: true, // What is loaded when it is needed stays so.
      platform: "node",
      format: "esm",
      packages: "external",
      logLevel: "error",
    });
  });
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
  });
  return { bundle, directory };
}
