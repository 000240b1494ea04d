/** What could not be recorded: kept once, without text, tried again after a fix, told to admins. */
import fc from "fast-check";
import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { usdFromDecimal } from "../../../src/domain/money.ts";
import { addMs, DAY_MS, HOUR_MS, type Instant, instant } from "../../../src/domain/time.ts";
import {
  createIngestMemory,
  dismissRejected,
  forgetOldRejected,
  listRecentRejected,
  listRejected,
  type RejectedFilter,
  recordUsage,
  rejectedBlocks,
  replayRejected,
  tellOfRejected,
} from "../../../src/features/ingest/index.ts";
import {
  contentSha256,
  parseNativeEvent,
  timedByReceipt,
} from "../../../src/features/ingest/native-event.ts";
import { eventFromStored, storedEventFrom } from "../../../src/features/ingest/stored-event.ts";
import { useDatabase } from "../../support/database.ts";
import { onlyEvent } from "../../support/native-deliveries.ts";
import { shownLines } from "../../support/shown.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const db = useDatabase();
const NOW = instant("2026-11-23T12:00:00Z");
const SECRET = "the prompt is: tell nobody";

type Raw = Readonly<Record<string, unknown>>;

function depsAt(now: Instant, database = db.pool) {
  return {
    database,
    clock: () => now,
    log: pino({ level: "silent" }),
    ingestMemory: createIngestMemory(),
  };
}

async function record(
  events: readonly unknown[],
  { now = NOW, source = "default", pool = db.pool } = {},
) {
  const [result] = await recordUsage(depsAt(now, pool), [
    {
      source: { name: source, isTrusted: true },
      batch: events.map((raw, index) => parseNativeEvent(raw, { index, source, now })),
    },
  ]);
  return result;
}

async function replay(
  now: Instant,
  options: { filter?: RejectedFilter; isAsCorrection?: boolean } = {},
) {
  const { filter = {}, isAsCorrection = false } = options;
  return await replayRejected(depsAt(now), { filter, isAsCorrection, actor: "dana@acme.test" });
}

async function all(filter: RejectedFilter = {}) {
  return await listRejected(depsAt(NOW), filter, 1_000);
}

async function spent(): Promise<unknown> {
  const { rows } = await db.pool.query(
    `select coalesce(sum(r.output_tokens), 0)::integer as output,
            coalesce(sum(r.request_count), 0)::integer as requests from spend_rollups r`,
  );
  return rows[0];
}

function used(eventId: string, outputTokens: number, rest: Raw = {}): Raw {
  return aNativeEvent({
    event_id: eventId,
    usage: { input_tokens: 0, output_tokens: outputTokens },
    ...rest,
  });
}

const AHEAD = "2026-11-25T00:00:00Z";

beforeEach(async () => {
  await db.pool.query(
    `truncate usage_identities, usage_events, charges, spend_rollups, spend_days, rejected_events, outbox_messages,
              organization_settings, admins`,
  );
});

