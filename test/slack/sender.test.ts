import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { emailFrom } from "../../src/domain/email.ts";
import { addMs } from "../../src/domain/time.ts";
import { message, section } from "../../src/slack/blocks.ts";
import { createDirectory } from "../../src/slack/directory.ts";
import { enqueueMessage, type OutboxEntry } from "../../src/slack/outbox.ts";
import { type SenderDeps, sendDueMessages } from "../../src/slack/sender.ts";
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
const BACKOFF_MS = 5_000;
const LEASE_MS = 30_000;
const ANY_DATE: unknown = expect.any(Date);

let slack: RecordingSlack;
let time: ManualClock;

beforeEach(async () => {
  slack = await startRecordingSlack();
  // Message times of the recording Slack lie in November 2023.
  time = manualClock("2023-11-14T22:00:00Z");
  await db.pool.query("delete from outbox_messages");
  await db.pool.query("delete from slack_users");
});

afterEach(async () => {
  await slack.close();
});

function sender(overrides: Partial<SenderDeps> = {}): SenderDeps {
  const web = createSlackWeb({ token: "xoxb-test", apiUrl: slack.apiUrl, timeoutMs: PATIENCE_MS });
  const deps = { database: db.pool, web, clock: time.clock };
  return {
    ...deps,
    directory: createDirectory(deps),
    log: recordLog().log,
    random: () => 1,
    ...overrides,
  };
}

async function enqueue(dedupeKey: string, overrides: Partial<OutboxEntry> = {}): Promise<boolean> {
  const entry: OutboxEntry = {
    dedupeKey,
    kind: "alert",
    destination: { channel: "C1" },
    message: message(`text of ${dedupeKey}`, [section(dedupeKey)]),
    ...overrides,
  };
  return await enqueueMessage(db.pool, entry, time.clock());
}

interface Row {
  readonly status: string;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly first_attempt_at: Date | null;
  readonly channel_id: string | null;
  readonly message_ts: string | null;
}

async function row(dedupeKey: string): Promise<Row | undefined> {
  const { rows } = await db.pool.query<Row>(
    `select status, attempts, last_error, first_attempt_at, channel_id, message_ts
       from outbox_messages where dedupe_key = $1`,
    [dedupeKey],
  );
  return rows[0];
}

const texts = (): readonly string[] => slack.posted.map(({ text }) => text);

describe("sending", () => {
  it("posts a due message and keeps where it is", async () => {
    await enqueue("a");

    expect(await sendDueMessages(sender())).toBe(1);

    expect(slack.posted).toMatchObject([
      {
        channel: "C1",
        text: "text of a",
        metadata: { event_type: "claude_spend_message", event_payload: { dedupe_key: "a" } },
      },
    ]);
    expect(slack.callsOf("chat.postMessage")[0]?.params).toMatchObject({
      unfurl_links: "false",
      unfurl_media: "false",
    });
    expect(await row("a")).toMatchObject({ status: "sent", channel_id: "C1", attempts: 1 });
    expect(await sendDueMessages(sender())).toBe(0);
  });

  it("says a thing once, however often it is enqueued", async () => {
    expect([await enqueue("a"), await enqueue("a")]).toEqual([true, false]);
    await sendDueMessages(sender());
    expect(texts()).toEqual(["text of a"]);
  });

  it("keeps the order of a destination and its pace of one a second", async () => {
    await enqueue("a1");
    await enqueue("a2");
    await enqueue("b1", { destination: { channel: "C2" } });
    const deps = sender();

    expect(await sendDueMessages(deps)).toBe(2);
    expect(await sendDueMessages(deps)).toBe(0);
    time.advance(1_000);
    expect(await sendDueMessages(deps)).toBe(1);

    expect(texts().toSorted()).toEqual(["text of a1", "text of a2", "text of b1"]);
    expect(texts().indexOf("text of a1")).toBeLessThan(texts().indexOf("text of a2"));
  });

  it("holds a destination's later messages back while an earlier one waits for its next try", async () => {
    slack.fail("chat.postMessage", { kind: "ratelimited", retryAfterSeconds: 30 });
    await enqueue("a1");
    await enqueue("a2");
    const deps = sender();

    await sendDueMessages(deps);
    expect(await row("a1")).toMatchObject({ status: "pending", first_attempt_at: null });
    time.advance(29_000);
    expect(await sendDueMessages(deps)).toBe(0);
    time.advance(2_000);
    await sendDueMessages(deps);
    time.advance(1_000);
    await sendDueMessages(deps);

    expect(texts()).toEqual(["text of a1", "text of a2"]);
    expect(await row("a1")).toMatchObject({ attempts: 1 });
    // Slack said that it did nothing, so there was nothing to look for.
    expect(slack.callsOf("conversations.history")).toEqual([]);
  });

  it("two senders at once send nothing twice and nothing out of order", async () => {
    for (let index = 0; index < 12; index += 1) {
      await enqueue(`m${String(index).padStart(2, "0")}`, {
        destination: { channel: `C${String(index % 3)}` },
      });
    }
    const senders = [sender({ database: db.openPool() }), sender({ database: db.openPool() })];

    for (let round = 0; round < 6; round += 1) {
      await Promise.all(senders.map(async (deps) => await sendDueMessages(deps)));
      time.advance(1_000);
    }

    expect(texts().toSorted()).toEqual([...new Set(texts())].toSorted());
    expect(slack.posted).toHaveLength(12);
    for (const channel of ["C0", "C1", "C2"]) {
      const inChannel = slack.posted
        .filter((post) => post.channel === channel)
        .map(({ text }) => text);
      expect(inChannel).toEqual(inChannel.toSorted());
    }
  });
});

