/**
 * Bolt's logger on top of ours. Its debug lines carry whole request bodies, what people typed
 * included, so they are dropped; the rest is freed of anything that looks like a token.
 */
import { type Logger as BoltLogger, LogLevel } from "@slack/bolt";
import type { Logger } from "pino";

/** `xoxb-…`, `xapp-…`, `xoxe.xoxp-…`. */
const TOKEN = /\b(?:xox[a-z]|xapp)[-.][\w.-]+/g;

export function boltLog(log: Logger): BoltLogger {
  return {
    debug() {},
    info(...parts: readonly unknown[]) {
      log.debug({ bolt: text(parts) }, "bolt");
    },
    warn(...parts: readonly unknown[]) {
      log.warn({ bolt: text(parts) }, "bolt warned");
    },
    error(...parts: readonly unknown[]) {
      // What Bolt calls an error is mostly a request that it refuses; ours are logged where they happen.
      log.warn({ bolt: text(parts) }, "bolt warned");
    },
    setLevel() {},
    setName() {},
    getLevel: () => LogLevel.INFO,
  };
}

function text(parts: readonly unknown[]): string {
  return parts
    .map((part) => (part instanceof Error ? part.message : typeof part === "string" ? part : ""))
    .filter((part) => part !== "")
    .join(" ")
    .replace(TOKEN, "[secret]");
}
