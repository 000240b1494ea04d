import { describe, expect, test } from "vitest";
import { anthropicAdminSandbox } from "../../../src/sandbox/anthropic/admin-api.ts";
import { type ManualClock, manualClock } from "../../support/clock.ts";
import { listening } from "./listening.ts";

const KEY = "sk-ant-admin01-sandbox";
const GOOD = { "x-api-key": KEY, "anthropic-version": "2026-10-21" };
const BETA = { ...GOOD, "anthropic-beta": "analytics-usage-cost-2026-08-24" };

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

async function setup(time: ManualClock = manualClock("2026-11-23T10:00:00Z")) {
  const root = await listening(
    anthropicAdminSandbox({
      prefix: "/sandbox/anthropic",
      adminKey: KEY,
      clock: time.clock,
      organization: { id: "org-1", name: "Acme" },
    }),
  );
  const ask = async (
    path: string,
    headers: Readonly<Record<string, string>> = GOOD,
    method = "GET",
  ): Promise<Answer> => {
    const response = await fetch(`${root}/sandbox/anthropic${path}`, { method, headers });
    const body = (await response.json()) as Answer["body"];
    return { status: response.status, headers: response.headers, body };
  };
  return { root, ask, time };
}

/** The documented envelope: type, message, and the request id of the header. */
function expectError(answer: Answer, status: number, type: string): string {
  const requestId = answer.headers.get("request-id");
  expect(requestId).toMatch(/^req_[0-9a-f]{24}$/);
  const error = answer.body["error"] as { readonly message: string };
  expect(answer.status).toBe(status);
  expect(answer.body).toEqual({
    type: "error",
    error: { type, message: error.message },
    request_id: requestId,
  });
  return error.message;
}

describe("the stand-in for Anthropic's Admin API", () => {
  test("names the organization of an admin key", async () => {
    const { ask } = await setup();

    const answer = await ask("/v1/organizations/me");

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ id: "org-1", name: "Acme", type: "organization" });
    expect(answer.headers.get("request-id")).toMatch(/^req_/);
    expect(answer.headers.get("anthropic-organization-id")).toBe("org-1");
  });

  test.each([
    ["no key", { "anthropic-version": "2026-10-21" }],
    ["another key", { ...GOOD, "x-api-key": "sk-ant-admin01-other" }],
    [
      "the key as a bearer token",
      { authorization: `Bearer ${KEY}`, "anthropic-version": "2026-10-21" },
    ],
    ["two credentials", { ...GOOD, authorization: `Bearer ${KEY}` }],
  ])("%s is no authentication", async (_, headers) => {
    const { ask } = await setup();

    const answer = await ask("/v1/organizations/me", headers);

    expectError(answer, 401, "authentication_error");
    expect(answer.headers.has("anthropic-organization-id")).toBe(false);
  });

  test.each([
    ["missing", { "x-api-key": KEY }],
    ["unknown", { ...GOOD, "anthropic-version": "2025-01-01" }],
  ])("a version that is %s is an invalid request", async (_, headers) => {
    const { ask } = await setup();

    const message = expectError(
      await ask("/v1/organizations/me", headers),
      400,
      "invalid_request_error",
    );

    expect(message).toContain("anthropic-version");
  });

  test.each([
    ["GET", "/v1/organizations/nothing"],
    ["POST", "/v1/organizations/me"],
    ["GET", "/v1/organizations/me/"],
    ["GET", "/"],
  ])("%s %s is not found", async (method, path) => {
    const { ask } = await setup();

    const message = expectError(await ask(path, GOOD, method), 404, "not_found_error");

    expect(message).toBe(`${method} ${path}`);
  });

  test("answers nothing outside of its prefix", async () => {
    const { root } = await setup();

    const response = await fetch(`${root}/v1/organizations/me`, { headers: GOOD });

    expect(response.status).toBe(404);
  });

  test("refuses a parameter that there is not", async () => {
    const { ask } = await setup();

    const answer = await ask("/v1/organizations/me?verbose=1");

    expect(expectError(answer, 400, "invalid_request_error")).toContain("verbose");
  });

  test("lets 60 requests a minute through and says how long to wait", async () => {
    const { ask, time } = await setup();
    await ask("/v1/organizations/me");
    time.advance(20_000);
    for (let index = 0; index < 59; index += 1) {
      // oxlint-disable-next-line no-await-in-loop -- counted one by one
      expect((await ask("/v1/organizations/me")).status).toBe(200);
    }

    const refused = await ask("/v1/organizations/me");
    expectError(refused, 429, "rate_limit_error");
    expect(refused.headers.get("retry-after")).toBe("40");

    time.advance(40_000);
    expect((await ask("/v1/organizations/me")).status).toBe(200);
    expect((await ask("/v1/organizations/me")).status).toBe(429);
  });

  test("wrong keys do not use up the rate", async () => {
    const { ask } = await setup();
    for (let index = 0; index < 61; index += 1) {
      // oxlint-disable-next-line no-await-in-loop -- counted one by one
      await ask("/v1/organizations/me", { ...GOOD, "x-api-key": "wrong" });
    }

    expect((await ask("/v1/organizations/me")).status).toBe(200);
  });
});

