import { readFileSync } from "node:fs";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openApiDocument } from "../../src/app/openapi.ts";
import { wire } from "../../src/app/wire.ts";
import { createMetrics } from "../../src/http/metrics.ts";
import { operationsRoutes } from "../../src/http/operations.ts";
import { createHttpServer } from "../../src/http/server.ts";
import { createFakeSlack } from "../../src/sandbox/slack/index.ts";
import { createDirectory } from "../../src/slack/directory.ts";
import { fixedClock } from "../support/clock.ts";
import { useDatabase } from "../support/database.ts";
import { schemaProblems } from "../support/json-schema.ts";
import { API_TOKEN, MANIFEST, startTestProgram, type TestProgram } from "../support/program.ts";
import { recordingWeb } from "../support/recording-web.ts";
import { aNativeEvent } from "../support/usage-builders.ts";

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: unknown }>> }>
  >;
}
interface Document {
  readonly components: { readonly securitySchemes: Readonly<Record<string, unknown>> };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const document = openApiDocument() as Document;
const db = useDatabase();
/** Nobody asks Slack where only usage comes in. */
const noSlack = {
  credentials: createFakeSlack({ manifest: MANIFEST, now: () => 0 }).credentials,
  apiUrl: () => "http://127.0.0.1:1/api/",
  setRequestUrl: () => {},
};

function operation(method: string, path: string): Operation {
  const found = document.paths[path]?.[method];
  if (found === undefined) throw new Error(`no ${method} ${path}`);
  return found;
}

function operations(): readonly (readonly [method: string, path: string, Operation])[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => [method, path, one] as const),
  );
}

function schemaOf(method: string, path: string, status: number): unknown {
  return operation(method, path).responses[String(status)]?.content?.["application/json"]?.schema;
}

/** Every route of the server, as "get /v1/spend". */
function realRoutes(): readonly string[] {
  const log = pino({ level: "silent" });
  const metrics = createMetrics();
  const app = createHttpServer({ log, mounts: [] });
  const routes: string[] = [];
  app.addHook("onRoute", ({ method, url }) => {
    for (const one of [method].flat()) routes.push(`${one.toLowerCase()} ${url}`);
  });
  const { web } = recordingWeb();
  const clock = fixedClock("2026-11-23T10:00:00Z");
  wire({
    database: db.pool,
    clock,
    log,
    metrics,
    waker: { wake: () => {} },
    web,
    directory: createDirectory({ database: db.pool, web, clock }),
    ingestSecret: undefined,
    apiToken: undefined,
    secretsKey: undefined,
    reports: undefined,
    ask: undefined,
  }).routes(app, { ingest: true });
  const nothing = async (): Promise<void> => {
    await Promise.resolve();
  };
  operationsRoutes(app, {
    isStarted: () => true,
    checkReady: nothing,
    readMetrics: async () => await Promise.resolve(""),
    metricsContentType: metrics.registry.contentType,
    openApi: {},
  });
  return routes.filter((route) => !route.startsWith("head "));
}

describe("the description of the API", () => {
  test("has the routes of the server, all of them and no others", () => {
    const described = operations().map(([method, path]) => `${method} ${path}`);

    expect(described.toSorted()).toEqual(realRoutes().toSorted());
  });

  test("refers to nothing that it does not hold", () => {
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? "");
    const broken = references.filter((reference) => {
      const parts = reference.replace(/^#\//, "").split("/");
      return (
        parts.reduce<unknown>(
          (at, part) => (at as Record<string, unknown> | undefined)?.[part],
          document,
        ) === undefined
      );
    });
    const schemes = operations().flatMap(([, , { security = [] }]) =>
      security.flatMap(Object.keys),
    );

    expect(broken).toEqual([]);
    expect(Object.keys(document.components.securitySchemes)).toEqual(
      expect.arrayContaining(schemes),
    );
  });

  test("says of what needs the token that it does, and what is answered without it", () => {
    const guarded = operations().filter(([, path]) => path.startsWith("/v1/"));

    expect(guarded.length).toBeGreaterThan(6);
    for (const [method, path, { security = [], responses }] of guarded) {
      expect({ method, path, isGuarded: security.length > 0 }).toMatchObject({ isGuarded: true });
      expect(Object.keys(responses)).toContain("401");
    }
  });
});

