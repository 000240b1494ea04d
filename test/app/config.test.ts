import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { type Config, readConfig, secretsOf } from "../../src/app/config.ts";
import { ALL_SECRETS, anEnvironment } from "../support/environment.ts";

function configOf(env: Readonly<Record<string, string | undefined>>): Config {
  const result = readConfig(env);
  if (result.kind === "problems") throw new Error(result.problems.join("\n"));
  return result.config;
}

function problemsOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const result = readConfig(env);
  return result.kind === "problems" ? result.problems : [];
}

describe("readConfig", () => {
  test("needs what Slack gives and nothing else", () => {
    const slack = { SLACK_BOT_TOKEN: "xoxb-1", SLACK_SIGNING_SECRET: "s" };

    expect(configOf(slack)).toMatchObject({
      PORT: 3000,
      HOST: "0.0.0.0",
      DATA_DIR: "./data",
      ROLES: ["ingest", "slack", "worker"],
      PROCESSES: 1,
      LOG_LEVEL: "info",
      ANTHROPIC_ORG_KIND: "console",
      ANTHROPIC_METERING: "off",
    });
    expect(configOf(slack).DATABASE_URL).toBeUndefined();
  });

  test("takes every setting", () => {
    expect(problemsOf(anEnvironment())).toEqual([]);
  });

  test.each([
    ["PORT", "0"],
    ["PORT", "65535"],
    ["DATABASE_URL", "postgresql://u@h/d"],
    ["SLACK_BOT_TOKEN", "xoxe.xoxb-1"],
    ["SLACK_API_URL", "http://127.0.0.1:4000/api"],
    ["INGEST_SECRET", `whsec_${"A".repeat(32)}`],
    ["INGEST_SECRET", `whsec_${"A".repeat(86)}==`],
    ["API_TOKEN", "x".repeat(16)],
    ["ANTHROPIC_ORG_KIND", "enterprise"],
    ["ROLES", "worker"],
    ["ROLES", " ingest , slack "],
    ["PROCESSES", "1"],
    ["PROCESSES", "8"],
    ["LOG_LEVEL", "silent"],
  ])("takes %s=%s", (name, value) => {
    expect(problemsOf(anEnvironment({ [name]: value }))).toEqual([]);
  });

  test.each([
    ["PORT", "70000"],
    ["PORT", "-1"],
    ["PORT", "3000.5"],
    ["PORT", "0x50"],
    ["PORT", "http"],
    ["PORT", " "],
    ["DATABASE_URL", "mysql://secret-value@h/d"],
    ["DATABASE_URL", "localhost:5432/secret-value"],
    ["SLACK_BOT_TOKEN", "xapp-secret-value"],
    ["SLACK_APP_TOKEN", "xoxb-secret-value"],
    ["SLACK_API_URL", "slack.com/secret-value"],
    ["SLACK_API_URL", "ftp://secret-value@slack.com/"],
    ["INGEST_SECRET", "secret-value"],
    ["INGEST_SECRET", "whsec_secret-value"],
    ["INGEST_SECRET", `whsec_${"A".repeat(31)}`],
    ["INGEST_SECRET", `whsec_${"A".repeat(40)}\n`],
    ["SECRETS_KEY", "secret-value"],
    ["API_TOKEN", "secret-value"],
    ["API_TOKEN", "secret-value with spaces in it"],
    ["ANTHROPIC_BASE_URL", "secret-value"],
    ["ANTHROPIC_ORG_KIND", "secret-value"],
    ["ANTHROPIC_METERING", "secret-value"],
    ["ROLES", "ingest,secret-value"],
    ["ROLES", ","],
    ["PROCESSES", "0"],
    ["PROCESSES", "9"],
    ["PROCESSES", "12"],
    ["PROCESSES", "auto"],
    ["LOG_LEVEL", "secret-value"],
  ])("refuses %s=%j, saying what is expected and never the value", (name, value) => {
    const problems = problemsOf(anEnvironment({ [name]: value }));

    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems) {
      expect(problem).toMatch(new RegExp(`^${name}: expected .{9,}`));
      expect(problem).not.toContain("secret-value");
    }
  });

  test("metering needs a key, and a report that the organization has", () => {
    expect(problemsOf(anEnvironment({ ANTHROPIC_ADMIN_KEY: "" }))).toEqual([
      "ANTHROPIC_METERING: needs ANTHROPIC_ADMIN_KEY",
    ]);
    const enterprise = { ANTHROPIC_ORG_KIND: "enterprise" };
    expect(problemsOf(anEnvironment(enterprise))).toEqual([]);
    expect(problemsOf(anEnvironment({ ...enterprise, ANTHROPIC_METERING: "messages" }))).toEqual([
      "ANTHROPIC_METERING: expected off or analytics, since only Console organizations have the others",
    ]);
  });

  test("names all problems at once, missing and wrong", () => {
    const problems = problemsOf({ PORT: "x", API_TOKEN: "short", LOG_LEVEL: "loud" });

    expect(problems.map((problem) => problem.split(":")[0])).toEqual([
      "PORT",
      "API_TOKEN",
      "LOG_LEVEL",
      "SLACK_BOT_TOKEN",
      "SLACK_SIGNING_SECRET",
    ]);
  });

  test.each([
    ["ingest", []],
    ["worker", ["SLACK_BOT_TOKEN"]],
    ["slack", ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"]],
    ["ingest,worker", ["SLACK_BOT_TOKEN"]],
  ])("the role %s needs %j", (ROLES, missing) => {
    expect(problemsOf({ ROLES }).map((problem) => problem.split(":")[0])).toEqual(missing);
  });

  test("in Socket Mode the app token stands for the signing secret", () => {
    expect(problemsOf({ SLACK_BOT_TOKEN: "xoxb-1", SLACK_APP_TOKEN: "xapp-1" })).toEqual([]);
  });

  describe("for several workspaces", () => {
    const many = {
      SLACK_CLIENT_ID: "1111.2222",
      SLACK_CLIENT_SECRET: "client-secret",
      SLACK_STATE_SECRET: "s".repeat(32),
      SLACK_SIGNING_SECRET: "s",
      SECRETS_KEY: Buffer.alloc(32).toString("base64"),
    };

    test("needs no bot token", () => {
      expect(problemsOf(many)).toEqual([]);
      expect(secretsOf(configOf(many))).toContain("client-secret");
    });

    test("any one of its settings needs all the others, named at once", () => {
      for (const name of [
        "SLACK_CLIENT_ID",
        "SLACK_CLIENT_SECRET",
        "SLACK_STATE_SECRET",
      ] as const) {
        const named = problemsOf({ [name]: many[name] }).map((problem) => problem.split(":")[0]);
        const others = Object.keys(many).filter((other) => other !== name);
        expect(new Set(named)).toEqual(new Set(others));
      }
    });

    test("has no token of one workspace beside, and no socket", () => {
      const both = { ...many, SLACK_BOT_TOKEN: "xoxb-1", SLACK_APP_TOKEN: "xapp-1" };
      expect(problemsOf(both)).toEqual([
        "SLACK_BOT_TOKEN: expected to be unset beside SLACK_CLIENT_ID: each workspace has a token of its own",
        "SLACK_APP_TOKEN: expected to be unset beside SLACK_CLIENT_ID: workspaces install over HTTP, so Slack can use it, too",
      ]);
    });

    test.each([
      ["SLACK_CLIENT_ID", "secret-value"],
      ["SLACK_STATE_SECRET", "secret-value"],
    ])("refuses %s=%j without showing it", (name, value) => {
      const problems = problemsOf({ ...many, [name]: value });
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(new RegExp(`^${name}: expected .{9,}`));
      expect(problems[0]).not.toContain("secret-value");
    });
  });

  test("an empty value is one that is not set", () => {
    const empty = Object.fromEntries(Object.keys(anEnvironment()).map((name) => [name, ""]));

    expect(problemsOf(empty)).toEqual(problemsOf({}));
    expect(configOf({ ...empty, ROLES: "ingest" })).toEqual(configOf({ ROLES: "ingest" }));
  });

  test("ignores what is not its own", () => {
    expect(problemsOf({ ...anEnvironment(), PATH: "/bin", port: "x" })).toEqual([]);
  });
});

describe("secrets", () => {
  const config = configOf(anEnvironment());

  test("are all known as such", () => {
    expect(secretsOf(config).toSorted()).toEqual([...ALL_SECRETS].toSorted());
  });

  test.each<[string, (of: Config) => string]>([
    ["JSON", (of) => JSON.stringify(of)],
    ["inspect", (of) => inspect(of, { depth: 9, showHidden: true, getters: true })],
    ["a template", (of) => `${String(of.API_TOKEN)} ${String(of.DATABASE_URL)}`],
    ["an error", (of) => inspect(new Error(`bad: ${String(of.INGEST_SECRET)}`, { cause: of }))],
  ])("are not in %s", (_name, print) => {
    const text = print(config);

    for (const secret of ALL_SECRETS) expect(text).not.toContain(secret);
  });
});
