import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { writeEntries } from "../../../src/cli/audit.ts";
import { checkAuditTrail } from "../../../src/cli/check-audit.ts";
import { emailFrom } from "../../../src/domain/email.ts";
import { addMs, HOUR_MS, instant } from "../../../src/domain/time.ts";
import {
  exportAudit,
  filterOfScope,
  PAGE_ENTRIES,
  readAudit,
  reportDutiesFor,
} from "../../../src/features/audit/flow.ts";
import { auditPageMessage, dutiesMessage } from "../../../src/features/audit/messages.ts";
import { recordAudit } from "../../../src/store/audit.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { shownLines } from "../../support/shown.ts";

const db = useDatabase();
const NOON = instant("2026-11-23T12:00:00Z");
const DANA = emailFrom("dana@acme.test");
const ANA = emailFrom("ana@acme.test");
const BO = emailFrom("bo@acme.test");

const deps = () => ({ database: db.pool, clock: fixedClock("2026-11-23T18:00:00Z") });

async function record(subject: string, hours: number, after = {}): Promise<void> {
  const occurredAt = addMs(NOON, hours * HOUR_MS);
  await recordAudit(db.pool, {
    occurredAt,
    actor: "dana@acme.test",
    action: "budget.limit_changed",
    subject,
    after,
  });
}

beforeAll(async () => {
  await db.pool.query(`
    insert into organization_settings (name, time_zone, week_starts_on)
    values ('Acme', 'UTC', 'monday');
    insert into admins (email) values ('dana@acme.test');
    insert into teams (team_key, name) values ('search', 'Search'), ('support', 'Support');
    insert into team_members (team_key, email, role) values
      ('search', 'ana@acme.test', 'owner'), ('search', 'bo@acme.test', 'member');
    insert into projects (project_key, team_key) values ('checkout', 'search'), ('desk', 'support');
    insert into budgets (budget_id, scope, base_limit_usd, period, time_zone, week_starts_on,
                         threshold_percents, forecast_threshold_percents, managed_by)
    select key, scope, 10, 'monthly', 'UTC', 'monday', '{80}', '{}', 'slack'
      from (values ('s', 'team:search'), ('c', 'project:checkout'), ('u', 'team:support'),
                   ('e', 'each:team')) as b (key, scope);
    insert into approval_requests (approval_request_id, kind, scope, subject, title, details,
        requester_email, requested_amount_usd, ends_at, reason, policy, status,
        approved_amount_usd, decided_by, decided_at, requested_at, expires_at)
    select 'r1', 'budget_raise', 'team:search', '{}', 't', '{}', 'bo@acme.test', 20, now(), 'r',
           '{"approvers":["team_owners"]}', 'applied', 15, 'dana@acme.test', '2026-11-23T11:00Z',
           '2026-11-23T10:00Z', now();
    insert into approval_votes (approval_request_id, approver_email, amount_usd, voted_at)
    values ('r1', 'dana@acme.test', 15, '2026-11-23T11:00Z')`);
  await record("budget:s", 0, { limit: "1.000000", note: "=1+1" });
  await record("budget:c", 1);
  await record("budget:u", 2);
  await record("budget:e", 3, { member_key: "search" });
  await record("budget:e", 4, { member_key: "support" });
  await record("approval:r1", 5);
  await record("governance", 6, { "=cmd|' /C calc'!A0": "@x", changes: ["=HYPERLINK(1)"] });
});

async function subjects(scopeText: string, reader = DANA): Promise<readonly string[] | string> {
  const page = await readAudit(deps(), { reader, scopeText });
  return page.kind === "page" ? page.entries.map(({ subject }) => subject) : page.kind;
}

describe("readAudit", () => {
  test("shows admins everything, the newest first", async () => {
    expect(await subjects("")).toEqual([
      "governance",
      "approval:r1",
      "budget:e",
      "budget:e",
      "budget:u",
      "budget:c",
      "budget:s",
    ]);
  });

  test("shows an owner their team with its projects, and one budget of each team", async () => {
    const own = ["approval:r1", "budget:e", "budget:c", "budget:s"];
    expect(await subjects("search", ANA)).toEqual(own);
    expect(await subjects("project:checkout", ANA)).toEqual(["budget:c"]);
  });

  test.each(["org", "support", "project:desk", "nothing-like-it", "user:ana@acme.test"])(
    "tells an owner nothing of %s",
    async (scope) => {
      expect(await subjects(scope, ANA)).toBe("not-allowed");
    },
  );

  test.each([
    ["serach", [{ name: "Search", typed: "search" }]],
    ["project:chekout", [{ name: "checkout", typed: "project:checkout" }]],
    ["suport", undefined],
    ["project:desc", undefined],
    ["ogr", undefined],
  ])("offers an owner what %s may mean of their own, and nothing else", async (typed, nearest) => {
    const page = await readAudit(deps(), { reader: ANA, scopeText: typed });

    expect(page).toMatchObject(
      nearest === undefined
        ? { kind: "not-allowed", own: [{ name: "Search", typed: "search" }] }
        : { kind: "unknown-scope", refusal: { nearest } },
    );
    expect(JSON.stringify(page)).not.toMatch(/support|desk|"org"/i);
  });

  test("offers an admin everything near", async () => {
    const page = await readAudit(deps(), { reader: DANA, scopeText: "suport" });

    expect(page).toMatchObject({
      kind: "unknown-scope",
      refusal: { nearest: [{ name: "Support", typed: "support" }] },
    });
  });

  test("tells a member nothing, and an admin that a scope is unknown", async () => {
    expect(await subjects("search", BO)).toBe("not-allowed");
    expect(await subjects("nothing-like-it", DANA)).toBe("unknown-scope");
  });

  test("pages through all of it without repeating or losing an entry", async () => {
    for (let index = 0; index < 2 * PAGE_ENTRIES; index += 1) await record("paged", 6);
    const seen: number[] = [];
    let before: number | undefined;
    do {
      const page = await readAudit(deps(), { reader: DANA, scopeText: "org", before });
      if (page.kind !== "page") throw new Error(page.kind);
      seen.push(...page.entries.map(({ sequence }) => sequence));
      before = page.next;
    } while (before !== undefined);

    const total = 7 + 2 * PAGE_ENTRIES;
    expect(seen).toEqual(Array.from({ length: total }, (_, index) => total - index));
  });
});

