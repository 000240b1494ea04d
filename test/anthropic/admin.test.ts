import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { checkAdminKey } from "../../src/anthropic/admin.ts";
import { AppError } from "../../src/domain/errors.ts";
import { anthropicAdminSandbox } from "../../src/sandbox/anthropic/admin-api.ts";
import { listening } from "../sandbox/anthropic/listening.ts";
import { fixedClock } from "../support/clock.ts";

const KEY = "sk-ant-admin01-sandbox";
const PREFIX = "/sandbox/anthropic";

afterEach(() => {
  vi.unstubAllEnvs();
});

async function sandbox(): Promise<string> {
  const clock = fixedClock("2026-11-23T10:00:00Z");
  const root = await listening(
    anthropicAdminSandbox({
      prefix: PREFIX,
      adminKey: KEY,
      clock,
      organization: { id: "org-1", name: "Acme" },
    }),
  );
  return `${root}${PREFIX}`;
}

/** A server that always answers the same, and what it was asked with. */
async function answering(
  status: number,
  body: object,
): Promise<{ readonly baseUrl: string; readonly asked: IncomingHttpHeaders[] }> {
  const asked: IncomingHttpHeaders[] = [];
  const baseUrl = await listening((request, response) => {
    asked.push(request.headers);
    response.writeHead(status, { "content-type": "application/json", "retry-after-ms": "1" });
    response.end(JSON.stringify(body));
  });
  return { baseUrl, asked };
}

function envelope(type: string, message: string): object {
  return { type: "error", error: { type, message }, request_id: "req_1" };
}

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  const failure: unknown = await promise.then(
    () => "it did not fail",
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(AppError);
  return failure as AppError;
}

describe("checking an admin key", () => {
  test("names its organization", async () => {
    expect(await checkAdminKey({ key: KEY, baseUrl: await sandbox() })).toEqual({
      organizationId: "org-1",
      name: "Acme",
    });
  });

  test("sends one credential and the pinned version, whatever the environment says", async () => {
    vi.stubEnv("ANTHROPIC_API_KEY", "sk-ant-api03-environment");
    vi.stubEnv("ANTHROPIC_AUTH_TOKEN", "token-of-the-environment");
    vi.stubEnv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1");
    const { baseUrl, asked } = await answering(200, { id: "o", name: "O", type: "organization" });

    await checkAdminKey({ key: KEY, baseUrl });

    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ "x-api-key": KEY, "anthropic-version": "2026-10-21" });
    expect(asked[0]?.authorization).toBeUndefined();
    expect(JSON.stringify(asked)).not.toContain("environment");
  });

  test.each([
    ["sk-ant-admin01-deleted", "may have been deleted"],
    ["sk-ant-api03-models", "made for calling models"],
    ["something else", "start with sk-ant-admin01-"],
  ])("refused, says what to do about a key like %s, without repeating it", async (key, advice) => {
    const failure = await failureOf(checkAdminKey({ key, baseUrl: await sandbox() }));

    expect(failure.code).toBe("unauthorized");
    expect(failure.retryable).toBe(false);
    expect(failure.message).toContain("invalid x-api-key");
    expect(failure.message).toContain(advice);
    expect(failure.message).toMatch(/request req_[0-9a-f]{24}/);
    expect(failure.message).not.toContain(key);
  });

  test("a key without the scope hears which one it needs", async () => {
    const { baseUrl } = await answering(403, envelope("permission_error", "needs: read:analytics"));

    const failure = await failureOf(checkAdminKey({ key: KEY, baseUrl }));

    expect(failure).toMatchObject({ code: "forbidden", retryable: false });
    expect(failure.message).toContain("needs: read:analytics");
  });

  test.each([
    [429, "rate_limit_error"],
    [500, "api_error"],
    [529, "overloaded_error"],
  ])("%i is worth another try later, after one at once", async (status, type) => {
    const { baseUrl, asked } = await answering(status, envelope(type, "not now"));

    const failure = await failureOf(checkAdminKey({ key: KEY, baseUrl }));

    expect(failure).toMatchObject({ code: "unavailable", retryable: true });
    expect(failure.message).toContain(type);
    expect(asked).toHaveLength(2);
  });

  test("a root without an Admin API is named", async () => {
    const baseUrl = (await sandbox()).replace(PREFIX, "/elsewhere");

    const failure = await failureOf(checkAdminKey({ key: KEY, baseUrl }));

    expect(failure.code).toBe("not-found");
    expect(failure.message).toContain(baseUrl);
    expect(failure.message).toContain("ANTHROPIC_BASE_URL");
  });

  test("a request that Anthropic finds invalid is passed on as it is", async () => {
    const { baseUrl } = await answering(400, envelope("invalid_request_error", "no such version"));

    const failure = await failureOf(checkAdminKey({ key: KEY, baseUrl }));

    expect(failure).toMatchObject({ code: "invalid", retryable: false });
    expect(failure.message).toContain("no such version");
  });

  test("an answer that is no organization is not taken for one", async () => {
    const { baseUrl } = await answering(200, { hello: "world" });

    const failure = await failureOf(checkAdminKey({ key: KEY, baseUrl }));

    expect(failure.code).toBe("unavailable");
    expect(failure.message).toContain("expected an organization");
  });

  test("a network that is away is retryable", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => {
      server.close(resolve);
    });

    const failure = await failureOf(
      checkAdminKey({ key: KEY, baseUrl: `http://127.0.0.1:${String(port)}` }),
    );

    expect(failure).toMatchObject({ code: "unavailable", retryable: true });
    expect(failure.message).toContain("can't be reached");
  });
});