describe.each(["usage", "cost"])("its %s report", (report) => {
  const path = `/v1/organizations/analytics/${report}`;
  const range = "starting_at=2026-11-01T00:00:00Z&ending_at=2026-11-23T00:00:00Z";

  test("is empty, and says how fresh it is", async () => {
    const { ask } = await setup();

    const answer = await ask(
      `${path}?${range}&group_by[]=model&group_by[]=workspace_id&limit=1000`,
      BETA,
    );

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      data: [],
      has_more: false,
      next_page: null,
      data_refreshed_at: "2026-11-23T10:00:00.000Z",
    });
  });

  test("needs its beta header, among others or alone", async () => {
    const { ask } = await setup();
    const several = { ...BETA, "anthropic-beta": `other-2026-01-01, ${BETA["anthropic-beta"]}` };

    const message = expectError(await ask(`${path}?${range}`), 400, "invalid_request_error");

    expect(message).toContain("anthropic-beta");
    expect((await ask(`${path}?${range}`, several)).status).toBe(200);
  });

  test.each([
    ["starting_at", ""],
    ["starting_at", "starting_at=2026-11-01"],
    ["starting_at", "starting_at=2026-11-01T00:00:00"],
    ["starting_at", "starting_at=2025-12-31T23:59:59Z"],
    ["starting_at", `${range}&starting_at=2026-11-02T00:00:00Z`],
    ["ending_at", "starting_at=2026-11-01T00:00:00Z&time_bucket_width=1d"],
    ["ending_at", "starting_at=2026-11-02T00:00:00Z&ending_at=2026-11-01T00:00:00Z"],
    ["ending_at", "starting_at=2026-10-01T00:00:00Z&ending_at=2026-11-02T00:00:00Z"],
    ["ending_at", `${range}&time_bucket_width=1m`],
    ["time_bucket_width", `${range}&time_bucket_width=1w`],
    ["group_by", `${range}&group_by[]=team`],
    ["group_by", `${range}&group_by[]=claude_tag_user_id&group_by[]=rbac_group_id`],
    [
      "group_by",
      `${range}&${["actor", "model", "speed", "product", "agent_id", "session_id"].map((name) => `group_by[]=${name}`).join("&")}`,
    ],
    ["exclude_deleted_users", `${range}&exclude_deleted_users=true`],
    ["limit", `${range}&limit=0`],
    ["limit", `${range}&limit=1001`],
    ["order", `${range}&order=up`],
    ["order_by", `${range}&order_by=colour`],
    ["page", `${range}&page=abc`],
    ["models", `${range}&models=claude-opus-5-5`],
  ])("refuses a wrong %s: %s", async (field, query) => {
    const { ask } = await setup();

    const answer = await ask(`${path}?${query}`, BETA);

    expect(expectError(answer, 400, "invalid_request_error")).toContain(field);
  });
});

test("costs can be split by kind and token, usage can't", async () => {
  const { ask } = await setup();
  const query = "starting_at=2026-11-01T00:00:00Z&group_by[]=cost_type&group_by[]=token_type";

  const cost = await ask(`/v1/organizations/analytics/cost?${query}`, BETA);
  const usage = await ask(`/v1/organizations/analytics/usage?${query}`, BETA);

  expect(cost.status).toBe(200);
  expectError(usage, 400, "invalid_request_error");
});
