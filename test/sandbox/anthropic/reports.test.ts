import { describe, expect, test } from "vitest";
import { addMs, HOUR_MS, instant } from "../../../src/domain/time.ts";
import { priceUsage } from "../../../src/features/pricing/index.ts";
import { anthropicAdminSandbox } from "../../../src/sandbox/anthropic/admin-api.ts";
import { createLedger, type Ledger } from "../../../src/sandbox/anthropic/ledger.ts";
import { priceTokens, TOKEN_KINDS } from "../../../src/sandbox/anthropic/prices.ts";
import type { OrganizationKind } from "../../../src/sandbox/anthropic/route.ts";
import { manualClock } from "../../support/clock.ts";
import { ANA, aRequest, BO, manyRequests } from "../../support/report-builders.ts";
import { anEvent } from "../../support/report-pricing.ts";
import { listening } from "./listening.ts";

const KEY = "sk-ant-admin01-sandbox";
const DAY = instant("2026-11-20T00:00:00Z");
const RANGE = "starting_at=2026-11-20T00:00:00Z&ending_at=2026-11-21T00:00:00Z";
const BETAS = "analytics-usage-cost-2026-08-24, fast-mode-2026-02-01";

interface Row {
  readonly starting_at: string;
  readonly group: Readonly<Record<string, unknown>>;
  readonly usage: {
    readonly requests: number;
    readonly output_tokens: number;
    readonly total_tokens: number;
  };
  readonly cost: {
    readonly amount: string;
    readonly list_amount: string;
    readonly requests: number | null;
  };
}
interface Body {
  readonly data: readonly Row[];
  readonly has_more: boolean;
  readonly next_page: string | null;
  readonly data_refreshed_at: string;
  readonly first_id: string;
  readonly last_id: string;
  readonly error: { readonly type: string; readonly message: string };
}
interface Bucket {
  readonly starting_at: string;
  readonly results: readonly Readonly<Record<string, unknown>>[];
}

async function setup(
  options: {
    readonly ledger?: Ledger;
    readonly kind?: OrganizationKind;
    readonly scopes?: readonly string[];
  } = {},
) {
  const ledger = options.ledger ?? createLedger();
  const time = manualClock("2026-11-23T10:00:00Z");
  const root = await listening(
    anthropicAdminSandbox({
      prefix: "/a",
      adminKey: KEY,
      modelKeys: ["sk-ant-api03-workspace"],
      clock: time.clock,
      ledger,
      directory: {
        workspaces: ["w1", "w2", "w3"].map((id) => ({ id, name: id })),
        defaultWorkspaceId: "w3",
        apiKeys: [{ id: "k1", name: "one", workspaceId: "w3" }],
        users: [BO, ANA].map((user) => ({ ...user, name: user.email })),
      },
      ...(options.kind === undefined ? {} : { kind: options.kind }),
      ...(options.scopes === undefined ? {} : { scopes: options.scopes }),
    }),
  );
  const ask = async (
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly body: Body }> => {
    time.advance(1_001); // One a second: the rate is another test's.
    const response = await fetch(`${root}/a/v1/organizations/${path}`, {
      headers: {
        "x-api-key": KEY,
        "anthropic-version": "2023-06-01",
        "anthropic-beta": BETAS,
        ...headers,
      },
    });
    return { status: response.status, body: (await response.json()) as Body };
  };
  return { ask, ledger, time };
}

