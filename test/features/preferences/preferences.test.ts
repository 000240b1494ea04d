import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { ALERT_TOPICS, type AlertTopic } from "../../../src/domain/alert.ts";
import { emailFrom } from "../../../src/domain/email.ts";
import { timeZone } from "../../../src/domain/time.ts";
import { loadOwnPreferences, saveOwnPreferences } from "../../../src/features/preferences/flow.ts";
import {
  loadingModal,
  preferencesModal,
  preferencesText,
  unknownPersonModal,
} from "../../../src/features/preferences/messages.ts";
import {
  DIGEST_INTERVALS,
  findTimeZone,
  type OwnPreferences,
  preferencesFrom,
  preferencesProblems,
  timeChoices,
} from "../../../src/features/preferences/rules.ts";
import type { Modal } from "../../../src/slack/blocks.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { viewProblems } from "../../support/shown.ts";

const BO = emailFrom("bo@acme.test");
const UTC = timeZone("UTC");
const BERLIN = timeZone("Europe/Berlin");

const CHOSEN: OwnPreferences = {
  alerts: {
    wantsOwn: true,
    wantsTeams: true,
    muted: ["forecasts"],
    quietHours: { from: "20:00", until: "07:30" },
    timeZone: BERLIN,
  },
  digest: { every: "week", atLocalTime: "08:30" },
  defaultZone: UTC,
};

/** What Slack sends for a form that nobody changed. */
function submitted({ blocks }: Modal): Record<string, string | undefined> {
  return Object.fromEntries(
    blocks.flatMap((block) => {
      if (block.type !== "input") return [];
      const { element } = block;
      switch (element.type) {
        case "checkboxes": {
          const ticked = (element.initial_options ?? []).map(({ value }) => value).join(",");
          return [[block.block_id, ticked === "" ? undefined : ticked]];
        }
        case "static_select":
          return [[block.block_id, element.initial_option?.value]];
        case "plain_text_input":
          return [[block.block_id, element.initial_value]];
        case "conversations_select":
        case "datepicker":
        case "multi_users_select":
        case "timepicker":
        case "users_select":
          return [];
      }
    }),
  );
}

describe("the form", () => {
  const time = fc
    .record({ hour: fc.nat(23), minute: fc.nat(59) })
    .map(
      ({ hour, minute }) => `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`,
    );
  const preferences = fc.record({
    alerts: fc.record({
      wantsOwn: fc.boolean(),
      wantsTeams: fc.boolean(),
      muted: fc.subarray<AlertTopic>([...ALERT_TOPICS]),
      quietHours: fc.option(
        fc.record({ from: time, until: time }).filter(({ from, until }) => from !== until),
        { nil: undefined },
      ),
      timeZone: fc.constantFrom(undefined, BERLIN, UTC),
    }),
    digest: fc.record({ every: fc.constantFrom(...DIGEST_INTERVALS), atLocalTime: time }),
  });

  test("sent as it was opened changes nothing, and is one that Slack takes", () => {
    fc.assert(
      fc.property(preferences, (own) => {
        const modal = preferencesModal({ ...own, defaultZone: UTC });
        const values = submitted(modal);

        expect(viewProblems(modal)).toEqual([]);
        expect(preferencesProblems(values)).toEqual({});
        expect(preferencesFrom(values)).toEqual(own);
      }),
      { numRuns: 60 },
    );
    expect(viewProblems(loadingModal())).toEqual([]);
    expect(viewProblems(unknownPersonModal())).toEqual([]);
  });

  test.each([
    [{ quiet_from: "20:00", quiet_until: "none" }, ["quiet_until"]],
    [{ quiet_from: "none", quiet_until: "07:00" }, ["quiet_from"]],
    [{ quiet_from: "20:00", quiet_until: "20:00" }, ["quiet_until"]],
    [{ zone: "Mars/Base" }, ["zone"]],
    [{ quiet_from: "none", quiet_until: "none", zone: " " }, []],
  ])("%j has problems at %j", (values, fields) => {
    expect(Object.keys(preferencesProblems(values))).toEqual(fields);
  });

  test.each([
    ["berlin", "Europe/Berlin"],
    [" New York ", "America/New_York"],
    ["asia/tokyo", "Asia/Tokyo"],
    ["UTC", "UTC"],
    ["Berlin Wall", undefined],
    ["", undefined],
  ])("understands the zone %j as %j", (text, zone) => {
    expect(findTimeZone(text)).toBe(zone);
  });

  test("offers half hours, and the time that was chosen elsewhere", () => {
    expect(timeChoices()).toHaveLength(48);
    expect(timeChoices("07:45")).toContain("07:45");
    expect(timeChoices("07:30")).toHaveLength(48);
  });
});

