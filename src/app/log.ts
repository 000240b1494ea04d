/** The log: pino, JSON, with a second net under the rule that no secret reaches it. */
import { type DestinationStream, type Logger, pino } from "pino";
import { type Config, secretsOf } from "./config.ts";

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

/** A secret that is shorter would be found in ordinary words. */
const SECRET_CHARS_MIN = 8;

/** Writes to the standard output, or to `destination`. No line holds a secret of `config`. */
export function createLog(config: Config, destination?: DestinationStream): Logger {
  const secrets = secretsOf(config)
    .filter((secret) => secret.length >= SECRET_CHARS_MIN)
    .map((secret) => JSON.stringify(secret).slice(1, -1)); // As a line of JSON has it.
  return pino(
    {
      level: config.LOG_LEVEL,
      base: {},
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: REDACTED.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: "[secret]",
      },
      hooks: {
        // Errors of libraries carry addresses and headers anywhere, also inside of sentences.
        streamWrite: (line) =>
          secrets.reduce((text, secret) => text.replaceAll(secret, "[secret]"), line),
      },
    },
    destination ?? pino.destination(1),
  );
}
