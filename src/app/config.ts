/** The environment, read once and checked as a whole: every problem is named at the same time. */
import { z } from "zod";

/** A text that prints as `[secret]`, so that no log or error shows it by accident. */
export interface Secret {
  readonly reveal: () => string;
  readonly toJSON: () => string;
  readonly toString: () => string;
}

function secret(text: string): Secret {
  return { reveal: () => text, toJSON: () => "[secret]", toString: () => "[secret]" };
}

const ROLES = ["ingest", "slack", "worker"] as const;
export type Role = (typeof ROLES)[number];

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

const secretText = z.string().transform(secret);
const PORT_EXPECTED = "expected a whole number from 0 to 65535";
/**
 * Each has a pool of ten connections, and Postgres takes a hundred by default. One Postgres keeps
 * fewer busy anyway; beyond that replicas on other machines are the answer.
 */
const PROCESSES_MAX = 8;
const PROCESSES_EXPECTED = `expected a whole number from 1 to ${String(PROCESSES_MAX)}`;
/** Never shows the address itself: it may hold a password. */
const webAddress = z.url({
  protocol: /^https?$/,
  error: "expected an address that begins with https:// or http://",
});

const environment = z.object({
  PORT: z
    .string()
    .regex(/^\d+$/, PORT_EXPECTED)
    .transform(Number)
    .refine((port) => port <= 65_535, PORT_EXPECTED)
    .default(3000),
  HOST: z.string().min(1).default("0.0.0.0"),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, "expected postgres://user:password@host:port/database")
    .transform(secret)
    .optional(),
  DATA_DIR: z.string().min(1).default("./data"),
  SLACK_BOT_TOKEN: z
    .string()
    .regex(/^xox[be]/, "expected a bot token, which starts with xoxb-")
    .transform(secret)
    .optional(),
  SLACK_SIGNING_SECRET: secretText.optional(),
  SLACK_APP_TOKEN: z
    .string()
    .startsWith("xapp-", "expected an app-level token, which starts with xapp-")
    .transform(secret)
    .optional(),
  SLACK_CLIENT_ID: z
    .string()
    .regex(/^[\d.]+$/, "expected digits and a dot, as on the app's Basic Information page")
    .optional(),
  SLACK_CLIENT_SECRET: secretText.optional(),
  SLACK_STATE_SECRET: z
    .string()
    .min(32, "expected at least 32 characters: openssl rand -hex 32")
    .transform(secret)
    .optional(),
  SLACK_API_URL: webAddress.optional(),
  INGEST_SECRET: z
    .string()
    .regex(
      /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/,
      "expected whsec_ and the base64 of 24 to 64 random bytes: echo whsec_$(openssl rand -base64 32)",
    )
    .transform(secret)
    .optional(),
  SECRETS_KEY: z
    .string()
    .regex(
      /^[A-Za-z0-9+/]{43}=$/,
      "expected the base64 of 32 random bytes: openssl rand -base64 32",
    )
    .transform(secret)
    .optional(),
  API_TOKEN: z
    .string()
    .min(16, "expected at least 16 characters")
    .regex(/^\S+$/, "expected no spaces")
    .transform(secret)
    .optional(),
  ANTHROPIC_ADMIN_KEY: secretText.optional(),
  ANTHROPIC_ORG_KIND: z
    .enum(["console", "enterprise"], "expected console or enterprise")
    .default("console"),
  ANTHROPIC_METERING: z
    .enum(
      ["off", "analytics", "messages", "claude_code"],
      "expected off, analytics, messages or claude_code",
    )
    .default("off"),
  ANTHROPIC_API_KEY: secretText.optional(),
  ANTHROPIC_BASE_URL: webAddress.optional(),
  LITELLM_BASE_URL: webAddress.optional(),
  LITELLM_MASTER_KEY: secretText.optional(),
  CLAUDE_GATEWAY_URL: webAddress.optional(),
  CLAUDE_GATEWAY_KEY: secretText.optional(),
  GOVERNANCE_FILE: z.string().min(1).optional(),
  GOVERNANCE_FILE_MODE: z.enum(["shared", "only"], "expected shared or only").default("shared"),
  RETENTION_MONTHS: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, "expected a whole number of months from 1 to 9999")
    .transform(Number)
    .optional(),
  ROLES: z
    .string()
    .default(ROLES.join(","))
    .transform((text, context): readonly Role[] => {
      const words = text.split(",").map((word) => word.trim());
      const roles = ROLES.filter((role) => words.includes(role));
      if (roles.length === 0 || words.some((word) => !ROLES.some((role) => role === word))) {
        context.addIssue({
          code: "custom",
          message: `expected a comma list of ${ROLES.join(", ")}`,
        });
      }
      return roles;
    }),
  PROCESSES: z
    .string()
    .regex(/^[1-9]$/, PROCESSES_EXPECTED)
    .transform(Number)
    .refine((count) => count <= PROCESSES_MAX, PROCESSES_EXPECTED)
    .default(1),
  LOG_LEVEL: z.enum(LOG_LEVELS, `expected one of ${LOG_LEVELS.join(", ")}`).default("info"),
});

