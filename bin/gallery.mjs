// Bundles the gallery from TypeScript and runs it: every message, modal and App Home as pictures.
import { spawnSync } from "node:child_process";
import { build } from "esbuild";

// Two levels below the root, like the built program, so that migrations/ is where it is looked for.
const outfile = "dist/gallery/main.mjs";
await build({
  entryPoints: ["test/gallery/main.ts"],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  sourcemap: true,
  logLevel: "error",
});
const page = spawnSync(process.execPath, ["bin/build-page.mjs"], { stdio: "inherit" });
if (page.status !== 0) process.exit(page.status ?? 1);
const { status } = spawnSync(
  process.execPath,
  ["--enable-source-maps", outfile, ...process.argv.slice(2)],
  { stdio: "inherit" },
);
process.exit(status ?? 1);
