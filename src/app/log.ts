/** The log: pino, JSON, with a second net under the rule that no secret reaches it. */
import { type DestinationStream, type Logger, pino } from "pino";
import { type Config, secretsOf } from "./config.ts";

/** Names under which a secret or somebody's text could slip in with an object. */
const REDACTED: ReadonlySet<string> = new Set([
  "token",
  "secret",
  "authorization",
  "apiKey",
  "password",
  "text",
  "blocks",
  "body",
]);
const CENSOR = "[secret]";
/** How deep they are looked for in an object; what lies deeper, the secrets' own values show. */
const DEPTH_MAX = 3;

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
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => ({ ...redacted(fields, DEPTH_MAX) }),
        bindings: (fields) => ({ ...redacted(fields, DEPTH_MAX) }),
      },
      serializers: { err: (error: unknown) => error }, // Made readable before, to look into it.
      hooks: {
        // Errors of libraries carry addresses and headers anywhere, also inside of sentences.
        streamWrite: (line) =>
          secrets.reduce((text, secret) => text.replaceAll(secret, CENSOR), line),
      },
    },
    destination ?? gatherLines(pino.destination(1)),
  );
}

/** Where lines end, such as the standard output. */
type Output = Pick<ReturnType<typeof pino.destination>, "write" | "flushSync">;

/**
 * Passes on the lines of one turn of the event loop in one write: requests that share a commit are
 * answered, and told of, in one turn. When the process ends nothing is left behind, unless it is
 * killed in the middle of a turn.
 */
export function gatherLines(
  output: Output,
  ending: { readonly on: (event: "exit", listener: () => void) => unknown } = process,
): Output {
  let lines = "";
  const send = (): void => {
    const gathered = lines;
    lines = "";
    if (gathered !== "") output.write(gathered);
  };
  ending.on("exit", send);
  return {
    write: (line) => {
      if (lines === "") process.nextTick(send);
      lines += line;
      return true;
    },
    flushSync: () => {
      send();
      output.flushSync();
    },
  };
}

/**
 * The same without what is named like a secret. Pino's own redaction copies every object as a whole,
 * which took a tenth of the time of a small request; most lines have nothing to take out.
 */
function redacted(fields: object, depth: number): object {
  let copy: Record<string, unknown> | undefined;
  for (const [name, value] of Object.entries(fields)) {
    const shown: unknown = REDACTED.has(name) ? CENSOR : readable(value, depth);
    if (shown === value) continue;
    copy ??= { ...fields };
    copy[name] = shown;
  }
  return copy ?? fields;
}

function readable(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error) return redacted(pino.stdSerializers.err(value), depth - 1);
  if (depth <= 1 || "toJSON" in value) return value;
  return Array.isArray(value)
    ? value.map((item: unknown) => readable(item, depth - 1))
    : redacted(value, depth - 1);
}