describe("an answer that got lost", () => {
  it.each(["drop-after", "http_500-after"] as const)(
    "is looked for, and the message not posted again (%s)",
    async (kind) => {
      slack.fail("chat.postMessage", { kind });
      await enqueue("a", { kind: "digest" });
      const deps = sender();

      await sendDueMessages(deps);
      expect(await row("a")).toMatchObject({
        status: "unknown",
        first_attempt_at: ANY_DATE,
      });
      time.advance(BACKOFF_MS);
      await sendDueMessages(deps);

      expect(texts()).toEqual(["text of a"]);
      expect(await row("a")).toMatchObject({
        status: "sent",
        channel_id: "C1",
        message_ts: slack.posted[0]?.ts,
      });
      expect(slack.callsOf("conversations.history")[0]?.params).toMatchObject({
        channel: "C1",
        include_all_metadata: "true",
        oldest: "1699995600.000000",
      });
    },
  );

  it("is posted again when Slack turns out not to have it", async () => {
    slack.fail("chat.postMessage", { kind: "drop-before" });
    await enqueue("a", { kind: "digest" });
    const deps = sender();

    await sendDueMessages(deps);
    time.advance(BACKOFF_MS);
    await sendDueMessages(deps);

    expect(texts()).toEqual(["text of a"]);
    expect(await row("a")).toMatchObject({ status: "sent", attempts: 2 });
  });

  it("repeats an alert but never a digest when the bot may not read the channel", async () => {
    slack.fail("chat.postMessage", { kind: "drop-after" }, 2);
    slack.fail("conversations.history", { kind: "error", error: "missing_scope" }, 2);
    await enqueue("alert", { kind: "alert" });
    await enqueue("digest", { kind: "digest", destination: { channel: "C2" } });
    const deps = sender();

    await sendDueMessages(deps);
    time.advance(BACKOFF_MS);
    await sendDueMessages(deps);

    expect(texts().filter((text) => text.includes("alert"))).toHaveLength(2);
    expect(texts().filter((text) => text.includes("digest"))).toHaveLength(1);
    expect(await row("digest")).toMatchObject({
      status: "skipped",
      last_error: "outcome of an earlier attempt is unknown",
    });
  });

  it("is looked for under the id that an earlier message to that channel name had", async () => {
    await enqueue("a", { destination: { channel: "#finops" } });
    const deps = sender();
    await sendDueMessages(deps);
    time.advance(1_000);
    slack.fail("chat.postMessage", { kind: "drop-after" });
    await enqueue("b", { kind: "digest", destination: { channel: "#finops" } });

    await sendDueMessages(deps);
    time.advance(BACKOFF_MS);
    await sendDueMessages(deps);

    expect(texts()).toEqual(["text of a", "text of b"]);
    expect(await row("b")).toMatchObject({ status: "sent", channel_id: "CFINOPS" });
  });

  it("is looked for where nothing was posted before, if the bot may list channels", async () => {
    slack.answer("conversations.list", { ok: true, channels: [{ id: "CNEW", name: "new" }] });
    slack.fail("chat.postMessage", { kind: "drop-after" });
    await enqueue("a", { destination: { channel: "#new" } });
    const deps = sender();

    await sendDueMessages(deps);
    time.advance(BACKOFF_MS);
    await sendDueMessages(deps);

    expect(texts()).toEqual(["text of a"]);
    expect(await row("a")).toMatchObject({ status: "sent", channel_id: "CNEW" });
  });

  it("waits when history itself fails, instead of posting blindly", async () => {
    slack.fail("chat.postMessage", { kind: "drop-after" });
    slack.fail("conversations.history", { kind: "drop-before" });
    await enqueue("a");
    const deps = sender();

    await sendDueMessages(deps);
    time.advance(BACKOFF_MS);
    await sendDueMessages(deps);
    expect(await row("a")).toMatchObject({ status: "unknown", first_attempt_at: ANY_DATE });
    time.advance(3 * BACKOFF_MS);
    await sendDueMessages(deps);

    expect(texts()).toEqual(["text of a"]);
    expect(await row("a")).toMatchObject({ status: "sent" });
  });
});

