import { readFileSync } from "node:fs";
import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { governanceRoutes } from "../../../src/features/governance/index.ts";
import { requireBearer } from "../../../src/http/authorization.ts";
import { createHttpServer } from "../../../src/http/server.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";

const example = readFileSync("docs/examples/governance.yml", "utf8");
const authorization = "Bearer secret";
const database = useDatabase();

async function nothing(): Promise<void> {
  await Promise.resolve();
}

function server() {
  const app = createHttpServer({ log: pino({ level: "silent" }), mounts: [] });
  governanceRoutes(app, {
    database: database.pool,
    clock: fixedClock("2026-11-23T10:00:00Z"),
    appliers: {
      budgets: nothing,
      digests: nothing,
      approvalPolicies: nothing,
      limitPushes: nothing,
      driftPercent: nothing,
      chargeback: nothing,
    },
    requireApiToken: requireBearer("secret"),
  });
  return app;
}

async function put(payload: string | Buffer, contentType = "application/yaml") {
  return await server().inject({
    method: "PUT",
    url: "/v1/governance",
    headers: { authorization, "content-type": contentType },
    payload,
  });
}

async function get(accept?: string) {
  return await server().inject({
    method: "GET",
    url: "/v1/governance",
    headers: { authorization, ...(accept === undefined ? {} : { accept }) },
  });
}

beforeEach(async () => {
  await database.pool.query(`truncate governance_documents`);
});

describe("PUT /v1/governance", () => {
  test("applies YAML, and tells that it was the same the second time", async () => {
    const first = await put(example);
    const second = await put(example);

    expect(first.statusCode).toBe(200);
    expect(first.json()).toMatchObject({ result: "applied", version: 1 });
    expect(first.body).toContain("team search: added");
    expect([second.statusCode, second.json()]).toEqual([
      200,
      { result: "unchanged", version: 1, changes: [] },
    ]);
  });

  test.each(["application/json", "text/plain", "application/x-www-form-urlencoded"])(
    "applies JSON sent as %s",
    async (contentType) => {
      expect((await put(JSON.stringify(parse(example)), contentType)).statusCode).toBe(200);
    },
  );

  test.each([
    ['"1"', 200],
    ["*", 200],
    ['"7"', 409],
    ["soon", 400],
  ])(
    "with If-Match %s answers %i, and applies only with the version in force",
    async (ifMatch, status) => {
      await put(example);
      const answer = await server().inject({
        method: "PUT",
        url: "/v1/governance",
        headers: { authorization, "content-type": "application/yaml", "if-match": ifMatch },
        payload: `${example}# more\n`,
      });

      expect(answer.statusCode).toBe(status);
      expect((await get()).headers["etag"]).toBe(status === 200 ? '"2"' : '"1"');
    },
  );

  test("refuses a document with every problem, its line and field, and keeps the one in force", async () => {
    await put(example);

    const refused = await put("organization: { name: Acme }\nbudget: []\nteams: 3\n");

    expect(refused.statusCode).toBe(422);
    expect(refused.json()).toMatchObject({
      error: {
        code: "invalid",
        message: "The governance document has problems; nothing was applied.",
      },
      problems: [
        { line: 2, column: 1, field: "budget" },
        { line: 3, column: 8, field: "teams", message: "expected a mapping, got 3" },
      ],
    });
    expect(refused.body).toContain("did you mean budgets?");
    expect((await get("application/yaml")).body).toBe(example);
  });

  test("refuses an empty body", async () => {
    const { statusCode, body } = await server().inject({
      method: "PUT",
      url: "/v1/governance",
      headers: { authorization },
    });

    expect(statusCode).toBe(422);
    expect(body).toContain("expected a document, got an empty one");
  });

  test("refuses bytes that are no text", async () => {
    const answer = await put(Buffer.from([0xc3, 0x28]));

    expect(answer.statusCode).toBe(400);
    expect(answer.body).toContain("must be UTF-8");
  });
});

describe("GET /v1/governance", () => {
  test("is not found before the first document", async () => {
    const answer = await get();

    expect(answer.statusCode).toBe(404);
    expect(answer.body).toContain("No governance document was applied yet");
  });

  test.each([
    undefined,
    "*/*",
    "application/json",
    "application/json, application/yaml;q=0.5",
    "text/html",
  ])("answers JSON to Accept: %s", async (accept) => {
    await put(example);

    const answer = await get(accept);

    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(answer.json()).toEqual(parse(example));
  });

  test.each([
    "application/yaml",
    "text/yaml",
    "application/x-yaml, */*;q=0.1",
    "application/json;q=0.5, application/yaml",
  ])("answers the text as it was written to Accept: %s", async (accept) => {
    await put(example);

    const answer = await get(accept);

    expect(answer.headers["content-type"]).toBe("application/yaml; charset=utf-8");
    expect(answer.body).toBe(example);
  });

  test("what it answers can be applied again", async () => {
    await put(example);

    expect((await put((await get()).body, "application/json")).json()).toEqual({
      result: "applied",
      version: 2,
      changes: [],
      warnings: [],
    });
  });
});

test.each(["GET", "PUT"] as const)(
  "%s without the token changes and tells nothing",
  async (method) => {
    await put(example);

    const answer = await server().inject({
      method,
      url: "/v1/governance",
      ...(method === "PUT" ? { payload: "organization: { name: Evil }" } : {}),
    });

    expect(answer.statusCode).toBe(401);
    expect(answer.body).not.toContain("Acme");
    expect((await get("application/yaml")).body).toBe(example);
  },
);