describe("in one line", () => {
  test("say what holds", () => {
    expect(preferencesText(CHOSEN)).toBe(
      "Messages about my spend and my teams, not of forecasts · digest every week at 08:30 · quiet 20:00 to 07:30 · Europe/Berlin",
    );
  });

  test.each([
    [{ wantsOwn: false, wantsTeams: false }],
    [{ muted: ["budgets", "forecasts", "unusual"] as const }],
  ])("say that there are none for %j", (choice) => {
    const own = { ...CHOSEN, alerts: { ...CHOSEN.alerts, ...choice } };
    expect(preferencesText(own)).toMatch(/^No messages about alerts · /);
  });
});

describe("kept preferences", () => {
  const db = useDatabase();
  const clock = fixedClock("2026-11-23T10:00:00Z");
  const save = async (next: Parameters<typeof saveOwnPreferences>[2]): Promise<void> => {
    await saveOwnPreferences({ database: db.pool, clock }, BO, next);
  };
  const audited = async (): Promise<unknown> => {
    const { rows } = await db.pool.query(
      `select count(*)::integer as count from audit_entries where subject = 'settings:bo@acme.test'`,
    );
    return rows[0];
  };

  beforeEach(async () => {
    await db.pool.query(
      `truncate person_digest_preferences, alert_preferences, slack_users, organization_settings, audit_entries, digests`,
    );
  });

  test("are those of nobody else, and of who never chose what holds without", async () => {
    const { defaultZone: _, ...chosen } = CHOSEN;
    await save(chosen);

    expect(await loadOwnPreferences(db.pool, BO)).toEqual(CHOSEN);
    expect(await loadOwnPreferences(db.pool, emailFrom("ana@acme.test"))).toEqual({
      alerts: {
        wantsOwn: true,
        wantsTeams: false,
        muted: [],
        quietHours: undefined,
        timeZone: undefined,
      },
      digest: { every: "off", atLocalTime: "09:00" },
      defaultZone: UTC,
    });
  });

  describe("of somebody to whom governance gives a digest", () => {
    beforeEach(async () => {
      await db.pool.query(
        `insert into digests (digest_key, channel, scope, every, at_local_time, time_zone, next_run_at)
         values ('person bo@acme.test', 'email:bo@acme.test', 'user:bo@acme.test', 'day', '08:00',
                 'UTC', '2026-11-24T08:00:00Z')`,
      );
    });
    const chosen = async (): Promise<unknown> =>
      (await db.pool.query(`select d.every from person_digest_preferences d`)).rows;

    test("show it, and leave it alone when something else is chosen", async () => {
      const own = await loadOwnPreferences(db.pool, BO);
      expect(own.digest).toEqual({ every: "day", atLocalTime: "08:00" });

      await save({ ...own, alerts: CHOSEN.alerts });
      expect(await chosen()).toEqual([]);
      expect((await loadOwnPreferences(db.pool, BO)).digest).toEqual(own.digest);
    });

    test("turn it off", async () => {
      const own = await loadOwnPreferences(db.pool, BO);
      await save({ ...own, digest: { ...own.digest, every: "off" } });

      expect(await chosen()).toEqual([{ every: "off" }]);
      expect((await loadOwnPreferences(db.pool, BO)).digest.every).toBe("off");
    });
  });

  test("sent twice at once are one change", async () => {
    await Promise.all([save(CHOSEN), save(CHOSEN), save(CHOSEN)]);

    expect(await audited()).toEqual({ count: 1 });
  });

  test("of two forms at once hold as one of them was sent, never half of each", async () => {
    const other: OwnPreferences = {
      alerts: { ...CHOSEN.alerts, wantsOwn: false, timeZone: undefined },
      digest: { every: "day", atLocalTime: "10:00" },
      defaultZone: UTC,
    };
    await Promise.all([save(CHOSEN), save(other)]);

    expect([CHOSEN, other]).toContainEqual(await loadOwnPreferences(db.pool, BO));
    expect(await audited()).toEqual({ count: 2 });
  });
});
