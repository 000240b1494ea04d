import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { emailFrom } from "../../src/domain/email.ts";
import { actOnAlert } from "../../src/features/alerts/flow/act.ts";
import { checkDueBudgets } from "../../src/features/budgets/index.ts";
import { spend } from "../support/budget-builders.ts";
import { usd } from "../support/builders.ts";
import { fixedClock } from "../support/clock.ts";
import { useEmptyDatabase } from "../support/database.ts";

const db = useEmptyDatabase();
const clock = fixedClock("2026-11-23T10:00:00Z");

async function migrate(isWanted: (number: string) => boolean): Promise<void> {
  for (const file of (await readdir("migrations")).toSorted()) {
    if (isWanted(file.slice(0, 4)))
      await db.pool.query(await readFile(`migrations/${file}`, "utf8"));
  }
}

test("what budgets had said is kept, shown, acted on and not said again", async () => {
  await migrate((number) => number < "0004");
  await db.pool.query(
    `insert into teams (team_key, name, channel) values ('search', 'Search', '#team-search');
     insert into team_members (team_key, email, role) values ('search', 'ana@acme.test', 'owner');
     insert into budgets values ('search-monthly', 'team:search', 500, 'monthly', 'UTC', 'monday',
       '{50,80,100}', '{}', 'governance', null);
     insert into budget_alerts values
       ('01930000-0000-7000-8000-000000000001', 'search-monthly', '', '2026-11-01Z', '2026-12-01Z',
        50, 500, 250.5, '2026-11-10T10:00:00Z', null, 'ana@acme.test', '2026-11-10T11:00:00Z'),
       ('01930000-0000-7000-8000-000000000002', 'search-monthly', '', '2026-11-01Z', '2026-12-01Z',
        80, 500, 401.25, '2026-11-20T10:00:00Z', null, null, null);
     insert into outbox_messages (dedupe_key, kind, destination, text, blocks, status,
       next_attempt_at, created_at, channel_id, message_ts)
     values ('alert:01930000-0000-7000-8000-000000000002', 'alert', '#team-search', '80', '[]',
       'sent', now(), '2026-11-20T10:00:00Z', 'C1', '1.2')`,
  );

  await migrate((number) => number >= "0004");

  const { rows } = await db.pool.query(
    `select a.fact_key, a.scope, a.content ->> 'brief' as brief, m.destination, m.root_dedupe_key
       from alerts a left join alert_thread_messages m on m.thread_key = a.thread_key
      order by a.alert_number`,
  );
  const threadKey =
    "budget:search-monthly::team:search:2026-11-01T00:00:00.000Z/2026-12-01T00:00:00.000Z";
  const root = "alert:01930000-0000-7000-8000-000000000002";
  expect(rows).toEqual([
    {
      fact_key: `${threadKey}:threshold:50:500`,
      scope: "team:search",
      brief: "50%: $250.50 of $500.00",
      destination: "#team-search",
      root_dedupe_key: root,
    },
    {
      fact_key: `${threadKey}:threshold:80:500`,
      scope: "team:search",
      brief: "80%: $401.25 of $500.00",
      destination: "#team-search",
      root_dedupe_key: root,
    },
  ]);

  // The button that was posted then still works, and the message is updated in place.
  const actor = { email: emailFrom("ana@acme.test"), slackUserId: "U2" };
  const click = {
    threadId: root.slice("alert:".length),
    actor,
    action: { kind: "acknowledge" },
  } as const;
  expect(await actOnAlert({ database: db.pool, clock }, click)).toEqual({ kind: "done" });

  await spend(db.pool, { amount: usd(510), at: "2026-11-23T09:00:00Z" });
  await checkDueBudgets({ database: db.pool, clock });

  const { rows: news } = await db.pool.query<{ readonly text: string }>(
    `select o.updates_dedupe_key, o.reply_to_dedupe_key, o.text
       from outbox_messages o where o.status = 'pending' order by o.outbox_message_id`,
  );
  expect(news).toMatchObject([
    {
      updates_dedupe_key: root,
      text: expect.stringContaining("Acknowledged by ana@acme.test") as unknown,
    },
    { updates_dedupe_key: root, text: expect.stringContaining("$510.00") as unknown },
    { reply_to_dedupe_key: root, text: expect.stringContaining("$510.00") as unknown },
  ]);
  const { rows: keys } = await db.pool.query("select a.fact_key from alerts a");
  expect(keys).toHaveLength(3);
});
