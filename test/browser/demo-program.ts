/**
 * The demo as a user starts and ends it: `dist/app/demo.js` in a process group of its own, as a
 * terminal gives it, on a free port and a data directory of its own.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createInterface } from "node:readline";

export { freePort } from "../support/free-port.ts";

export interface DemoProgram {
  /** As it says itself in its line `ready URL`. */
  readonly url: string;
  /** Ctrl-C: the signal goes to the whole group. Its exit code, and all that it has said. */
  readonly interrupt: () => Promise<{
    readonly code: number | null;
    readonly said: readonly string[];
  }>;
  /** For the end of a test that failed; nothing when it has ended already. */
  readonly kill: () => void;
}

/** The README promises a minute; a machine that does three other things at a time may need more. */
const READY_TIMEOUT_MS = 180_000;

/** So that dist is what the sources say; fails with what the compiler said. */
export function buildProgram(): void {
  const { status, stdout, stderr } = spawnSync("npm", ["run", "build", "--silent"], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`npm run build failed:\n${stdout}${stderr}`);
}

/** The page alone, for a program that runs from the sources. */
export function buildPage(): void {
  const { status, stderr } = spawnSync(process.execPath, ["bin/build-page.mjs"], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the page was not built:\n${stderr}`);
}

/** Resolves at its line `ready URL`; rejects, with all that it said, when that does not come in time. */
export async function startDemo(where: {
  readonly dataDir: string;
  readonly port: number;
}): Promise<DemoProgram> {
  const child = spawn(process.execPath, ["--enable-source-maps", "dist/app/demo.js"], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PORT: String(where.port), DATA_DIR: where.dataDir },
  });
  const exited = once(child, "close");
  watchOver(child, where.dataDir);
  const said: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => said.push(line));
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => said.push(line));
  const kill = (): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, "SIGKILL");
    }
  };

  const url = await new Promise<string>((resolve, reject) => {
    const fail = (what: string): void => {
      clearTimeout(timer);
      kill();
      reject(new Error(`The demo ${what}. It said:\n${said.join("\n")}`));
    };
    const timer = setTimeout(() => fail("was not ready in time"), READY_TIMEOUT_MS);
    lines.on("line", (line) => {
      const [, address] = /^ready (http:\/\/\S+)$/.exec(line) ?? [];
      if (address === undefined) return;
      clearTimeout(timer);
      resolve(address);
    });
    child.once("exit", (code) => fail(`ended with ${String(code)} before it was ready`));
  });

  return {
    url,
    interrupt: async () => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGINT");
      await exited;
      return { code: child.exitCode, said };
    },
    kill,
  };
}

/**
 * A test that is interrupted leaves nothing behind either: a process of its own waits for the end of
 * its input, which comes when this process ends in whatever way, and then stops the demo.
 */
function watchOver(demo: ChildProcess, dataDir: string): void {
  const stopDemo = `
    process.stdin.resume().on("end", () => {
      try {
        process.kill(${String(-(demo.pid ?? 0))}, "SIGINT");
      } catch {}
      setTimeout(() => {
        require("node:fs").rmSync(${JSON.stringify(dataDir)}, { recursive: true, force: true, maxRetries: 5 });
      }, 3_000);
    });`;
  const watchdog = spawn(process.execPath, ["-e", stopDemo], {
    detached: true, // Ctrl-C is for the test; this one must outlive it.
    stdio: ["pipe", "ignore", "ignore"],
  });
  watchdog.unref();
  demo.once("exit", () => watchdog.kill());
}

/** The command lines of processes that name the directory: what a demo has left behind. */
export async function processesNaming(directory: string): Promise<readonly string[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const commandLines = await Promise.all(
    ids.map(async (id) => await readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")),
  );
  return commandLines
    .map((line) => line.replaceAll("\0", " ").trim())
    .filter((line) => line.includes(directory));
}
