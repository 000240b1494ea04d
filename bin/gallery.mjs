// Runs the gallery: every message, window and App Home as pictures.
import { spawnSync } from "node:child_process";
import { runBundled } from "./run-bundled.mjs";

const page = spawnSync(process.execPath, ["bin/build-page.mjs"], { stdio: "inherit" });
if (page.status !== 0) process.exit(page.status ?? 1);
await runBundled("gallery");
