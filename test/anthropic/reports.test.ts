import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AnalyticsQuestion,
  readAnalyticsCost,
  readAnalyticsUsage,
} from "../../src/anthropic/analytics-reports.ts";
import { usdFromCents, usdFromCentsNumber } from "../../src/anthropic/cents.ts";
import {
  readClaudeCode,
  readCostReport,
  readMessagesUsage,
} from "../../src/anthropic/legacy-reports.ts";
import type { AdminReader } from "../../src/anthropic/read.ts";
import { readUserEmails } from "../../src/anthropic/users.ts";
import { AppError } from "../../src/domain/errors.ts";
import { usd } from "../../src/domain/money.ts";
import { instant } from "../../src/domain/time.ts";
import type { AdminErrorType } from "../../src/sandbox/anthropic/errors.ts";
import type { Fault } from "../../src/sandbox/anthropic/faults.ts";
import {
  ADMIN_KEY,
  ANA,
  aRequest,
  BO,
  type FakeAnthropic,
  fakeAnthropic,
} from "../support/report-builders.ts";

const DAY = instant("2026-11-20T00:00:00Z");
const QUESTION: AnalyticsQuestion = {
  window: { start: DAY, end: instant("2026-11-21T00:00:00Z") },
  bucketWidth: "1h",
  groupBy: ["actor", "model", "workspaceId"],
};

interface RecordedReader extends AdminReader {
  /** How long it paused, and for how long it asked everybody to. */
  readonly waits: number[];
  readonly holds: number[];
}

function readerOf(fake: FakeAnthropic, parts: Partial<AdminReader> = {}): RecordedReader {
  const waits: number[] = [];
  const holds: number[] = [];
  return {
    access: { key: ADMIN_KEY, baseUrl: fake.baseUrl },
    takeTurn: async () => {},
    requireOrganization: async () => {},
    holdBack: async (ms) => {
      holds.push(ms);
      await Promise.resolve();
    },
    wait: async (ms) => {
      waits.push(ms);
      fake.time.advance(ms);
      await Promise.resolve();
    },
    signal: new AbortController().signal,
    waits,
    holds,
    ...parts,
  };
}

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  const failure: unknown = await promise.then(
    () => "it did not fail",
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(AppError);
  return failure as AppError;
}

describe("money in cents", () => {
  test.each([
    ["123.78912", 1_237_891_200_000n],
    ["0", 0n],
    ["-0.5", -5_000_000_000n],
    ["0.0000000001", 1n],
    ["0.00000000005", 0n], // half, to the even neighbour
    ["0.00000000015", 2n],
    ["0.000000000051", 1n],
    ["99999999999999.9999999999", 999_999_999_999_999_999_999_999n],
  ])("%s is exact", (text, pico) => {
    expect(usdFromCents(text)).toBe(usd(pico));
  });

  test.each(["", "1e3", "1,000", "$1", ".5", "1.", "NaN", " 1", "0x10", "1.2.3"])(
    "%j is no amount",
    (text) => {
      expect(usdFromCents(text)).toBeUndefined();
    },
  );

  test("a number is read by its digits, whatever a float would make of it", () => {
    expect(usdFromCentsNumber(186)).toBe(usd(1_860_000_000_000n));
    expect(usdFromCentsNumber(0.1 + 0.2)).toBe(usd(3_000_000_000n));
    expect(usdFromCentsNumber(1.005)).toBe(usd(10_050_000_000n));
    expect(usdFromCentsNumber(1e-7)).toBe(usd(1_000n));
    expect(usdFromCentsNumber(Number.NaN)).toBeUndefined();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 11 }), (hundredths) => {
        expect(usdFromCentsNumber(hundredths / 100)).toBe(usd(BigInt(hundredths) * 100_000_000n));
      }),
    );
  });
});

