/** The whole program for a test: real database, real HTTP, the strict fake Slack on the other side. */
import { readFileSync } from "node:fs";
import type { PoolConfig } from "pg";
import { pino } from "pino";
import { readConfig } from "../../src/app/config.ts";
import { type Program, startProgram } from "../../src/app/program.ts";
import { type Clock, instant } from "../../src/domain/time.ts";
import { type FakeSlack, readManifest } from "../../src/sandbox/slack/index.ts";
import { PATIENT } from "./database.ts";
import { aWebhookSecret, signedHeaders } from "./usage-builders.ts";

export const MANIFEST = readManifest(readFileSync("manifest.yml", "utf8"));
export const API_TOKEN = "test-api-token-0123456789";

export interface TestProgram extends Program {
  readonly post: (events: unknown) => Promise<{ readonly status: number; readonly body: unknown }>;
  readonly get: (path: string) => Promise<{ readonly status: number; readonly body: never }>;
  readonly put: (
    path: string,
    body: string,
  ) => Promise<{ readonly status: number; readonly body: never }>;
}

/** With bounds for a busy machine, as the tests' own pools have them. */
export function databaseUrl({ connectionString, host, port, user, database }: PoolConfig): string {
  const url = new URL(
    connectionString ?? `postgresql://${String(user)}@localhost:${String(port)}/`,
  );
  url.pathname = `/${String(database)}`;
  if (connectionString === undefined) url.searchParams.set("host", String(host));
  for (const [name, bound] of Object.entries(PATIENT)) url.searchParams.set(name, String(bound));
  return url.href;
}

export interface TestProgramOptions {
  readonly poolConfig: PoolConfig;
  readonly fake: Pick<FakeSlack, "credentials" | "apiUrl" | "setRequestUrl">;
  readonly clock?: Clock;
  readonly env?: Readonly<Record<string, string>>;
}

/** Settings of a program against the fake, as its environment would say them. */
export function testEnvironment(options: TestProgramOptions): Record<string, string> {
  return {
    PORT: "0",
    HOST: "127.0.0.1",
    DATABASE_URL: databaseUrl(options.poolConfig),
    SLACK_BOT_TOKEN: options.fake.credentials.botToken,
    SLACK_SIGNING_SECRET: options.fake.credentials.signingSecret,
    SLACK_API_URL: options.fake.apiUrl(),
    INGEST_SECRET: aWebhookSecret(),
    API_TOKEN,
    LOG_LEVEL: "silent",
    ...options.env,
  };
}

export async function startTestProgram(options: TestProgramOptions): Promise<TestProgram> {
  const env = testEnvironment(options);
  const result = readConfig(env);
  if (result.kind === "problems") throw new Error(result.problems.join("\n"));
  const program = await startProgram({
    config: result.config,
    log: pino({ level: env["LOG_LEVEL"] ?? "silent" }),
    clock: options.clock ?? (() => instant(new Date())),
  });
  options.fake.setRequestUrl(`${program.url}/slack/events`);
  const request = async (path: string, init: RequestInit) => {
    const response = await fetch(`${program.url}${path}`, init);
    return { status: response.status, body: (await response.json()) as never };
  };
  const authorization = `Bearer ${API_TOKEN}`;
  return {
    ...program,
    post: async (events) => {
      const body = JSON.stringify(events);
      return await request("/v1/usage", {
        method: "POST",
        body,
        headers: signedHeaders(env["INGEST_SECRET"] ?? "", body),
      });
    },
    get: async (path) => await request(path, { headers: { authorization } }),
    put: async (path, body) =>
      await request(path, { method: "PUT", body, headers: { authorization } }),
  };
}