describe("what the server answers", () => {
  let program: TestProgram;

  beforeAll(async () => {
    program = await startTestProgram({
      poolConfig: db.poolConfig,
      fake: noSlack,
      env: { ROLES: "ingest" },
    });
    await program.put("/v1/governance", readFileSync("docs/examples/governance.yml", "utf8"));
    await program.post([aNativeEvent({ occurred_at: new Date().toISOString(), team: "search" })]);
  });
  afterAll(async () => {
    await program.stop();
  });

  test.each([
    "/v1/spend?group_by=team,project,user,model,api_key,workspace,source,day,hour",
    "/v1/spend?scope=org&from=2026-01-01&to=2027-01-01&time_zone=Asia/Tokyo&group_by=day",
    "/v1/budgets",
    "/v1/budgets?scope=team:search",
    "/v1/alerts",
    "/v1/alerts?scope=team:search&limit=5",
    "/v1/approvals",
    "/v1/approvals?status=requested",
    "/v1/governance",
    "/healthz",
    "/readyz",
    "/openapi.json",
  ])("GET %s conforms, and every parameter of it is described", async (url) => {
    const { pathname, searchParams } = new URL(url, "http://x");
    const { status, body } = await program.get(url);
    const { parameters = [] } = operation("get", pathname);

    expect(status).toBe(200);
    expect(schemaProblems(schemaOf("get", pathname, 200) ?? {}, body)).toEqual([]);
    expect(parameters.map(({ name }) => name)).toEqual(
      expect.arrayContaining([...searchParams.keys()]),
    );
  });

  test("the last document is the one that is served", async () => {
    expect((await program.get("/openapi.json")).body).toEqual(JSON.parse(JSON.stringify(document)));
  });

  test.each([
    ["/v1/spend?scope=x", 400],
    ["/v1/budgets?scope=x", 400],
    ["/v1/alerts?limit=x", 400],
    ["/v1/approvals?status=x", 400],
  ])("GET %s is the error that is described", async (url, expected) => {
    const { status, body } = await program.get(url);
    const { pathname } = new URL(url, "http://x");

    expect(status).toBe(expected);
    expect(schemaProblems(schemaOf("get", pathname, expected), body)).toEqual([]);
    const withoutToken = await fetch(program.url + pathname);
    expect(withoutToken.status).toBe(401);
    expect(schemaProblems(schemaOf("get", pathname, 401), await withoutToken.json())).toEqual([]);
  });

  test.each<[string, unknown, number]>([
    ["good", [aNativeEvent({ occurred_at: new Date().toISOString() })], 202],
    [
      "partly wrong",
      [aNativeEvent({ occurred_at: new Date().toISOString() }), { event_id: 1 }],
      202,
    ],
    ["all wrong", [{ event_id: "x" }], 422],
    ["no events", "text", 400],
  ])("POST /v1/usage with %s ones conforms", async (_name, events, expected) => {
    const { status, body } = await program.post(events);

    expect(status).toBe(expected);
    expect(schemaProblems(schemaOf("post", "/v1/usage", expected), body)).toEqual([]);
  });

  test("a route that is not described is 404 in the same form", async () => {
    const answer = await fetch(`${program.url}/v1/nothing`, {
      headers: { authorization: `Bearer ${API_TOKEN}` },
    });

    expect(answer.status).toBe(404);
    expect(schemaProblems(schemaOf("get", "/v1/governance", 404), await answer.json())).toEqual([]);
  });
});