describe("reading a report", () => {
  test("turns every page, in the order of time", async () => {
    const fake = await fakeAnthropic();
    const requests = Array.from({ length: 1_203 }, (_, n) =>
      aRequest(DAY, { workspaceId: `wrkspc_${String(n)}`, tokens: { output_tokens: 1 } }),
    );
    fake.ledger.add(...requests);

    const { rows } = await readAnalyticsUsage(readerOf(fake), QUESTION);

    expect(fake.asked).toHaveLength(2);
    expect(new Set(rows.map(({ group }) => group.workspaceId)).size).toBe(1_203);
  });

  test("keeps what it is grouped by, the person's address, and says up to when it is complete", async () => {
    const fake = await fakeAnthropic({ discountPercent: 50 });
    fake.ledger.add(
      aRequest("2026-11-20T05:30:00Z", { user: ANA, webSearches: 2 }),
      aRequest("2026-11-20T05:40:00Z", { user: null, apiKeyId: null }),
    );

    const usage = await readAnalyticsUsage(readerOf(fake), QUESTION);
    const cost = await readAnalyticsCost(readerOf(fake), QUESTION);

    expect(usage.dataRefreshedAt).toEqual(new Date("2026-11-23T10:00:00Z"));
    expect(usage.rows.find(({ userEmail }) => userEmail === ANA.email)).toEqual({
      bucket: { start: instant("2026-11-20T05:00:00Z"), end: instant("2026-11-20T06:00:00Z") },
      group: { actor: ANA.id, model: "claude-opus-5-5", workspaceId: "wrkspc_search" },
      userEmail: ANA.email,
      requestCount: 1,
      quantities: {
        uncachedInputTokens: 1_001,
        cacheCreation5mInputTokens: 307,
        cacheCreation1hInputTokens: 101,
        cacheReadInputTokens: 20_011,
        outputTokens: 503,
        webSearchRequests: 2,
      },
      listCost: undefined,
      billedCost: undefined,
    });
    const nobody = cost.rows.find(({ group }) => group.actor === undefined);
    expect(nobody?.listCost).toBe(usd((nobody?.billedCost ?? 0n) * 2n));
  });

  test("what is newer than we are does no harm: fields, actors, a freshness that is not told", async () => {
    const fake = await fakeAnthropic();
    fake.faults.add({
      fault: {
        kind: "other-shape",
        body: {
          data: [
            {
              starting_at: "2026-11-20T00:00:00Z",
              ending_at: "2026-11-20T01:00:00Z",
              group: {
                actor: { type: "robot_actor", robot_id: "r2" },
                model: "claude-next",
                workspace_id: null,
                mood: "good",
              },
              cost: { amount: "1.5", list_amount: "2", currency: "USD", requests: null, tax: "1" },
              extra: 1,
            },
          ],
          has_more: false,
          next_page: null,
          data_refreshed_at: null,
          more: {},
        },
      },
    });

    const { rows, dataRefreshedAt } = await readAnalyticsCost(readerOf(fake), QUESTION);

    expect(dataRefreshedAt).toBeUndefined();
    expect(rows).toMatchObject([
      {
        group: { model: "claude-next", actor: expect.stringContaining("r2") as string },
        billedCost: usd(15_000_000_000n),
      },
    ]);
  });

  const row = (parts: object): object => ({
    starting_at: "2026-11-20T00:00:00Z",
    ending_at: "2026-11-20T01:00:00Z",
    group: { actor: null, model: null, workspace_id: null },
    cost: { amount: "1", list_amount: "1", currency: "USD", requests: 1 },
    ...parts,
  });
  test.each([
    ["an amount as a float", { cost: { amount: 1.5, list_amount: "1", currency: "USD" } }],
    [
      "an amount that is no decimal",
      { cost: { amount: "1e3", list_amount: "1", currency: "USD" } },
    ],
    ["another currency", { cost: { amount: "1", list_amount: "1", currency: "EUR" } }],
    ["a dimension that is missing", { group: { actor: null, model: null } }],
    ["a time without a zone", { starting_at: "2026-11-20 00:00" }],
  ])("%s is never taken for a number", async (_, parts) => {
    const fake = await fakeAnthropic();
    const body = { data: [row(parts)], has_more: false, next_page: null };
    fake.faults.add({ fault: { kind: "other-shape", body }, times: 9 });

    const failure = await failureOf(readAnalyticsCost(readerOf(fake), QUESTION));

    expect(failure).toMatchObject({ code: "unavailable", retryable: false });
    expect(failure.message).toContain("did not answer as Anthropic documents it: data.0.");
    expect(fake.asked).toHaveLength(1);
  });

  test.each([
    ["negative", -1],
    ["broken", 1.5],
    ["too large to be exact", 2 ** 53],
  ])("a count that is %s is refused", async (_, output) => {
    const fake = await fakeAnthropic();
    const usage = {
      uncached_input_tokens: 1,
      output_tokens: output,
      cache_read_input_tokens: 0,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
      requests: 1,
    };
    const body = { data: [row({ usage })], has_more: false, next_page: null };
    fake.faults.add({ fault: { kind: "other-shape", body } });

    const failure = await failureOf(readAnalyticsUsage(readerOf(fake), QUESTION));

    expect(failure.message).toContain("usage.output_tokens");
  });

  test("more to come without saying where is not the end", async () => {
    const fake = await fakeAnthropic();
    const body = { data: [], has_more: true, next_page: null };
    fake.faults.add({ fault: { kind: "other-shape", body } });

    const failure = await failureOf(readAnalyticsCost(readerOf(fake), QUESTION));

    expect(failure.message).toContain("there is more and not where");
  });
});

