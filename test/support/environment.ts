/** An environment in which every setting is set, each secret with a text of its own. */

const SECRETS = {
  DATABASE_URL: "postgres://bot:database-password@db.internal:5432/spend",
  SLACK_BOT_TOKEN: "xoxb-1111-2222-bottokenvalue",
  SLACK_SIGNING_SECRET: "signing0secret0value",
  SLACK_APP_TOKEN: "xapp-1-A0-apptokenvalue",
  INGEST_SECRET: `whsec_${Buffer.from("ingest-secret-value-of-the-tests").toString("base64")}`,
  SECRETS_KEY: Buffer.alloc(32, "key-value").toString("base64"),
  API_TOKEN: `api-token-"quoted"-value`,
  ANTHROPIC_ADMIN_KEY: "sk-ant-admin01-adminkeyvalue",
  ANTHROPIC_API_KEY: "sk-ant-api03-apikeyvalue",
} as const;

/** The values of `anEnvironment` that nobody may ever read. */
export const ALL_SECRETS: readonly string[] = Object.values(SECRETS);

export function anEnvironment(
  overrides: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    ...SECRETS,
    PORT: "3000",
    HOST: "127.0.0.1",
    DATA_DIR: "/var/lib/claude-spend",
    SLACK_API_URL: "https://slack.com/api/",
    ANTHROPIC_ORG_KIND: "console",
    ANTHROPIC_METERING: "analytics",
    ANTHROPIC_BASE_URL: "https://api.anthropic.com",
    GOVERNANCE_FILE: "governance.yml",
    ROLES: "ingest,slack,worker",
    PROCESSES: "2",
    LOG_LEVEL: "debug",
    ...overrides,
  };
}
