/** Every benchmark, one after the other; or those that are named: `npm run bench -- batches singles`. */
import { BENCHMARKS } from "./benchmarks.ts";
import { ROLES } from "./processes.ts";

process.env["TZ"] = "UTC";
const names = process.argv.slice(2);
const role = ROLES[names[0] ?? ""];
if (role === undefined) {
  const unknown = names.filter((name) => BENCHMARKS[name] === undefined);
  if (unknown.length > 0) {
    process.stderr.write(
      `There is no benchmark ${unknown.join(", ")}. There are: ${Object.keys(BENCHMARKS).join(", ")}.\n`,
    );
    process.exit(2);
  }
  for (const [name, run] of Object.entries(BENCHMARKS)) {
    // oxlint-disable-next-line no-await-in-loop -- they must not disturb each other
    if (names.length === 0 || names.includes(name)) await run();
  }
} else {
  await role();
}
