/** The log: pino, JSON, with a second net under the rule that no secret reaches it. */
import { type Logger, pino } from "pino";
import type { Config } from "./config.ts";

/** Names under which a secret or somebody's text could slip in with an object. */
const REDACTED = [
  "token",
  "secret",
  "authorization",
  "apiKey",
  "password",
  "text",
  "blocks",
  "body",
];

export function createLog(level: Config["LOG_LEVEL"]): Logger {
  return pino({
    level,
    base: {},
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: REDACTED.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
      censor: "[secret]",
    },
  });
}
