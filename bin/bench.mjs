// Bundles the benchmarks from TypeScript and runs them: one JSON line for each figure.
import { spawnSync } from "node:child_process";
import { build } from "esbuild";

// Two levels below the root, like the built program, so that migrations/ is where it is looked for.
const outfile = "dist/bench/main.mjs";
await build({
  entryPoints: ["test/bench/main.ts"],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  sourcemap: true,
  logLevel: "error",
});
const { status } = spawnSync(
  process.execPath,
  ["--enable-source-maps", "--max-semi-space-size=64", outfile, ...process.argv.slice(2)],
  { stdio: "inherit" },
);
process.exit(status ?? 1);