describe("a rejected event", () => {
  test("that is repeated for ever is one row with a counter", async () => {
    const wrong = { event_id: "x", model: 7 };
    await record([wrong, wrong, used("a", 1, { occurred_at: AHEAD })]);
    await record([wrong, used("a", 1, { occurred_at: AHEAD })], { now: addMs(NOW, HOUR_MS) });
    await record([wrong], { source: "gateway" });

    const rows = (await all()).toSorted((left, right) => right.timesReceived - left.timesReceived);
    expect(
      rows.map(({ source, eventId, code, timesReceived }) => [
        source,
        eventId,
        code,
        timesReceived,
      ]),
    ).toEqual([
      ["default", "x", "invalid", 3],
      ["default", "a", "in_future", 2],
      ["gateway", "x", "invalid", 1],
    ]);
    expect(rows[0]).toMatchObject({ receivedAt: NOW, lastReceivedAt: addMs(NOW, HOUR_MS) });
  });

  test("is one row also when two requests bring it at once", async () => {
    const pool = db.openPool();
    const wrong = Array.from({ length: 30 }, (_, index) => ({ event_id: `x${String(index)}` }));
    await Promise.all([record(wrong, { pool }), record(wrong.toReversed(), { pool })]);

    const rows = await all();
    expect(rows).toHaveLength(30);
    expect(rows.every(({ timesReceived }) => timesReceived === 2)).toBe(true);
  });

  test("keeps the fields that are well-formed, never one that could be text of a prompt", async () => {
    await record([
      {
        ...used("x", 1),
        model: { text: SECRET },
        usage: { input_tokens: "many", output_tokens: 5, comment: SECRET },
        reported_cost_usd: SECRET,
        session_id: SECRET.repeat(20),
        prompt: SECRET,
        tags: { a: SECRET.repeat(20) },
        team: "ads",
      },
      { event_id: "y", occurred_at: SECRET, voids: "z", content: SECRET },
    ]);

    expect((await all()).map(({ readableFields }) => readableFields)).toEqual([
      {
        event_id: "x",
        occurred_at: "2026-11-23T10:00:00Z",
        provider: "anthropic",
        team: "ads",
        usage: { output_tokens: 5 },
      },
      { event_id: "y", voids: "z" },
    ]);
    const { rows } = await db.pool.query(`select r::text as row from rejected_events r`);
    expect(JSON.stringify(rows)).not.toContain(SECRET);
  });

  test("comes back out of storage as it was", () => {
    const event = onlyEvent([
      parseNativeEvent(
        aNativeEvent({
          request_id: "req_1",
          user_email: "bo@acme.test",
          tags: { b: "2", a: "1" },
          reported_cost_usd: "0.012345678901",
          corrects: "e0",
          usage: {
            input_tokens: 1,
            output_tokens: 2,
            iterations: [{ type: "message", input_tokens: 1, output_tokens: 2 }],
          },
        }),
        { index: 0, source: "default", now: NOW },
      ),
    ]);
    for (const one of [
      event,
      { ...event, reportedCost: undefined },
      timedByReceipt({ ...event, costBasis: "reported", reportedCost: usdFromDecimal("1.5") }),
    ]) {
      const back = eventFromStored(JSON.parse(JSON.stringify(storedEventFrom(one))));
      expect(back).toEqual(one);
      expect(back === undefined ? "" : contentSha256(back)).toBe(contentSha256(one));
    }
    expect(eventFromStored({ ...event, usage: {} })).toBeUndefined();
    expect(eventFromStored(null)).toBeUndefined();
  });
});

