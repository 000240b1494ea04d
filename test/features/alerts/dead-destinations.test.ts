import { beforeEach, describe, expect, test } from "vitest";
import { emailFrom } from "../../../src/domain/email.ts";
import { instant } from "../../../src/domain/time.ts";
import { listClosedFor } from "../../../src/features/alerts/flow/dead-destinations.ts";
import { deadDestinationNews } from "../../../src/features/alerts/index.ts";
import { insertDead } from "../../../src/slack/dead-destinations.ts";
import { acme, forgetEverything, sentLines } from "../../support/budget-builders.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";

const db = useDatabase();
const NOW = "2026-11-23T10:00:00Z";
const news = deadDestinationNews({ clock: fixedClock(NOW) });
const dead = { destination: "#team-search", reason: "is_archived", since: instant(NOW) };

beforeEach(async () => {
  await forgetEverything(db.pool);
  await db.pool.query("truncate dead_destinations");
  await acme(db.pool);
});

describe("a channel that Slack closed", () => {
  test("is told once, with what to do, and that it is mended", async () => {
    await news.onDead(db.pool, dead);
    await news.onDead(db.pool, dead);
    await news.onMended(db.pool, dead);

    expect(await sentLines(db.pool)).toEqual([
      expect.stringMatching(
        /^#finops: I can't post in #team-search: it is archived\. Unarchive it/,
      ),
      expect.stringMatching(/^#finops: No longer the case: Slack takes messages there again/),
    ]);
  });

  test("closed anew it is news again", async () => {
    await news.onDead(db.pool, dead);
    await news.onDead(db.pool, { ...dead, since: instant("2026-11-23T11:00:00Z") });

    expect(await sentLines(db.pool)).toHaveLength(2);
  });

  test("falls back to finance, finance to the admins", async () => {
    const admins = [{ person: "dana@acme.test" }];

    expect(await news.fallbackOf(db.pool, "#team-search")).toEqual([{ channel: "#finops" }]);
    expect(await news.fallbackOf(db.pool, "#finops")).toEqual(admins);
    await db.pool.query("update organization_settings set finops_channel = null");
    expect(await news.fallbackOf(db.pool, "#team-search")).toEqual(admins);
  });

  test("is shown to admins alone", async () => {
    await insertDead(db.pool, dead);

    expect(await listClosedFor(db.pool, emailFrom("dana@acme.test"))).toEqual([dead]);
    expect(await listClosedFor(db.pool, emailFrom("ana@acme.test"))).toEqual([]);
  });
});