/** As when a process is killed: what it holds in the database ends at once. */
async function cutConnections(): Promise<void> {
  await db.pool.query(
    `select pg_terminate_backend(l.pid) from pg_locks l
      where l.locktype = 'advisory' and l.database = (
            select d.oid from pg_database d where d.datname = current_database())`,
  );
}

describe("a sender that died", () => {
  it("is not one whose clock only seems to be behind", async () => {
    slack.fail("chat.postMessage", { kind: "hang-after" });
    await enqueue("a");
    const first = sendDueMessages(sender());
    await expect.poll(() => slack.posted.length).toBe(1);

    const ahead = addMs(time.clock(), 10 * LEASE_MS);
    expect(await sendDueMessages(sender({ clock: () => ahead }))).toBe(0);
    slack.releaseHanging();
    await first;

    expect(texts()).toEqual(["text of a"]);
    expect(await row("a")).toMatchObject({ status: "sent", attempts: 1 });
  });

  it("between post and save is followed by one that finds the message", async () => {
    slack.fail("chat.postMessage", { kind: "hang-after" });
    await enqueue("a", { kind: "digest" });
    const dead = sendDueMessages(sender());
    await expect.poll(() => slack.posted.length).toBe(1);

    expect(await sendDueMessages(sender())).toBe(0);
    time.advance(LEASE_MS);
    await cutConnections();
    expect(await sendDueMessages(sender())).toBe(1);

    expect(await row("a")).toMatchObject({ status: "sent", message_ts: slack.posted[0]?.ts });
    // Should it come back to life, it changes nothing any more.
    slack.dropHanging();
    await dead;
    expect(await row("a")).toMatchObject({ status: "sent", message_ts: slack.posted[0]?.ts });
    expect(texts()).toEqual(["text of a"]);
  });

  it("only slept: it does not post what another has taken over", async () => {
    slack.users.set("U0BO", aSlackUser("U0BO", "bo@acme.test"));
    slack.fail("conversations.open", { kind: "hang-after" });
    await enqueue("a", { destination: { person: emailFrom("bo@acme.test") } });
    const { log, lines } = recordLog();
    const sleeping = sendDueMessages(sender({ log }));
    await expect.poll(() => slack.callsOf("conversations.open").length).toBe(1);

    time.advance(LEASE_MS);
    await cutConnections();
    await sendDueMessages(sender());
    slack.releaseHanging();
    await sleeping;

    expect(texts()).toEqual(["text of a"]);
    expect(lines).toMatchObject([{ outcome: "lost-lease" }]);
  });

  it("does not end the lease of the one that took over", async () => {
    slack.fail("chat.postMessage", { kind: "hang-after" });
    await enqueue("a");
    const first = sendDueMessages(sender());
    await expect.poll(() => slack.posted.length).toBe(1);
    time.advance(LEASE_MS);
    await cutConnections();
    const other = await startRecordingSlack();
    other.fail("chat.postMessage", { kind: "hang-after" });
    other.fail("conversations.history", { kind: "error", error: "missing_scope" });
    const web = createSlackWeb({
      token: "xoxb-test",
      apiUrl: other.apiUrl,
      timeoutMs: PATIENCE_MS,
    });
    const second = sendDueMessages(sender({ web }));
    await expect.poll(() => other.posted.length).toBe(1);

    slack.dropHanging();
    await first;
    expect(await row("a")).toMatchObject({ status: "sending", attempts: 2 });

    other.releaseHanging();
    await second;
    expect(await row("a")).toMatchObject({ status: "sent" });
    await other.close();
  });

  it("before the post is followed by one that posts without looking", async () => {
    await enqueue("a");
    await db.pool.query(
      `update outbox_messages set status = 'sending', attempts = 1, leased_until = $1`,
      [time.clock()],
    );

    await sendDueMessages(sender());

    expect(texts()).toEqual(["text of a"]);
    expect(slack.callsOf("conversations.history")).toEqual([]);
  });
});