describe("trying again", () => {
  test("records what a wrong clock had dated ahead, once its time has come, and only once", async () => {
    await record([used("a", 100, { occurred_at: AHEAD })]);

    expect(await replay(NOW)).toMatchObject({
      recorded: 0,
      stillRejected: [{ code: "in_future" }],
    });
    const later = instant("2026-11-25T01:00:00Z");
    expect(await replay(later)).toEqual({ recorded: 1, stillRejected: [] });
    expect(await replay(later)).toEqual({ recorded: 0, stillRejected: [] });
    expect(await record([used("a", 100, { occurred_at: AHEAD })], { now: later })).toMatchObject({
      duplicates: 1,
    });

    expect(await spent()).toEqual({ output: 100, requests: 1 });
    expect(await all()).toMatchObject([
      { status: "recorded", resolvedBy: "dana@acme.test", timesReceived: 1 },
    ]);
  });

  test("by two people at once counts once", async () => {
    const events = Array.from({ length: 20 }, (_, index) =>
      used(`a${String(index)}`, 1, { occurred_at: AHEAD }),
    );
    await record(events);
    const later = instant("2026-11-25T01:00:00Z");

    await Promise.all([replay(later), replay(later)]);

    expect(await spent()).toEqual({ output: 20, requests: 20 });
    expect(await all({ status: "open" })).toEqual([]);
  });

  test("a conflict stays one, until it is recorded as the correction of what counts", async () => {
    await record([used("a", 100)]);
    await record([used("a", 250)]);
    await record([used("b", 120, { corrects: "a" })]);

    expect(await replay(NOW)).toMatchObject({
      recorded: 0,
      stillRejected: [{ eventId: "a", code: "conflict" }],
    });
    expect(await replay(NOW, { isAsCorrection: true })).toEqual({ recorded: 1, stillRejected: [] });
    expect(await spent()).toEqual({ output: 250, requests: 1 });

    await db.pool.query(
      `update rejected_events set status = 'open', resolved_at = null, resolved_by = null`,
    );
    expect(await replay(NOW, { isAsCorrection: true })).toEqual({ recorded: 1, stillRejected: [] });
    expect(await spent()).toEqual({ output: 250, requests: 1 });
  });

  test("a second correction, refused, is recorded as one of the first", async () => {
    await record([used("a", 100), used("b", 200, { corrects: "a" })]);
    await record([used("c", 300, { corrects: "a" })]);

    expect(await replay(NOW, { isAsCorrection: true })).toEqual({ recorded: 1, stillRejected: [] });
    expect(await spent()).toEqual({ output: 300, requests: 1 });
  });

  test("what was no event succeeds when its readable fields are one today", async () => {
    await record([{ event_id: "x" }, used("y", 5, { model: 7 })]);
    await db.pool.query(
      `update rejected_events set readable_fields = readable_fields || '{"model":"claude-opus-4-5"}'
        where event_id = 'y'`,
    );

    expect(await replay(NOW)).toMatchObject({
      recorded: 1,
      stillRejected: [
        {
          eventId: "x",
          code: "invalid",
          message: expect.stringContaining("occurred_at") as string,
        },
      ],
    });
    expect(await spent()).toEqual({ output: 5, requests: 1 });
  });

  test("touches only what the filter names", async () => {
    await record([used("a", 1, { occurred_at: AHEAD }), used("b", 1, { occurred_at: AHEAD })]);
    await record([used("a", 1, { occurred_at: AHEAD })], { source: "gateway" });
    const later = instant("2026-11-25T01:00:00Z");

    await replay(later, { filter: { source: "default", eventId: "b" } });
    expect(
      await dismissRejected(depsAt(later), { filter: { source: "gateway" }, actor: "x" }),
    ).toBe(1);

    expect((await all()).map(({ source, eventId, status }) => [source, eventId, status])).toEqual([
      ["default", "a", "open"],
      ["default", "b", "recorded"],
      ["gateway", "a", "dismissed"],
    ]);
    expect(await all({ since: addMs(NOW, 1) })).toEqual([]);
    expect(await all({ code: "conflict" })).toEqual([]);
  });

  test("any mixture of refusals, repetitions and tries ends in what could be recorded", async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant("send" as const),
        event: fc.nat({ max: 4 }),
        hour: fc.integer({ min: 0, max: 72 }),
      }),
      fc.record({ kind: fc.constant("replay" as const), hour: fc.integer({ min: 0, max: 72 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        await db.pool.query(
          `truncate usage_identities, usage_events, charges, spend_rollups, spend_days, rejected_events`,
        );
        const ordered = steps.toSorted((left, right) => left.hour - right.hour);
        const recorded = new Set<number>();
        const open = new Set<number>();
        for (const one of ordered) {
          const now = addMs(NOW, one.hour * HOUR_MS);
          // Event n is dated 12 hours × n ahead; a day ahead is taken.
          const isDue = (event: number): boolean => event * 12 <= one.hour + 24;
          if (one.kind === "send") {
            const at = addMs(NOW, one.event * 12 * HOUR_MS).toISOString();
            await record([used(`e${String(one.event)}`, 1, { occurred_at: at })], { now });
            (isDue(one.event) ? recorded : open).add(one.event);
          } else {
            await replay(now);
            for (const event of [...open].filter(isDue)) recorded.add(event);
            for (const event of [...open].filter(isDue)) open.delete(event);
          }
        }
        expect(await spent()).toEqual({ output: recorded.size, requests: recorded.size });
        const rows = await all({ status: "open" });
        expect(new Set(rows.map(({ eventId }) => eventId))).toEqual(
          new Set([...open].map((event) => `e${String(event)}`)),
        );
      }),
      { numRuns: 15 },
    );
  });
});

