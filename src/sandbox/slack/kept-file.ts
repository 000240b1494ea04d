/** Keeps a snapshot in one JSON file: written whole or not at all, and not more often than needed. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseJson } from "./json.ts";

const QUIET_MS = 500;

export interface KeptFile {
  /** What was kept last; undefined when there is none that can be read. */
  readonly load: () => unknown;
  /** Writes soon; further changes until then are written with it. */
  readonly saveSoon: () => void;
  /** Writes now if something is waiting. */
  readonly flush: () => void;
}

export function keptFile(path: string, content: () => unknown): KeptFile {
  let timer: NodeJS.Timeout | undefined;
  const write = () => {
    timer = undefined;
    mkdirSync(dirname(path), { recursive: true });
    // A crash while writing leaves the old file: a rename replaces it in one step.
    const next = `${path}.next`;
    writeFileSync(next, JSON.stringify(content()));
    renameSync(next, path);
  };
  return {
    load: () => {
      try {
        return parseJson(readFileSync(path, "utf8"));
      } catch {
        return undefined; // The first start has no file.
      }
    },
    saveSoon: () => {
      timer ??= setTimeout(write, QUIET_MS).unref();
    },
    flush: () => {
      if (timer === undefined) return;
      clearTimeout(timer);
      write();
    },
  };
}
