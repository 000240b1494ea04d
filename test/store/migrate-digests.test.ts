import { readdir, readFile } from "node:fs/promises";
import { pino } from "pino";
import { expect, test } from "vitest";
import { instant } from "../../src/domain/time.ts";
import { sendDueDigests } from "../../src/features/digests/index.ts";
import { useEmptyDatabase } from "../support/database.ts";

const db = useEmptyDatabase();

async function migrate(isWanted: (number: string) => boolean): Promise<void> {
  for (const file of (await readdir("migrations")).toSorted()) {
    if (isWanted(file.slice(0, 4)))
      // oxlint-disable-next-line no-await-in-loop -- one migration after the other
      await db.pool.query(await readFile(`migrations/${file}`, "utf8"));
  }
}

test("digests from before there were rules keep their slots, and go on", async () => {
  await migrate((number) => number < "0023");
  await db.pool.query(
    `insert into digests (digest_key, channel, scope, every, on_weekday, at_local_time, time_zone, next_run_at)
     values ('#finops org day 09:00 UTC', '#finops', 'org', 'day', null, '09:00', 'UTC', '2026-11-23T09:00:00Z'),
            ('weekly', '#a', 'team:search', 'week', 'monday', '09:00', 'UTC', '2026-11-30T09:00:00Z'),
            ('monthly', '#a', 'team:search', 'month', null, '09:00', 'UTC', '2026-12-01T09:00:00Z')`,
  );
  await migrate((number) => number >= "0023");

  const send = async (at: string) =>
    await sendDueDigests({
      database: db.pool,
      clock: () => instant(at),
      log: pino({ level: "silent" }),
    });
  expect(await send("2026-11-23T08:59:00Z")).toBe(0);
  expect(await send("2026-11-23T09:00:00Z")).toBe(1);
  expect(await send("2026-12-01T09:00:00Z")).toBe(3);

  const { rows } = await db.pool.query(
    `select d.digest_key, d.on_day, d.next_run_at, d.told_through from digests d order by d.digest_key`,
  );
  expect(rows).toEqual([
    {
      digest_key: "#finops org day 09:00 UTC",
      on_day: null,
      next_run_at: new Date("2026-12-02T09:00:00Z"),
      told_through: "2026-11-22",
    },
    {
      digest_key: "monthly",
      on_day: 1,
      next_run_at: new Date("2027-01-01T09:00:00Z"),
      told_through: "2026-11-30",
    },
    {
      digest_key: "weekly",
      on_day: null,
      next_run_at: new Date("2026-12-07T09:00:00Z"),
      told_through: "2026-11-29",
    },
  ]);
});