describe("analytics reports", () => {
  test("break usage and cost out by what was asked for, and by nothing else", async () => {
    const { ask, ledger } = await setup();
    ledger.add(
      aRequest(DAY, { user: BO }),
      aRequest(DAY, { user: ANA }),
      aRequest(DAY, { user: ANA }),
    );

    const { body } = await ask(`analytics/usage?${RANGE}&time_bucket_width=1d&group_by[]=actor`);

    expect(body.data.map(({ usage }) => usage.requests)).toEqual([2, 1]);
    expect(body.data[0]?.group).toMatchObject({
      actor: { type: "user_actor", user_id: ANA.id, email_address: ANA.email },
      model: null,
      workspace_id: null,
    });
    const { body: whole } = await ask(`analytics/cost?${RANGE}`);
    expect(whole.data).toHaveLength(1);
    expect(whole.data[0]?.cost.requests).toBe(3);
  });

  test("cost in fractional cents, split by kind and token without counting for the page", async () => {
    const { ask, ledger } = await setup();
    ledger.add(aRequest(DAY, { webSearches: 3 }));
    ledger.addCost({
      occurredAt: DAY,
      costType: "code_execution",
      workspaceId: "w1",
      apiKeyId: null,
      pico: 5_000_000_000n,
    });

    const { body } = await ask(
      `analytics/cost?${RANGE}&group_by[]=cost_type&group_by[]=token_type&limit=1`,
    );

    expect(body.has_more).toBe(false);
    const costs = body.data.map(({ group, cost }) => [
      group["cost_type"],
      group["token_type"],
      cost.list_amount,
    ]);
    expect(costs).toContainEqual(["web_search", null, "3"]);
    expect(costs).toContainEqual(["code_execution", null, "0.5"]);
    expect(costs).toContainEqual(["tokens", "uncached_input_tokens", "0.4004"]);
    expect(body.data.every(({ cost }) => cost.requests === null)).toBe(true);
  });

  test("pages hold every row once, and a cursor is its query's own", async () => {
    const { ask, ledger } = await setup();
    const ids = Array.from({ length: 25 }, (_, n) => `w${String(n).padStart(2, "0")}`);
    ledger.add(...ids.map((workspaceId) => aRequest(DAY, { workspaceId })));
    const path = `analytics/usage?${RANGE}&group_by[]=workspace_id&limit=10`;

    const seen: string[] = [];
    let page = "";
    do {
      // oxlint-disable-next-line no-await-in-loop -- page after page
      const { body } = await ask(`${path}${page}`);
      seen.push(...body.data.map(({ group }) => String(group["workspace_id"])));
      page = body.next_page === null ? "" : `&page=${body.next_page}`;
    } while (page !== "");
    expect(new Set(seen)).toEqual(new Set(ids));
    expect(seen).toHaveLength(ids.length);

    const { body: first } = await ask(path);
    const other = await ask(`${path}&models[]=claude-opus-5-5&page=${String(first.next_page)}`);
    expect(other.status).toBe(400);
    expect(other.body.error.message).toContain("page");
  });

  test("filter by what they can be grouped by", async () => {
    const { ask, ledger } = await setup();
    ledger.add(
      aRequest(DAY),
      aRequest(DAY, { model: "claude-haiku-5-5", user: ANA, apiKeyId: null }),
    );
    const requests = async (filter: string): Promise<number | undefined> => {
      const { body } = await ask(`analytics/usage?${RANGE}&${filter}`);
      return body.data[0]?.usage.requests;
    };

    expect(await requests("models[]=claude-haiku-5-5")).toBe(1);
    expect(await requests("api_key_ids[]=")).toBe(1);
    expect(await requests(`actor_ids[]=${ANA.id}&actor_ids[]=${BO.id}`)).toBe(2);
    expect(await requests("workspace_ids[]=elsewhere")).toBeUndefined();
  });

  test("show some of what is not complete yet, and say up to when they are", async () => {
    const ledger = createLedger({ lagMs: 4 * HOUR_MS });
    const { ask } = await setup({ ledger });
    const start = instant("2026-11-23T00:00:00Z");
    ledger.add(...Array.from({ length: 100 }, (_, n) => aRequest(addMs(start, n * 0.1 * HOUR_MS))));

    const { body } = await ask("analytics/usage?starting_at=2026-11-23T00:00:00Z");

    expect(body.data_refreshed_at).toBe("2026-11-23T06:00:00.000Z");
    expect(body.data[0]?.usage.requests).toBeGreaterThan(60);
    expect(body.data[0]?.usage.requests).toBeLessThan(100);
  });

  test("an Enterprise key needs the scope, and hears which it has", async () => {
    const { ask } = await setup({ kind: "enterprise", scopes: ["read:members"] });

    const { status, body } = await ask(`analytics/cost?${RANGE}`);

    expect(status).toBe(403);
    expect(body.error.message).toContain("read:members. Needed: read:analytics");
    expect((await ask("users")).status).toBe(200);
  });
});

