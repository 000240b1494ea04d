/** The stand-ins of systems that keep limits refuse what the real ones refuse. */
import { beforeAll, describe, expect, test } from "vitest";
import { instant } from "../../src/domain/time.ts";
import { manualClock } from "../support/clock.ts";
import { BO_ID, LIMIT_KEY, type LimitWorld, limitWorld } from "../support/limits-builders.ts";

const NOW = instant("2026-11-23T10:00:00Z");
const BETA = "spend-limit-reads-2026-09-26";
const PATH = "/v1/organizations/spend_limits";
const REQUESTS = "/v1/organizations/spend_limit_increase_requests";
let enterprise: LimitWorld;
let platform: LimitWorld;
let closed: LimitWorld;

beforeAll(async () => {
  const world = async (options: Parameters<typeof limitWorld>[1]): Promise<LimitWorld> =>
    await limitWorld(manualClock(NOW.toISOString()), options);
  enterprise = await world({});
  platform = await world({ kind: "console" });
  platform.book.setLimit({ type: "usage_tier" }, "50000", NOW);
  closed = await world({ kind: "console", isPreview: false });
});

async function ask(
  { root }: LimitWorld,
  path: string,
  options: { readonly method?: string; readonly body?: unknown; readonly beta?: string } = {},
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const response = await fetch(`${root}${path}`, {
    method: options.method ?? (options.body === undefined ? "GET" : "POST"),
    headers: {
      "x-api-key": LIMIT_KEY,
      "anthropic-version": "2026-10-21",
      ...(options.beta === undefined ? {} : { "anthropic-beta": options.beta }),
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const USER = { type: "user", user_id: BO_ID };
const ORG = { type: "organization" };

describe("Anthropic's spend limits", () => {
  test("of Enterprise: an upsert by user, in whole cents", async () => {
    const first = await ask(enterprise, PATH, { body: { amount: "60000", scope: USER } });
    const second = await ask(enterprise, PATH, { body: { amount: "70000", scope: USER } });
    const effective = await ask(enterprise, `${PATH}/effective?user_ids[]=${BO_ID}`);

    expect(first.body).toMatchObject({ type: "spend_limit", amount: "60000", period: "monthly" });
    expect(second.body["id"]).toBe(first.body["id"]);
    expect(effective.body).toMatchObject({
      data: [{ amount: "70000", source: USER, spend_limit_id: first.body["id"] }],
      next_page: null,
    });
    const gone = await ask(enterprise, `${PATH}/${String(first.body["id"])}`, { method: "DELETE" });
    expect(gone.body).toEqual({ id: first.body["id"], type: "spend_limit_deleted" });
  });

  test.each([
    ["a float", { amount: "100.5", scope: USER }],
    ["a number", { amount: 100, scope: USER }],
    ["a negative amount", { amount: "-1", scope: USER }],
    ["no amount", { scope: USER }],
    ["another period", { amount: "1", scope: USER, period: "weekly" }],
    ["another scope", { amount: "1", scope: ORG }],
    ["a stranger", { amount: "1", scope: { type: "user", user_id: "user_x" } }],
    ["an unknown field", { amount: "1", scope: USER, note: "x" }],
    ["an unknown field of the scope", { amount: "1", scope: { ...USER, x: 1 } }],
    ["no object", [1]],
  ])("of Enterprise refuse %s", async (_what, body) => {
    expect((await ask(enterprise, PATH, { body })).status).toBe(400);
  });

  test.each([
    ["a user", { amount: "1", scope: USER }, 400],
    ["no cap", { amount: null, scope: ORG }, 400],
    ["more than the tier", { amount: "50001", scope: ORG }, 400],
    ["an unknown workspace", { amount: "1", scope: { type: "workspace", workspace_id: "w" } }, 400],
    ["the organization", { amount: "50000", scope: ORG }, 200],
  ])("of Console with %s", async (_what, body, status) => {
    expect((await ask(platform, PATH, { body })).status).toBe(status);
  });

  test("of a Console organization outside the preview are closed, and say so", async () => {
    const answers = [
      await ask(closed, PATH, { body: { amount: "1", scope: ORG } }),
      await ask(closed, PATH, { beta: BETA }),
      await ask(closed, `${PATH}/spl_1`),
    ];
    for (const { status, body } of answers) {
      expect(status).toBe(403);
      expect(JSON.stringify(body)).toContain("spend_limits_admin_api_writes_not_enabled");
    }
  });

  test.each([
    ["without the beta header", enterpriseList("", undefined), 400],
    ["with it", enterpriseList("", BETA), 200],
    ["by a scope that does not apply", enterpriseList("?scope_type[]=workspace", BETA), 400],
    ["by an unknown parameter", enterpriseList("?color=red", BETA), 400],
    ["with a limit too high", enterpriseList("?limit=1001", BETA), 400],
  ])("are listed %s", async (_what, list, status) => {
    expect((await list()).status).toBe(status);
  });

  test("of one kind of organization are not the other's", async () => {
    expect((await ask(platform, `${PATH}/effective`)).status).toBe(403);
    expect((await ask(platform, REQUESTS)).status).toBe(403);
    const tier = enterprise.book.limits().find(({ scope }) => scope.type === "seat_tier");
    expect((await ask(enterprise, `${PATH}/${tier?.id ?? ""}`, { method: "DELETE" })).status).toBe(
      400,
    );
  });
});

function enterpriseList(query: string, beta: string | undefined) {
  return async () => await ask(enterprise, `${PATH}${query}`, beta === undefined ? {} : { beta });
}

describe("Anthropic's requests for more", () => {
  test("one pending a member, decided once", async () => {
    const id = enterprise.book.askForMore(BO_ID, NOW) ?? "";
    expect(enterprise.book.askForMore(BO_ID, NOW)).toBeUndefined();
    const one = `${REQUESTS}/${id}`;
    for (const body of [{}, { amount: null }, { amount: "1.5" }, { amount: "1", reason: "x" }]) {
      expect((await ask(enterprise, `${one}/approve`, { body })).status).toBe(400);
    }
    expect((await ask(enterprise, `${REQUESTS}?status[]=open`)).status).toBe(400);
    expect((await ask(enterprise, `${REQUESTS}/slir_x`)).status).toBe(404);

    const approved = await ask(enterprise, `${one}/approve`, { body: { amount: "75000" } });
    expect(approved.body).toMatchObject({
      status: "approved",
      spend_summary: null,
      resolved_by: { type: "scoped_api_key_actor" },
      spend_limit: { amount: "75000", scope: USER },
    });
    expect((await ask(enterprise, `${one}/approve`, { body: { amount: "80000" } })).status).toBe(
      400,
    );
    expect((await ask(enterprise, `${one}/deny`, { body: {} })).status).toBe(400);
    expect((await ask(enterprise, `${REQUESTS}?status[]=pending`)).body["data"]).toEqual([]);
  });

  test("denied twice are denied once", async () => {
    const id = enterprise.book.askForMore(BO_ID, NOW) ?? "";
    const deny = async () => await ask(enterprise, `${REQUESTS}/${id}/deny`, { body: {} });

    expect([(await deny()).status, (await deny()).status]).toEqual([200, 200]);
    expect(enterprise.book.writes.filter((write) => write.startsWith(`deny ${id}`))).toEqual([
      `deny ${id} with mail`,
    ]);
  });

  test("of who left are listed no more", async () => {
    const id = enterprise.book.askForMore(BO_ID, NOW) ?? "";
    enterprise.book.removeMember(BO_ID);
    expect((await ask(enterprise, `${REQUESTS}/${id}`)).status).toBe(404);
    expect((await ask(enterprise, REQUESTS)).body["data"]).toEqual([]);
  });
});
