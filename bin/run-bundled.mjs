// Bundles a program of test/ from TypeScript and runs it with this process's arguments: bench and gallery.
import { spawnSync } from "node:child_process";
import { build } from "esbuild";

/** Ends this process as the program ended. */
export async function runBundled(name, { nodeOptions = [] } = {}) {
  // Two levels below the root, like the built program, so that migrations/ is where it is looked for.
  const outfile = `dist/${name}/main.mjs`;
  await build({
    entryPoints: [`test/${name}/main.ts`],
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
    ["--enable-source-maps", ...nodeOptions, outfile, ...process.argv.slice(2)],
    { stdio: "inherit" },
  );
  process.exit(status ?? 1);
}