describe("the older reports", () => {
  test("name every bucket, oldest first, empty ones as well", async () => {
    const { ask, ledger } = await setup();
    ledger.add(aRequest("2026-11-20T02:30:00Z"));

    const { body } = await ask(`usage_report/messages?${RANGE}&bucket_width=1h&limit=5`);

    const buckets = body.data as unknown as readonly Bucket[];
    expect(buckets.map(({ results }) => results.length)).toEqual([0, 0, 1, 0, 0]);
    expect(body.has_more).toBe(true);
    expect(buckets[2]?.results[0]).toMatchObject({
      output_tokens: 503,
      model: null,
      workspace_id: null,
    });
  });

  test("the default workspace is null, Priority Tier has no cost, code execution no usage", async () => {
    const { ask, ledger } = await setup();
    ledger.add(aRequest(DAY, { workspaceId: "w3" }), aRequest(DAY, { serviceTier: "priority" }));
    ledger.addCost({
      occurredAt: DAY,
      costType: "code_execution",
      workspaceId: "w1",
      apiKeyId: null,
      pico: 1n,
    });

    const usage = await ask(
      `usage_report/messages?${RANGE}&group_by[]=service_tier&group_by[]=workspace_id`,
    );
    const cost = await ask(`cost_report?${RANGE}&group_by[]=description`);

    const [used] = usage.body.data as unknown as readonly Bucket[];
    expect(used?.results.map((row) => [row["service_tier"], row["workspace_id"]])).toEqual([
      ["standard", null],
      ["priority", "wrkspc_search"],
    ]);
    const [paid] = cost.body.data as unknown as readonly Bucket[];
    expect(paid?.results.map((row) => row["service_tier"])).not.toContain("priority");
    expect(paid?.results.at(-1)).toMatchObject({
      description: "Code Execution Usage",
      amount: "0.0000000001",
    });
  });

  test.each([
    ["bucket_width", `cost_report?${RANGE}&bucket_width=1h`],
    ["bucket_width", `usage_report/messages?${RANGE}&bucket_width=1w`],
    ["limit", `usage_report/messages?${RANGE}&limit=32`],
    ["limit", `usage_report/messages?${RANGE}&bucket_width=1h&limit=169`],
    ["limit", `usage_report/messages?${RANGE}&bucket_width=1m&limit=1441`],
    ["group_by", `usage_report/messages?${RANGE}&group_by[]=actor`],
    ["group_by", `cost_report?${RANGE}&group_by[]=model`],
    ["context_windows[]", `usage_report/messages?${RANGE}&context_windows[]=0-200k`],
    ["starting_at", "usage_report/messages"],
    ["starting_at", "cost_report?starting_at=2026-11-20"],
    ["ending_at", "cost_report?starting_at=2026-11-20T00:00:00Z&ending_at=2026-11-19T00:00:00Z"],
    ["page", `cost_report?${RANGE}&page=page_1`],
    ["starting_at", "usage_report/claude_code?starting_at=2026-11-20T00:00:00Z"],
    ["ending_at", "usage_report/claude_code?starting_at=2026-11-20&ending_at=2026-11-21"],
    ["limit", "usage_report/claude_code?starting_at=2026-11-20&limit=1001"],
  ])("refuse a wrong %s: %s", async (field, path) => {
    const { ask } = await setup();

    const { status, body } = await ask(path);

    expect(status).toBe(400);
    expect(body.error.message).toContain(field);
  });

  test("speed needs its beta header", async () => {
    const { ask } = await setup();
    const path = `usage_report/messages?${RANGE}&group_by[]=speed`;

    expect((await ask(path)).status).toBe(200);
    expect((await ask(path, { "anthropic-beta": "other" })).body.error.message).toContain(
      "fast-mode",
    );
  });

  test("are answered under the version that documents them only", async () => {
    const { ask } = await setup();

    expect((await ask(`cost_report?${RANGE}`, { "anthropic-version": "2026-10-21" })).status).toBe(
      400,
    );
  });

  test.each([
    "usage_report/messages",
    "cost_report",
    "usage_report/claude_code",
    "workspaces",
    "api_keys",
  ])("%s is for Console organizations", async (path) => {
    const { ask } = await setup({ kind: "enterprise", scopes: ["read:analytics", "read:members"] });

    const { status, body } = await ask(`${path}?${RANGE}`);

    expect(status).toBe(403);
    expect(body.error.message).toContain("Console");
  });

  test("a key of a workspace is none of an admin", async () => {
    const { ask } = await setup();

    expect((await ask("me", { "x-api-key": "sk-ant-api03-workspace" })).status).toBe(403);
  });
});

describe("lists", () => {
  test("turn pages by id, both ways", async () => {
    const { ask } = await setup();
    const path = "workspaces?include_default=true&limit=2";

    const { body: first } = await ask(path);
    const { body: second } = await ask(`${path}&after_id=${first.last_id}`);
    const { body: back } = await ask(`${path}&before_id=${second.first_id}`);

    expect([first.has_more, second.has_more]).toEqual([true, false]);
    expect([first.last_id, second.first_id, back.first_id]).toEqual(["w2", "w3", "w1"]);
    expect((await ask(`${path}&after_id=w1&before_id=w3`)).status).toBe(400);
    expect((await ask(`${path}&after_id=nobody`)).status).toBe(400);
  });

  test("a key tells its workspace as the version has it", async () => {
    const { ask } = await setup();

    const { body: old } = await ask("api_keys");
    const { body: now } = await ask("api_keys", { "anthropic-version": "2026-10-21" });

    expect(old.data[0]).toMatchObject({ workspace_id: null });
    expect(now.data[0]).toMatchObject({ scope: { type: "workspace", workspace_id: "w3" } });
  });
});

test("its price list and the program's agree, request by request", () => {
  const from = instant("2026-10-08T00:00:00Z");
  for (const request of manyRequests({ from, to: instant("2026-11-23T00:00:00Z") }, 200)) {
    const own = priceTokens(request);
    const total = TOKEN_KINDS.reduce((sum, kind) => sum + own[kind], 0n);
    const { charges } = priceUsage({ event: anEvent(request), discounts: [] });
    const tokens = charges.filter(({ tokenType }) => tokenType !== "web_search");
    expect(tokens.reduce((sum, { listCost }) => sum + listCost, 0n)).toBe(total);
  }
});
