import { pino } from "pino";
import { beforeEach, expect, test } from "vitest";
import { ORG_SCOPE, scopeFrom } from "../../../src/domain/scope.ts";
import { instant, timeZone } from "../../../src/domain/time.ts";
import {
  type DigestRule,
  replaceGovernedDigests,
  sendDueDigests,
} from "../../../src/features/digests/index.ts";
import { acme } from "../../support/budget-builders.ts";
import { useDatabase } from "../../support/database.ts";

const db = useDatabase();
const NOON = instant("2026-11-22T12:00:00Z");
const MORNING = instant("2026-11-23T09:00:00Z");

beforeEach(async () => {
  await db.pool.query(`truncate digests, digest_rules, outbox_messages`);
  await acme(db.pool);
});

async function failMessage(createdAt: string): Promise<void> {
  await db.pool.query(
    `insert into outbox_messages
            (dedupe_key, kind, destination, text, blocks, status, next_attempt_at, created_at)
     values ($1::text, 'alert', 'email:nobody@acme.test', 'lost', '[]', 'failed', $2, $2)`,
    [createdAt, createdAt],
  );
}

async function digestBlocks(scope: string): Promise<string> {
  const rule: DigestRule = {
    ruleKey: scope,
    target: {
      kind: "one",
      scope: scope === "org" ? ORG_SCOPE : scopeFrom(scope),
      destination: { channel: "#x" },
    },
    every: "day",
    onWeekday: undefined,
    onDay: undefined,
    atLocalTime: "09:00",
    zone: timeZone("UTC"),
  };
  await replaceGovernedDigests(db.pool, [rule], NOON);
  const log = pino({ level: "silent" });
  expect(await sendDueDigests({ database: db.pool, clock: () => MORNING, log })).toBe(1);
  const { rows } = await db.pool.query<{ blocks: string }>(
    `select o.blocks::text as blocks from outbox_messages o where o.kind = 'digest'`,
  );
  return rows[0]?.blocks ?? "";
}

test("the organization's digest tells how many messages of its day reached nobody", async () => {
  await failMessage("2026-11-21T23:59:59Z");
  await failMessage("2026-11-22T00:00:00Z");
  await failMessage("2026-11-22T23:59:59Z");

  expect(await digestBlocks("org")).toContain("2 messages reached nobody");
});

test("a team's digest says nothing of other people's messages", async () => {
  await failMessage("2026-11-22T10:00:00Z");

  expect(await digestBlocks("team:search")).not.toContain("reached nobody");
});
