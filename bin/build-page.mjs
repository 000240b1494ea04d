/**
 * Builds the sandbox's web page into dist/sandbox/page: one script, one style sheet, one document.
 * Separate from tsc, since the page runs in a browser.
 */
import { cp } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const source = fileURLToPath(new URL("../src/sandbox/page/", import.meta.url));
const target = fileURLToPath(new URL("../dist/sandbox/page/", import.meta.url));

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
for (const file of ["index.html", "icon.svg"]) await cp(source + file, target + file);
