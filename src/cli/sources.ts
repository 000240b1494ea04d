/** `claude-spend sources`: who may send usage events. */
import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { readConfig, secretsKeyOf } from "../app/config.ts";
import { AppError } from "../domain/errors.ts";
import type { Clock } from "../domain/time.ts";
import {
  addSource,
  listSources,
  ROTATION_GRACE_HOURS,
  removeSource,
  rotateSource,
  type SourceChange,
} from "../features/sources/index.ts";
import { migrate } from "../store/migrate.ts";
import type { DefineCommand, Report } from "./command.ts";
import { defineMeterCommand } from "./metering.ts";
import { withDatabase } from "./with-database.ts";

type Environment = Readonly<Record<string, string | undefined>>;
type Deps = Parameters<typeof addSource>[0];

const SECRET_FILE = [
  "--secret-file <file>",
  "a key that the other product made; - reads it from stdin",
] as const;

interface Surroundings {
  readonly env: Environment;
  readonly clock: Clock;
}

export function defineSourceCommands(define: DefineCommand, { env, clock }: Surroundings): void {
  const surroundings = { env, clock };
  const actor = `command line (${userInfo().username})`;
  define(
    "add",
    "Add a source and show its secret, once.",
    async (name, options) =>
      await changeSecret(
        surroundings,
        options,
        async (deps, secret) =>
          await addSource(deps, {
            name,
            isTrusted: options["trusted"] === true,
            isTrustedForPeople: options["people"] !== false,
            actor,
            secret,
          }),
      ),
  )
    .argument("<name>", "lower-case letters, digits and dashes")
    .option("--trusted", "believe what its events say about team and project")
    .option("--no-people", "ignore what its events say about people, too")
    .option(...SECRET_FILE);

  define(
    "rotate",
    "Make a new secret; the one before counts for a while longer.",
    async (name, options) =>
      await changeSecret(
        surroundings,
        options,
        async (deps, secret) =>
          await rotateSource(deps, {
            name,
            graceHours: graceHours(options["grace"]),
            actor,
            secret,
          }),
      ),
  )
    .argument("<name>")
    .option(...SECRET_FILE)
    .option("--grace <hours>", "how long both count", String(ROTATION_GRACE_HOURS));

  define(
    "remove",
    "Take nothing from a source any more; what it sent stays.",
    async (name) =>
      await change(surroundings, async (deps) => await removeSource(deps, { name, actor })),
  ).argument("<name>");

  defineMeterCommand(define, surroundings);

  define("list", "All sources and when their secrets end.", async () => {
    const sources = await withDeps(surroundings, listSources);
    return {
      text:
        sources.length === 0
          ? "No sources beside the built-in default (INGEST_SECRET)."
          : sources
              .map(({ name, isTrusted, isTrustedForPeople, secrets }) => {
                const until = secrets.map(
                  ({ validUntil }) => validUntil?.toISOString() ?? "current",
                );
                const people = isTrustedForPeople === false ? ", not for people" : "";
                return `${name}  ${isTrusted ? "trusted" : "untrusted"}${people}  secrets: ${until.join(", ") || "none"}`;
              })
              .join("\n"),
      json: { sources },
    };
  });
}

async function change(
  surroundings: Surroundings,
  run: (deps: Deps) => Promise<SourceChange>,
  text = changeText,
): Promise<Report> {
  const outcome = await withDeps(surroundings, run);
  return { text: text(outcome), json: outcome, isFailed: outcome.kind === "refused" };
}

/** With the secret that was given, or undefined for one of ours. */
async function changeSecret(
  surroundings: Surroundings,
  options: Readonly<Record<string, unknown>>,
  run: (deps: Deps, secret: string | undefined) => Promise<SourceChange>,
): Promise<Report> {
  const secret = await readSecret(options["secretFile"]);
  return await change(
    surroundings,
    async (deps) => await run(deps, secret),
    secret === undefined ? changeText : givenSecretText,
  );
}

/** Whoever gave the secret knows it; and it may be no Standard Webhooks secret. */
function givenSecretText(outcome: SourceChange): string {
  if (outcome.kind !== "done") return changeText(outcome);
  const { source, maySign } = outcome;
  return maySign
    ? `Source ${source} has the secret that you gave, and checks what it signs: Helicone's requests to /v1/usage/helicone?source=${source}, Standard Webhooks to /v1/usage?source=${source}.`
    : `Source ${source} has the secret that you gave, as a bearer token only. To check what it signs, set SECRETS_KEY, restart, and give it again: claude-spend sources rotate ${source} --secret-file -`;
}

function changeText(outcome: SourceChange): string {
  switch (outcome.kind) {
    case "done":
      return `Source ${outcome.source}. Its secret, shown only now:

  ${outcome.secret}

It is the source's bearer token (Authorization: Bearer …)${
        outcome.maySign
          ? `, and signs requests to /v1/usage?source=${outcome.source} (Standard Webhooks).`
          : ". To accept signatures as well, set SECRETS_KEY and rotate."
      }${
        outcome.graceUntil === undefined
          ? ""
          : `\nThe one before counts until ${outcome.graceUntil.toISOString()}.`
      }`;
    case "removed":
      return `Source ${outcome.source} is removed; within five seconds nothing of it is taken any more.`;
    case "refused":
      return REFUSALS[outcome.reason];
  }
}

const REFUSALS: Readonly<Record<Extract<SourceChange, { kind: "refused" }>["reason"], string>> = {
  "not-a-name": "A source is named by lower-case letters, digits and dashes, at most 63.",
  "built-in":
    "That source is built in: the secret of default is INGEST_SECRET, anthropic is what Anthropic's own reports say.",
  taken:
    "There is, or was, a source of that name. Choose another: events keep the name of their source.",
  unknown: "There is no source of that name. `claude-spend sources list` shows all.",
};

const SECRET_CHARS_MIN = 16;

async function readSecret(file: unknown): Promise<string | undefined> {
  if (typeof file !== "string") return undefined;
  const secret = (await readFile(file === "-" ? "/dev/stdin" : file, "utf8")).trim();
  if (secret.length >= SECRET_CHARS_MIN && /^\S+$/.test(secret)) return secret;
  throw new AppError({
    code: "invalid",
    message: `--secret-file: expected one secret of at least ${String(SECRET_CHARS_MIN)} characters without spaces.`,
  });
}

function graceHours(option: unknown): number {
  const hours = Number(option);
  if (!Number.isFinite(hours) || hours < 0 || hours > 24 * 365) {
    throw new AppError({ code: "invalid", message: "--grace: expected hours, from 0 to 8760." });
  }
  return hours;
}

async function withDeps<T>(
  { env, clock }: Surroundings,
  work: (deps: Deps) => Promise<T>,
): Promise<T> {
  const secretsKey = keyOf(env);
  return await withDatabase(env, async (database) => {
    await migrate(database);
    return await work({ database, clock, secretsKey });
  });
}

/** Only this setting: a source can be added before Slack is connected. */
function keyOf(env: Environment): Buffer | undefined {
  const result = readConfig({ ROLES: "ingest", SECRETS_KEY: env["SECRETS_KEY"] });
  if (result.kind === "config") return secretsKeyOf(result.config);
  throw new AppError({ code: "invalid", message: result.problems.join("; ") });
}