export type Config = z.output<typeof environment>;

/** Every secret among the settings, for whoever must make sure that none of them gets out. */
export function secretsOf(config: Config): readonly string[] {
  return Object.values(config).flatMap((value) =>
    typeof value === "object" && "reveal" in value ? [value.reveal()] : [],
  );
}

/** The key of secrets that must be kept readable; undefined when none is set. */
export function secretsKeyOf({
  SECRETS_KEY: key,
}: Pick<Config, "SECRETS_KEY">): Buffer | undefined {
  return key === undefined ? undefined : Buffer.from(key.reveal(), "base64");
}

export type ConfigResult =
  | { readonly kind: "config"; readonly config: Config }
  /** One line for each setting that is missing or wrong. Never shows a value. */
  | { readonly kind: "problems"; readonly problems: readonly string[] };

/** Reads the settings from an environment. An empty value counts as not set. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): ConfigResult {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = environment.safeParse(given);
  const wrong = parsed.error?.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  const problems = [...(wrong ?? []), ...missingSettings(given), ...contradictions(given)];
  return parsed.success && problems.length === 0
    ? { kind: "config", config: parsed.data }
    : { kind: "problems", problems };
}

/** What the roles of this replica need. Looks at the raw settings, so that nothing hides it. */
function missingSettings(given: Readonly<Record<string, string | undefined>>): string[] {
  const roles = given["ROLES"] ?? ROLES.join(",");
  const isSlack = roles.includes("slack");
  const problems: string[] = [];
  const isMany = hasManyWorkspaces(given);
  if ((isSlack || roles.includes("worker")) && given["SLACK_BOT_TOKEN"] === undefined && !isMany) {
    problems.push(
      "SLACK_BOT_TOKEN: missing; Slack shows it under OAuth & Permissions after the installation",
    );
  }
  if (isMany) {
    for (const [name, where] of Object.entries(MANY_WORKSPACES_NEED)) {
      if (given[name] === undefined) problems.push(`${name}: missing; ${where}`);
    }
  }
  const canHear =
    given["SLACK_APP_TOKEN"] !== undefined || given["SLACK_SIGNING_SECRET"] !== undefined;
  if (isSlack && !canHear) {
    problems.push(
      "SLACK_SIGNING_SECRET: missing; Slack shows it under Basic Information (or set SLACK_APP_TOKEN for Socket Mode)",
    );
  }
  return problems;
}

const MANY_WORKSPACES = ["SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_STATE_SECRET"] as const;

/** What several workspaces by OAuth need, as soon as one of the three is set. */
const MANY_WORKSPACES_NEED = {
  SLACK_CLIENT_ID: "Slack shows it under Basic Information",
  SLACK_CLIENT_SECRET: "Slack shows it under Basic Information",
  SLACK_STATE_SECRET: "it signs installations: openssl rand -hex 32",
  SECRETS_KEY: "it keeps the workspaces' tokens: openssl rand -base64 32",
} as const;

function hasManyWorkspaces(given: Readonly<Record<string, unknown>>): boolean {
  return MANY_WORKSPACES.some((name) => given[name] !== undefined);
}

/** Settings that are right alone and wrong together. */
function contradictions(given: Readonly<Record<string, string | undefined>>): string[] {
  return [...slackContradictions(given), ...meteringContradictions(given)];
}

function slackContradictions(given: Readonly<Record<string, string | undefined>>): string[] {
  if (!hasManyWorkspaces(given)) return [];
  const refused = {
    SLACK_BOT_TOKEN:
      "expected to be unset beside SLACK_CLIENT_ID: each workspace has a token of its own",
    SLACK_APP_TOKEN:
      "expected to be unset beside SLACK_CLIENT_ID: workspaces install over HTTP, so Slack can use it, too",
  };
  return Object.entries(refused).flatMap(([name, why]) =>
    given[name] === undefined ? [] : [`${name}: ${why}`],
  );
}

function meteringContradictions(given: Readonly<Record<string, string | undefined>>): string[] {
  const metering = given["ANTHROPIC_METERING"] ?? "off";
  if (metering === "off") return [];
  if (given["ANTHROPIC_ADMIN_KEY"] === undefined) {
    return ["ANTHROPIC_METERING: needs ANTHROPIC_ADMIN_KEY"];
  }
  return given["ANTHROPIC_ORG_KIND"] === "enterprise" && metering !== "analytics"
    ? [
        "ANTHROPIC_METERING: expected off or analytics, since only Console organizations have the others",
      ]
    : [];
}
