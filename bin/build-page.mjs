/**
 * Builds the sandbox's web page: one script, one style sheet, one document. Separate from tsc, since
 * the page runs in a browser.
 *
 * Usage: node bin/build-page.mjs [DIRECTORY]     (dist/sandbox/page)
 */
import { cp } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const source = fileURLToPath(new URL("../src/sandbox/page/", import.meta.url));
const usual = fileURLToPath(new URL("../dist/sandbox/page/", import.meta.url));
const target = resolve(process.argv[2] ?? usual);

await build({
  entryPoints: [
    { in: `${source}main.tsx`, out: "page" },
    { in: `${source}style/page.css`, out: "page" },
  ],
  outdir: target,
  bundle: true,
  format: "esm",
  target: ["es2022", "chrome110", "firefox115", "safari16.4"],
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: true,
  sourcemap: true,
  logLevel: "warning",
});
for (const file of ["index.html", "icon.svg"]) {
  await cp(join(source, file), join(target, file));
}