describe("the table", () => {
  test("forgets what is old, and of a flood what came first", async () => {
    await db.pool.query(
      `insert into rejected_events
              (rejected_event_id, source, code, message, received_at, last_received_at, content_sha256)
       select gen_random_uuid(), case when n <= 10010 then 'flood' else 'old' end, 'invalid', n::text,
              $1::timestamptz - n * interval '1 minute',
              case when n <= 10010 then $1::timestamptz - n * interval '1 minute'
                   else $1::timestamptz - interval '91 days' end,
              decode(md5(n::text), 'hex')
         from generate_series(1, 10015) n`,
      [NOW],
    );

    expect(await forgetOldRejected(depsAt(NOW))).toBe(15);
    expect(await forgetOldRejected(depsAt(NOW))).toBe(0);

    const { rows } = await db.pool.query(
      `select count(*)::integer as left, max(r.message::integer) as last from rejected_events r`,
    );
    expect(rows).toEqual([{ left: 10_000, last: 10_000 }]);
  });

  test("kept rows from before are listed", async () => {
    await db.pool.query(
      `insert into rejected_events (rejected_event_id, source, code, message, received_at, last_received_at)
       values (gen_random_uuid(), 'default', 'invalid', 'x', $1, $1), (gen_random_uuid(), 'default', 'invalid', 'x', $1, $1)`,
      [NOW],
    );
    expect(await all()).toMatchObject([{ contentSha256: undefined }, { event: undefined }]);
    expect(await replay(NOW)).toMatchObject({ recorded: 0, stillRejected: [{ message: "x" }, {}] });
  });
});

describe("admins", () => {
  async function organization({ channel }: { readonly channel: string | undefined }) {
    await db.pool.query(
      `insert into organization_settings (name, time_zone, week_starts_on, finops_channel)
       values ('Acme', 'Europe/Berlin', 'monday', $1)`,
      [channel ?? null],
    );
    await db.pool.query(`insert into admins values ('dana@acme.test'), ('eve@acme.test')`);
  }

  async function messages(): Promise<unknown[]> {
    const { rows } = await db.pool.query<Record<string, unknown>>(
      `select o.destination, o.kind, o.text from outbox_messages o order by o.outbox_message_id`,
    );
    return rows;
  }

  test("are told once a source, reason and day, in the finops channel", async () => {
    await organization({ channel: "#finops" });
    await record([{ event_id: "x" }, { event_id: "y" }, used("a", 1, { occurred_at: AHEAD })], {
      source: "checkout",
    });

    expect(await tellOfRejected(depsAt(NOW))).toBe(2);
    await record([{ event_id: "z" }], { source: "checkout" });
    expect(await tellOfRejected(depsAt(NOW))).toBe(0);
    const tomorrow = addMs(NOW, DAY_MS);
    expect(await tellOfRejected(depsAt(tomorrow))).toBe(0);
    await record([{ event_id: "x" }], { source: "checkout", now: tomorrow });
    expect(await tellOfRejected(depsAt(tomorrow))).toBe(1);

    expect(await messages()).toEqual([
      {
        destination: "#finops",
        kind: "notice",
        text: "2 events from the source checkout could not be recorded",
      },
      {
        destination: "#finops",
        kind: "notice",
        text: "1 event from the source checkout could not be recorded",
      },
      {
        destination: "#finops",
        kind: "notice",
        text: "1 event from the source checkout could not be recorded",
      },
    ]);
  });

  test("are told by two workers once, each of them where there is no channel", async () => {
    await organization({ channel: undefined });
    await record([{ event_id: "x" }]);

    const told = await Promise.all([tellOfRejected(depsAt(NOW)), tellOfRejected(depsAt(NOW))]);

    expect(told.reduce((sum, count) => sum + count, 0)).toBe(2);
    expect(await messages()).toMatchObject([
      { destination: "email:dana@acme.test" },
      { destination: "email:eve@acme.test" },
    ]);
  });

  test("see what is open of the last week, with reason and remedy, without what was recorded since", async () => {
    await record([{ event_id: "x" }, { event_id: "mended" }, used("a", 1)], { source: "checkout" });
    await record([used("a", 2), used("mended", 1)], { source: "checkout" });
    await record([{ event_id: "old" }], { source: "former", now: addMs(NOW, -8 * DAY_MS) });

    expect(shownLines(rejectedBlocks(await listRecentRejected(depsAt(NOW))))).toEqual([
      "# Could not be recorded",
      expect.stringMatching(
        /^\*1 event from the source checkout\*\nSince .*: event_id: already recorded.*\n_The first one counts\..*_$/,
      ),
      expect.stringMatching(
        /^\*1 event from the source checkout\*\nSince .*: occurred_at: .*\n_Mend their sender.*_$/,
      ),
      expect.stringContaining("claude-spend rejected list"),
    ]);
    expect(rejectedBlocks([])).toEqual([]);
  });
});