describe("giving up", () => {
  it("at once when Slack refuses for good; says so once, without the text", async () => {
    slack.fail("chat.postMessage", { kind: "error", error: "invalid_blocks" });
    await enqueue("a1");
    await enqueue("a2");
    const { log, lines } = recordLog();
    const deps = sender({ log });

    await sendDueMessages(deps);
    await sendDueMessages(deps);

    expect(await row("a1")).toMatchObject({ status: "failed", last_error: "invalid_blocks" });
    expect(texts()).toEqual(["text of a2"]);
    expect(lines.filter(({ level }) => level === 40)).toMatchObject([
      {
        work: "message",
        outcome: "failed",
        reason: "invalid_blocks",
        kind: "alert",
        attempts: 1,
      },
    ]);
    expect(JSON.stringify(lines)).not.toContain("text of");
  });

  it("after three days, trying every ten minutes at most", async () => {
    slack.fail("chat.postMessage", { kind: "drop-before" }, 1_000);
    await enqueue("a");
    const deps = sender();
    const startedAt = time.clock();

    while ((await row("a"))?.status !== "failed") {
      await sendDueMessages(deps);
      time.advance(3_600_000);
    }

    expect(time.clock().getTime() - startedAt.getTime()).toBeGreaterThan(3 * 24 * 3_600_000);
  });
});

describe("updates", () => {
  const update = { updates: "card", message: message("decided", [section("decided")]) };

  it("replace the message that was posted, and wait for it", async () => {
    slack.fail("chat.postMessage", { kind: "ratelimited", retryAfterSeconds: 10 });
    await enqueue("card", { kind: "approval" });
    await enqueue("card:decided", { kind: "approval", ...update });
    const deps = sender();

    await sendDueMessages(deps);
    expect(await sendDueMessages(deps)).toBe(0);
    time.advance(11_000);
    await sendDueMessages(deps);
    time.advance(1_000);
    await sendDueMessages(deps);

    expect(slack.callsOf("chat.update").map(({ params }) => params)).toMatchObject([
      { channel: "C1", ts: slack.posted[0]?.ts, text: "decided" },
    ]);
    expect(await row("card:decided")).toMatchObject({ status: "sent" });
  });

  it("may be repeated without a look, since they replace", async () => {
    await enqueue("card");
    const deps = sender();
    await sendDueMessages(deps);
    await enqueue("card:decided", update);
    slack.fail("chat.update", { kind: "drop-after" });

    time.advance(1_000);
    await sendDueMessages(deps);
    time.advance(BACKOFF_MS);
    await sendDueMessages(deps);

    expect(slack.callsOf("chat.update")).toHaveLength(2);
    expect(slack.callsOf("conversations.history")).toEqual([]);
    expect(await row("card:decided")).toMatchObject({ status: "sent" });
  });

  it("are skipped when there is nothing to replace", async () => {
    slack.fail("chat.postMessage", { kind: "error", error: "invalid_blocks" });
    await enqueue("card");
    await enqueue("card:decided", update);
    const deps = sender();

    await sendDueMessages(deps);
    await sendDueMessages(deps);

    expect(await row("card:decided")).toMatchObject({
      status: "skipped",
      last_error: "what it updates was never posted",
    });
    expect(slack.callsOf("chat.update")).toEqual([]);
  });
});

describe("a person's message", () => {
  const toBo = { destination: { person: emailFrom("bo@acme.test") } };

  it("goes to their direct message channel", async () => {
    slack.users.set("U0BO", aSlackUser("U0BO", "bo@acme.test"));
    await enqueue("a", toBo);

    await sendDueMessages(sender());

    expect(slack.posted).toMatchObject([{ channel: "D0BO" }]);
  });

  it("fails with a clear reason when Slack knows no such person", async () => {
    await enqueue("a", toBo);
    const { log, lines } = recordLog();

    await sendDueMessages(sender({ log }));

    expect(await row("a")).toMatchObject({
      status: "failed",
      last_error: "no member of the Slack workspace has this e-mail address",
    });
    expect(lines).toMatchObject([{ level: 40, outcome: "failed" }]);
  });

  it("is tried again when Slack could not be asked, without a doubt that it was posted", async () => {
    slack.users.set("U0BO", aSlackUser("U0BO", "bo@acme.test"));
    slack.fail("users.lookupByEmail", { kind: "drop-after" });
    await enqueue("a", toBo);
    const deps = sender();

    await sendDueMessages(deps);
    expect(await row("a")).toMatchObject({ status: "pending", first_attempt_at: null });
    time.advance(BACKOFF_MS);
    await sendDueMessages(deps);

    expect(texts()).toEqual(["text of a"]);
    expect(slack.callsOf("conversations.history")).toEqual([]);
  });
});
