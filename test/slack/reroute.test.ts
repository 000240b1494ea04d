import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { emailFrom } from "../../src/domain/email.ts";
import { addMs, DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { message, section } from "../../src/slack/blocks.ts";
import { type DeadDestination, listDead } from "../../src/slack/dead-destinations.ts";
import { createDirectory } from "../../src/slack/directory.ts";
import { enqueueMessage, type OutboxEntry } from "../../src/slack/outbox.ts";
import type { RerouteNews } from "../../src/slack/reroute.ts";
import { type SenderDeps, type SenderStep, sendDueMessages } from "../../src/slack/sender.ts";
import { createSlackWeb } from "../../src/slack/web-client.ts";
import { type ManualClock, manualClock } from "../support/clock.ts";
import { useDatabase } from "../support/database.ts";
import { PATIENCE_MS } from "../support/fake-slack.ts";
import {
  aSlackUser,
  type RecordingSlack,
  recordLog,
  startRecordingSlack,
} from "./recording-slack.ts";

const db = useDatabase();
const CLOSED = { kind: "error", error: "is_archived" } as const;

let slack: RecordingSlack;
let time: ManualClock;
let told: string[];

beforeEach(async () => {
  slack = await startRecordingSlack();
  time = manualClock("2023-11-14T22:00:00Z");
  told = [];
  await db.pool.query("truncate outbox_messages, dead_destinations, slack_users");
});

afterEach(async () => {
  await slack.close();
});

const reroute: RerouteNews = {
  fallbackOf: async (_, destination) =>
    await Promise.resolve(destination === "C9" ? [] : [{ channel: "C9" }]),
  onDead: async (_, { destination, reason }) => {
    told.push(`dead ${destination} ${reason}`);
    await Promise.resolve();
  },
  onMended: async (_, { destination }: DeadDestination) => {
    told.push(`mended ${destination}`);
    await Promise.resolve();
  },
};

function sender(overrides: Partial<SenderDeps> = {}): SenderDeps {
  const web = createSlackWeb({ token: "xoxb-test", apiUrl: slack.apiUrl, timeoutMs: PATIENCE_MS });
  const deps = { database: db.pool, web, clock: time.clock };
  const directory = createDirectory(deps);
  return { ...deps, directory, log: recordLog().log, random: () => 1, reroute, ...overrides };
}

async function enqueue(dedupeKey: string, overrides: Partial<OutboxEntry> = {}): Promise<void> {
  const entry: OutboxEntry = {
    dedupeKey,
    kind: "alert",
    destination: { channel: "C1" },
    message: message(dedupeKey, [section(dedupeKey)]),
    ...overrides,
  };
  await enqueueMessage(db.pool, entry, time.clock());
}

/** Sends until nothing is due, as the loop does. */
async function settle(deps = sender()): Promise<void> {
  for (let round = 0; round < 30; round += 1) {
    if ((await sendDueMessages(deps)) === 0 && round > 2) return;
    time.advance(1_000);
  }
}

async function statusOf(dedupeKey: string): Promise<string> {
  const { rows } = await db.pool.query<{ readonly line: string }>(
    `select o.status || coalesce(': ' || o.last_error, '') as line
       from outbox_messages o where o.dedupe_key = $1`,
    [dedupeKey],
  );
  return rows[0]?.line ?? "none";
}

const posts = (): readonly string[] =>
  slack.posted.map(({ channel, text }) => `${channel} ${text}`);

describe("a closed channel", () => {
  it("sends its alerts to the fallback with a note, once each, and tells of it once", async () => {
    slack.fail("chat.postMessage", CLOSED, 1);
    await enqueue("a1");
    await enqueue("a2");
    await enqueue("digest", { kind: "digest" });

    await settle();

    const note = "Meant for C1, where I can't post: it is archived.";
    expect(posts()).toEqual([`C9 a1 ${note}`, `C9 a2 ${note}`]);
    expect(told).toEqual(["dead C1 is_archived"]);
    expect(await sendDueMessages(sender())).toBe(0);
    expect(await listDead(db.pool)).toMatchObject([{ destination: "C1", reason: "is_archived" }]);
    expect(await statusOf("a1")).toBe("pending: is_archived");
    expect(await statusOf("digest")).toBe("pending");
  });

  it("keeps what it sent to the fallback up to date, and nothing that stands elsewhere", async () => {
    await enqueue("before");
    await settle();
    slack.fail("chat.postMessage", CLOSED, 1);
    await enqueue("a1");
    await settle();

    await enqueue("a1:r1", { updates: "a1" });
    await enqueue("before:r1", { updates: "before" });
    await settle();

    const updates = slack.callsOf("chat.update").map(({ params }) => params["text"]);
    expect(posts()).toEqual(["C1 before", expect.stringMatching(/^C9 a1 Meant for C1/)]);
    expect(updates).toEqual([expect.stringMatching(/^a1:r1 Meant for C1/)]);
  });

  it("catches up when it is mended, in order and at its pace, and says so once", async () => {
    slack.fail("chat.postMessage", CLOSED, 1);
    await enqueue("a1");
    await enqueue("a2");
    await settle();
    slack.fail("chat.postMessage", CLOSED, 1);
    time.advance(11 * MINUTE_MS);
    await settle();
    expect(posts().filter((post) => post.startsWith("C1"))).toEqual([]);

    time.advance(11 * MINUTE_MS);
    await settle();

    expect(posts().filter((post) => post.startsWith("C1"))).toEqual(["C1 a1", "C1 a2"]);
    expect(told).toEqual(["dead C1 is_archived", "mended C1"]);
    expect(await listDead(db.pool)).toEqual([]);
  });

  it("skips what is over by then, with the reason", async () => {
    slack.fail("chat.postMessage", CLOSED, 1);
    await enqueue("a1", { validUntil: addMs(time.clock(), HOUR_MS) });
    await enqueue("a2", { validUntil: addMs(time.clock(), DAY_MS) });
    await settle();

    time.advance(HOUR_MS);
    await settle();

    expect(posts().filter((post) => post.startsWith("C1"))).toEqual(["C1 a2"]);
    expect(await statusOf("a1")).toBe("skipped: period-over");
  });

  it("a fallback that is closed as well loses nothing", async () => {
    slack.fail("chat.postMessage", CLOSED, 2);
    await enqueue("a1");
    await settle();
    expect(slack.posted).toEqual([]);

    time.advance(11 * MINUTE_MS);
    await settle();

    expect(posts().toSorted()).toMatchObject([
      expect.stringMatching(/^C1 a1$/),
      expect.stringMatching(/^C9 a1 /),
    ]);
  });

  it("a token that is refused closes every place; nothing is given up", async () => {
    slack.fail("chat.postMessage", { kind: "error", error: "token_revoked" }, 2);
    await enqueue("a1");
    await enqueue("b1", { destination: { channel: "C2" } });
    await settle();
    expect(told).toEqual(["dead * token_revoked"]);

    time.advance(11 * MINUTE_MS);
    await settle();

    expect(posts().toSorted()).toEqual(["C1 a1", "C2 b1"]);
    expect(told).toEqual(["dead * token_revoked", "mended *"]);
  });
});

describe("after hours without Slack", () => {
  it("stale updates of one message collapse into the newest, old replies too", async () => {
    await enqueue("root");
    await settle();
    for (const step of ["1", "2", "3"]) {
      await enqueue(`root:${step}`, { updates: "root" });
      await enqueue(`news:${step}`, { repliesTo: "root" });
    }
    time.advance(3 * HOUR_MS);
    await settle();

    const updates = slack.callsOf("chat.update").map(({ params }) => params["text"]);
    expect(updates).toEqual(["root:3"]);
    expect(posts()).toEqual(["C1 root", "C1 news:3"]);
    expect(await statusOf("root:2")).toBe("skipped: a newer message says more");
    expect(await statusOf("news:1")).toBe("skipped: a newer message says more");
  });

  it("old notices are told in one message, new ones by themselves", async () => {
    for (const name of ["n1", "n2", "n3"]) await enqueue(name, { kind: "notice" });
    time.advance(2 * HOUR_MS);
    await enqueue("n4", { kind: "notice" });

    await settle();

    expect(posts()).toEqual(["C1 n4", "C1 3 messages from while Slack was away"]);
    const blocks = slack.callsOf("chat.postMessage")[1]?.params["blocks"] ?? "";
    for (const name of ["n1", "n2", "n3"]) expect(blocks).toContain(`"${name}"`);
    expect(await statusOf("n1")).toBe("skipped: gathered into one message");
  });

  it("nothing is left out of old notices, however many and long they are", async () => {
    const names = Array.from({ length: 40 }, (_, index) => `notice-${String(index)}-`);
    for (const name of names) {
      const text = `${name} ${"x".repeat(700)}`;
      await enqueue(name, { kind: "notice", message: message(name, [section(text)]) });
    }
    time.advance(2 * HOUR_MS);

    await settle();

    const shown = JSON.stringify(slack.callsOf("chat.postMessage"));
    for (const name of names) expect(shown).toContain(name);
    expect(shown).not.toContain("fit in a message");
    expect(posts().length).toBeLessThan(10);
  });

  it("what became of a gathered notice is told by itself", async () => {
    for (const name of ["n1", "n2", "n3"]) await enqueue(name, { kind: "notice" });
    time.advance(2 * HOUR_MS);
    await settle();

    await enqueue("n1:done", { kind: "notice", updates: "n1" });
    await settle();

    expect(posts()).toEqual(["C1 3 messages from while Slack was away", "C1 n1:done"]);
  });

  it("a digest of yesterday is not sent, an alert of yesterday is", async () => {
    await enqueue("digest", { kind: "digest" });
    await enqueue("alert");
    time.advance(25 * HOUR_MS);

    await settle();

    expect(posts()).toEqual(["C1 alert"]);
  });

  it("what Slack may have already is looked for, however old it is", async () => {
    slack.fail("chat.postMessage", { kind: "drop-after" });
    await enqueue("a1", { validUntil: addMs(time.clock(), HOUR_MS) });
    await sendDueMessages(sender());
    time.advance(5 * HOUR_MS);

    await settle();

    expect(posts()).toEqual(["C1 a1"]);
    expect(await statusOf("a1")).toBe("sent");
  });
});

describe("a reply", () => {
  it("stands under its message, and is looked for there after a lost answer", async () => {
    await enqueue("root");
    await settle();
    slack.fail("chat.postMessage", { kind: "drop-after" });
    await enqueue("news", { repliesTo: "root" });

    await sendDueMessages(sender());
    time.advance(MINUTE_MS);
    await settle();

    expect(slack.posted).toMatchObject([
      { text: "root" },
      { text: "news", threadTs: slack.posted[0]?.ts },
    ]);
    expect(slack.callsOf("conversations.replies")).toHaveLength(1);
  });

  it("is posted by itself where its message never was", async () => {
    slack.fail("chat.postMessage", { kind: "error", error: "invalid_blocks" });
    await enqueue("root");
    await enqueue("news", { repliesTo: "root" });

    await settle();

    expect(posts()).toEqual(["C1 news"]);
    expect(slack.posted[0]?.threadTs).toBeUndefined();
  });
});

describe("a sender that dies between its steps", () => {
  it.each<SenderStep>(["claimed", "looked", "noted", "answered"])(
    "after %s loses nothing and repeats nothing",
    async (fatal) => {
      slack.users.set("U0BO", aSlackUser("U0BO", "bo@acme.test"));
      await enqueue("a1", { destination: { person: emailFrom("bo@acme.test") } });
      const atStep = (step: SenderStep): void => {
        if (step === fatal) throw new Error("died");
      };

      await expect(sendDueMessages(sender({ atStep }))).rejects.toThrow("died");
      time.advance(30_000);
      await settle();

      expect(slack.posted.map(({ text }) => text)).toEqual(["a1"]);
      expect(await statusOf("a1")).toBe("sent");
    },
  );
});