describe("the older reports", () => {
  test("usage by everything it can be grouped by, named by address", async () => {
    const fake = await fakeAnthropic();
    fake.ledger.add(
      aRequest(DAY, { user: BO, speed: "fast", serviceTier: "batch", inferenceGeo: null }),
      aRequest(DAY, { workspaceId: "wrkspc_default", user: null }),
    );

    const emails = await readUserEmails(readerOf(fake));
    const { rows } = await readMessagesUsage(readerOf(fake), {
      window: QUESTION.window,
      emailOf: (id) => emails.get(id),
    });

    expect(rows.map(({ group, userEmail }) => ({ ...group, userEmail }))).toEqual([
      {
        actor: BO.id,
        apiKeyId: "apikey_rag",
        contextWindow: "0-200k",
        inferenceGeo: "not_available",
        model: "claude-opus-5-5",
        serviceTier: "batch",
        speed: "fast",
        userEmail: BO.email,
        workspaceId: "wrkspc_search",
      },
      {
        apiKeyId: "apikey_rag",
        contextWindow: "0-200k",
        inferenceGeo: "global",
        model: "claude-opus-5-5",
        serviceTier: "standard",
        speed: "standard",
        userEmail: undefined,
      },
    ]);
  });

  test("costs by description, over more days than a page holds", async () => {
    const fake = await fakeAnthropic();
    const start = instant("2026-09-01T00:00:00Z");
    fake.ledger.add(aRequest(start), aRequest("2026-10-20T00:00:00Z"));

    const { rows } = await readCostReport(readerOf(fake), { start, end: DAY });

    expect(fake.asked).toHaveLength(3);
    expect(rows).toHaveLength(10);
    expect(rows.map(({ group }) => group.description)).toContain(
      "claude-opus-5-5 Usage - output tokens",
    );
    expect(rows.reduce((sum, { billedCost }) => sum + (billedCost ?? 0n), 0n)).toBe(
      fake.ledger.listPico(start, DAY),
    );
  });

  test("Claude Code of one day, by person and model", async () => {
    const fake = await fakeAnthropic();
    fake.ledger.add(
      aRequest(DAY, { user: ANA, product: "claude_code" }),
      aRequest(DAY, { user: ANA, product: "claude_code", model: "claude-haiku-5-5" }),
    );

    const { rows } = await readClaudeCode(readerOf(fake), DAY);

    expect(rows.map(({ group, userEmail }) => [group.model, userEmail])).toEqual([
      ["claude-opus-5-5", ANA.email],
      ["claude-haiku-5-5", ANA.email],
    ]);
    expect(rows[0]?.listCost).toBeGreaterThan(0n);
    expect(rows[0]?.billedCost).toBeUndefined();
  });
});

