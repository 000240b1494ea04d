/**
 * Runs the tests: those in Node, then those in a browser where a Chromium is found. Ends with one line,
 * `N passed, N failed`. `--browser` runs only the second part and insists on a browser, as CI=true does;
 * other arguments go to vitest. CHROME_PATH names a browser that is not in a usual place.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const onlyBrowser = process.argv.includes("--browser");
const vitestArguments = process.argv.slice(2).filter((argument) => argument !== "--browser");
const chromium = findChromium();

process.on("SIGINT", () => {}); // A terminal sends it to vitest too, which tidies up; wait for that.

const totals = { passed: 0, failed: 0 };
if (!onlyBrowser) add(await runVitest("vitest.config.ts"));
if (chromium !== undefined) {
  add(await runVitest("vitest.browser.config.ts", { CHROME_PATH: chromium }));
} else {
  const insist = onlyBrowser || isTruthy(process.env.CI);
  console.log("browser tests left out: no Chromium found (install one or set CHROME_PATH)");
  if (insist) add({ passed: 0, failed: 1 });
}
if (totals.passed + totals.failed === 0) {
  console.log("no test ran");
  process.exitCode = 1;
}
if (totals.failed > 0) process.exitCode = 1;
console.log(`${totals.passed} passed, ${totals.failed} failed`);

function add({ passed, failed }) {
  totals.passed += passed;
  totals.failed += failed;
}

/** Runs one configuration, shows what vitest shows, and counts; a run that broke counts as a failure. */
async function runVitest(config, environment = {}) {
  const directory = await mkdtemp(join(tmpdir(), "claude-spend-results-"));
  const results = join(directory, "results.json");
  try {
    const exitCode = await run(
      process.execPath,
      [
        join(root, "node_modules/vitest/vitest.mjs"),
        "run",
        ...["--config", `.config/${config}`, "--root", "."],
        ...["--reporter=default", "--reporter=json", `--outputFile.json=${results}`],
        // A filter may leave nothing for one of the two parts.
        ...(vitestArguments.length > 0 ? ["--passWithNoTests", ...vitestArguments] : []),
      ],
      environment,
    );
    const counts = existsSync(results)
      ? countResults(JSON.parse(await readFile(results, "utf8")))
      : { passed: 0, failed: 0 };
    if (exitCode !== 0 && counts.failed === 0) counts.failed = 1; // Say, an error outside of any test.
    return counts;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function countResults({ numPassedTests, numFailedTests, testResults }) {
  const brokenFiles = testResults.filter(
    (file) =>
      file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  return { passed: numPassedTests, failed: numFailedTests + brokenFiles.length };
}

function run(command, args, environment) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, ...environment },
    });
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

function findChromium() {
  const named = process.env.CHROME_PATH;
  if (named !== undefined && named !== "") return existsSync(named) ? named : undefined;
  const directories = (process.env.PATH ?? "").split(delimiter);
  const names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
  return names
    .flatMap((name) => ["/usr/bin", ...directories].map((directory) => join(directory, name)))
    .find((path) => existsSync(path));
}

function isTruthy(text) {
  return text !== undefined && text !== "" && text !== "0" && text !== "false";
}
