/**
 * The program as a process of its own, for tests that stop or kill it: started from its bundle on a
 * free port, and heard line by line. The caller ends it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A line of its log, as far as tests read it. */
export interface LogLine {
  readonly msg: string;
  readonly process?: string;
  readonly pid?: number;
  readonly url?: string;
  readonly work?: string;
}

export interface MainProgram {
  readonly child: ChildProcess;
  readonly url: string;
  /** What it has said so far. */
  readonly lines: readonly LogLine[];
}

export interface MainProgramOptions {
  readonly bundle: string;
  readonly env: Readonly<Record<string, string>>;
  /** A process group of its own, as a terminal gives it. */
  readonly hasOwnGroup?: boolean;
  readonly onStarted?: (child: ChildProcess) => void;
}

export function launchMainProgram({
  bundle,
  env,
  hasOwnGroup = false,
  onStarted,
}: MainProgramOptions): ChildProcess {
  const child = spawn(process.execPath, [bundle], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: hasOwnGroup,
  });
  onStarted?.(child);
  return child;
}

/** Settles when it says that it is ready; fails with what it said when it ends before. */
export async function startMainProgram(options: MainProgramOptions): Promise<MainProgram> {
  const child = launchMainProgram(options);
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("no output to read");
  const lines: LogLine[] = [];
  let said = "";
  stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return await new Promise((resolve, reject) => {
    child.once("close", () => {
      reject(new Error(`the program ended before it was ready: ${said}`));
    });
    createInterface({ input: stdout }).on("line", (text) => {
      const line = JSON.parse(text) as LogLine;
      lines.push(line);
      if (line.msg === "ready" && line.url !== undefined) resolve({ child, url: line.url, lines });
    });
  });
}