describe("what goes wrong", () => {
  const error = (type: AdminErrorType, more: object = {}): Fault => ({
    kind: "error",
    type,
    ...more,
  });

  test.each<readonly [string, Fault]>([
    ["429", error("rate_limit_error", { retryAfterSeconds: 7 })],
    ["500", error("api_error")],
    ["504", error("timeout_error")],
    ["529", error("overloaded_error")],
    ["no JSON", { kind: "malformed" }],
    ["a connection that closes", { kind: "close" }],
    ["an answer that breaks off", { kind: "cut-off" }],
  ])("%s passes: asked again, with growing pauses", async (_, fault) => {
    const fake = await fakeAnthropic();
    fake.ledger.add(aRequest(DAY));
    fake.faults.add({ fault, times: 3 });
    const reader = readerOf(fake);

    const { rows } = await readAnalyticsCost(reader, QUESTION);

    expect(rows).toHaveLength(1);
    expect(fake.asked).toHaveLength(4);
    const floor = fault.kind === "error" && fault.type === "rate_limit_error" ? 7_000 : 0;
    expect(reader.waits).toEqual([1_000, 2_000, 4_000].map((ms) => Math.max(ms, floor)));
    expect(reader.holds).toEqual(floor === 0 ? [] : [7_000, 7_000, 7_000]);
  });

  test.each<readonly [string, AdminErrorType, string]>([
    ["400", "invalid_request_error", "Anthropic refused the request"],
    ["401", "authentication_error", "Make a new one in Console"],
    ["402", "billing_error", "Settings > Billing"],
    ["403", "permission_error", "read:analytics"],
    ["404", "not_found_error", "ANTHROPIC_BASE_URL"],
    ["409", "conflict_error", "Anthropic refused the request"],
    ["413", "request_too_large", "Anthropic refused the request"],
  ])("%s stays: asked once, and says what to do", async (_, type, advice) => {
    const fake = await fakeAnthropic();
    fake.faults.add({ fault: error(type, { message: "as it is" }), times: 9 });

    const failure = await failureOf(readAnalyticsCost(readerOf(fake), QUESTION));

    expect(fake.asked).toHaveLength(1);
    expect(failure.retryable).toBe(false);
    expect(failure.message).toContain(advice);
    expect(failure.message).toContain(`${type}: as it is`);
    expect(failure.message).not.toContain(ADMIN_KEY);
  });

  test("is given up after five attempts, to be tried again later", async () => {
    const fake = await fakeAnthropic();
    fake.faults.add({ fault: error("overloaded_error"), times: 99 });

    const failure = await failureOf(readAnalyticsCost(readerOf(fake), QUESTION));

    expect(fake.asked).toHaveLength(5);
    expect(failure).toMatchObject({ code: "unavailable", retryable: true });
  });

  test("a long silence that Anthropic asks for is not waited out, and everybody keeps it", async () => {
    const fake = await fakeAnthropic();
    fake.faults.add({ fault: error("rate_limit_error", { retryAfterSeconds: 900 }) });
    const reader = readerOf(fake);

    const failure = await failureOf(readAnalyticsCost(reader, QUESTION));

    expect(failure.retryable).toBe(true);
    expect(reader.holds).toEqual([900_000]);
    expect(fake.asked).toHaveLength(1);
  });

  test("a stop ends a request at once", async () => {
    const fake = await fakeAnthropic();
    fake.faults.add({ fault: { kind: "silence" } });
    const stopping = new AbortController();
    const reading = readAnalyticsCost(readerOf(fake, { signal: stopping.signal }), QUESTION);
    await expect.poll(() => fake.asked.length).toBe(1);

    stopping.abort(new Error("the program stops"));

    await expect(reading).rejects.toThrow("the program stops");
  });
});