describe("the audit message", () => {
  test("says what happened in words, and leaves to the export what only a program reads", () => {
    const entry = {
      sequence: 12,
      auditEntryId: "id",
      occurredAt: NOON,
      actor: "bo@acme.test",
      action: "approval.requested",
      subject: "approval:01a20bb7-9ee2-742f-ba45-20cb943ec6da",
      before: undefined,
      after: { amount: "75.000000", ends_at: NOON.toISOString(), isTrusted: "yes" },
      rule: undefined,
      origin: { via: "slack", channel: "C01GENERAL0", command: "command raise" },
      previousHash: "",
      entryHash: "",
    };
    const { text: notification, blocks } = auditPageMessage({
      scope: { kind: "org", key: "" },
      entries: [entry],
      next: undefined,
    });

    expect(notification).toBe("Audit trail");
    const noon = `<${NOON.toISOString()}>`;
    expect(shownLines(blocks)[1]?.split("\n")).toEqual([
      `*Approval requested* · ${noon} · bo@acme.test · #12`,
      "Amount: 75.00",
      `Ends at: ${noon}`,
      "Is trusted: yes",
      "From slack, command raise",
    ]);
  });

  test("stays within Slack's limits for entries of any size", () => {
    const long = "x<@U1>*".repeat(5_000);
    const entry = {
      sequence: 1,
      auditEntryId: "id",
      occurredAt: NOON,
      actor: long,
      action: long,
      subject: long,
      before: { [long]: long },
      after: Object.fromEntries(Array.from({ length: 200 }, (_, key) => [`k${String(key)}`, long])),
      rule: { long },
      origin: { via: "slack", long },
      previousHash: "",
      entryHash: "",
    };
    const { blocks } = auditPageMessage({
      scope: { kind: "org", key: "" },
      entries: Array.from({ length: PAGE_ENTRIES }, () => entry),
      next: 1,
    });

    expect(blocks.length).toBe(PAGE_ENTRIES + 3);
    expect(blocks.at(-1)?.type).toBe("actions");
    expect(JSON.stringify(blocks).length).toBeLessThan(12_000);
    expect(JSON.stringify(blocks)).not.toContain("<@U1>");
  });
});

describe("exportAudit", () => {
  async function exported(format: "csv" | "json", filter = {}): Promise<string> {
    const target = new PassThrough();
    const read = text(target);
    await writeEntries(exportAudit({ database: db.pool }, filter), format, target);
    return await read;
  }

  test("writes a cell that a spreadsheet would run as text", async () => {
    const csv = await exported("csv", { scopes: ["budget:s", "governance"] });

    const cells = csv.split("\n").flatMap((line) => line.split(","));
    expect(csv).toContain("sequence,occurred_at,actor");
    expect(cells.filter((cell) => /^"?[=+@\t\r-]/.test(cell))).toEqual([]);
  });

  test("makes an actor that begins like a formula harmless", async () => {
    await recordAudit(db.pool, {
      occurredAt: NOON,
      actor: '=HYPERLINK("http://evil.test")',
      action: "a",
      subject: "formula",
    });

    expect(await exported("csv", { scopes: ["formula"] })).toContain(`"'=HYPERLINK(`);
  });

  test("writes JSON lines of a scope and a half-open time", async () => {
    const filter = await filterOfScope({ database: db.pool }, { kind: "team", key: "search" });
    const json = await exported("json", {
      ...filter,
      from: NOON,
      until: addMs(NOON, 3 * HOUR_MS),
    });

    const schema = z.object({ subject: z.string(), sequence: z.number() });
    const entries = json
      .trim()
      .split("\n")
      .map((line) => schema.parse(JSON.parse(line)));
    expect(entries.map(({ subject }) => subject)).toEqual(["budget:s", "budget:c"]);
  });
});

describe("separation of duties", () => {
  test("is reported to admins alone", async () => {
    expect(await reportDutiesFor(deps(), ANA)).toBeUndefined();

    const duties = await reportDutiesFor(deps(), DANA);
    if (duties === undefined) throw new Error("expected a report");
    const shown = shownLines(dutiesMessage(duties.report, duties).blocks).join("\n");
    expect(shown).toContain("bo@acme.test asked, dana@acme.test approved: 1 request, $15.00");
    expect(shown).toContain("as an admin whom the policy doesn't name");
    expect(duties.report.rulersWhoApprove).toMatchObject([{ person: "dana@acme.test" }]);
  });
});

test("doctor says that the trail is intact", async () => {
  expect(await checkAuditTrail(db.pool)).toMatchObject({ status: "ok" });
});
