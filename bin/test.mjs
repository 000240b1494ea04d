/**
 * Runs the tests: those in Node and, where a Chromium is found, those in a browser. These wait more than
 * they work, so they run beside the others and are shown after them. Ends with one line,
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
const inNode = onlyBrowser ? undefined : startVitest("vitest.config.ts");
const inBrowser =
  chromium &&
  startVitest("vitest.browser.config.ts", {
    environment: { CHROME_PATH: chromium },
    isHeldBack: inNode !== undefined,
  });
for (const part of [inNode, inBrowser]) {
  part?.show();
  if (part !== undefined) add(await part.counts);
}
if (inBrowser === undefined) {
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

/** Starts one configuration. What vitest says comes at once or, held back, when it is to be shown. */
function startVitest(config, { environment = {}, isHeldBack = false } = {}) {
  const output = isHeldBack ? holdBack() : undefined;
  return {
    counts: runVitest(config, environment, output),
    show: () => output?.show(),
  };
}

/** Counts tests; a run that broke counts as a failure. */
async function runVitest(config, environment, output) {
  const directory = await mkdtemp(join(tmpdir(), "claude-spend-results-"));
  const results = join(directory, "results.json");
  try {
    const exitCode = await run(
      [
        join(root, "node_modules/vitest/vitest.mjs"),
        "run",
        ...["--config", `.config/${config}`, "--root", "."],
        ...["--reporter=default", "--reporter=json", `--outputFile.json=${results}`],
        // A filter may leave nothing for one of the two parts.
        ...(vitestArguments.length > 0 ? ["--passWithNoTests", ...vitestArguments] : []),
      ],
      environment,
      output,
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

/** Output that waits for its turn. */
function holdBack() {
  const held = [];
  let isShown = false;
  return {
    write: (stream, chunk) => (isShown ? stream.write(chunk) : held.push([stream, chunk])),
    show: () => {
      isShown = true;
      for (const [stream, chunk] of held.splice(0)) stream.write(chunk);
    },
  };
}

function countResults({ numPassedTests, numFailedTests, testResults }) {
  const brokenFiles = testResults.filter(
    (file) =>
      file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  return { passed: numPassedTests, failed: numFailedTests + brokenFiles.length };
}

function run(args, environment, output) {
  const colors = process.stdout.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: "1" } : {};
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: output === undefined ? "inherit" : ["ignore", "pipe", "pipe"],
      env: { ...(output === undefined ? {} : colors), ...process.env, ...environment },
    });
    child.stdout?.on("data", (chunk) => output.write(process.stdout, chunk));
    child.stderr?.on("data", (chunk) => output.write(process.stderr, chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
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
