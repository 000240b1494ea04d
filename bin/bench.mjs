// Runs the benchmarks: one JSON line for each figure.
import { runBundled } from "./run-bundled.mjs";

await runBundled("bench", { nodeOptions: ["--max-semi-space-size=64"] });
