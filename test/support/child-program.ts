/** Programs of their own, for tests that kill one: started with node, heard line by line. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { afterAll } from "vitest";
import { useBundledProgram } from "./bundled-program.ts";

export interface ChildProgram {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  /** The value of the next line that begins with `word`; throws when it says "failed" instead. */
  says(word: string): Promise<unknown>;
  /** Sends the signal and waits until the process is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Ends its input and waits until it has ended by itself; its exit code. */
  finish(): Promise<number | null>;
}

interface StartOptions {
  readonly arguments: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

/** Starts test/support/programs/<name>.ts, each time anew; what still runs is killed in the end. */
export function useProgram(
  name: "embedded-postgres" | "usage-reporter",
): (options: StartOptions) => ChildProgram {
  const { bundle } = useBundledProgram(`test/support/programs/${name}.ts`);
  const started: ChildProgram[] = [];

  afterAll(async () => {
    await Promise.all(started.map(async (child) => await child.kill("SIGKILL")));
  });

  return ({ arguments: argv, uid, gid }) => {
    const child = asProgram(
      spawn(process.execPath, [bundle, ...argv], {
        ...(uid === undefined ? {} : { uid }),
        ...(gid === undefined ? {} : { gid }),
        detached: true, // a process group of its own, as a terminal gives it
        stdio: ["pipe", "pipe", "inherit"],
      }),
    );
    started.push(child);
    return child;
  };
}

function asProgram(child: ChildProcessByStdio<Writable, Readable, null>): ChildProgram {
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => lines.push(line));
  const exited = once(child, "exit");
  let ended = false;
  const closed = once(reader, "close").then(() => (ended = true));
  return {
    process: child,
    says: async (word) => {
      for (;;) {
        const index = lines.findIndex((line) => line.startsWith(`${word} `));
        const [line] = index < 0 ? [] : lines.splice(index, 1);
        if (line !== undefined) return JSON.parse(line.slice(word.length + 1)) as unknown;
        const failure = lines.find((said) => said.startsWith("failed "));
        if (failure !== undefined) throw new Error(JSON.parse(failure.slice(7)) as string);
        if (ended) throw new Error(`the program ended without saying "${word}"`);
        await Promise.race([once(reader, "line"), closed]);
      }
    },
    kill: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await exited;
    },
    finish: async () => {
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await exited;
      return child.exitCode;
    },
  };
}
