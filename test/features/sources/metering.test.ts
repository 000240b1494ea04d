/** Which source counts for a workspace or key: designated by command or governance, from then on. */
import fc from "fast-check";
import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { addMs, HOUR_MS, type Instant, instant } from "../../../src/domain/time.ts";
import { createIngestMemory, recordUsage } from "../../../src/features/ingest/index.ts";
import { parseNativeEvent } from "../../../src/features/ingest/native-event.ts";
import {
  designateMeteringSource,
  isMeteredElsewhere,
  listMetering,
  type Metering,
  type MeteringDesignation,
  replaceGovernedMetering,
} from "../../../src/features/sources/index.ts";
import { inTransaction } from "../../../src/store/database.ts";
import { useDatabase } from "../../support/database.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const db = useDatabase();
const NOW = instant("2026-11-23T12:00:00Z");
const WORKSPACE = { workspaceId: "wrkspc_1" };
const memory = createIngestMemory();

async function designate(
  source: string | undefined,
  at: Instant = NOW,
  match: Metering["match"] = WORKSPACE,
) {
  return await designateMeteringSource(
    { database: db.pool, clock: () => at },
    { match, source, actor: "dana@acme.test" },
  );
}

async function govern(wanted: readonly Metering[], at: Instant = NOW) {
  await inTransaction(db.pool, async (sql) => {
    await replaceGovernedMetering(sql, wanted, at);
  });
}

async function record(source: string, event: Readonly<Record<string, unknown>>) {
  const [result] = await recordUsage(
    { database: db.pool, clock: () => NOW, log: pino({ level: "silent" }), ingestMemory: memory },
    [
      {
        source: { name: source, isTrusted: true },
        batch: [parseNativeEvent(event, { index: 0, source, now: NOW })],
      },
    ],
  );
  return result;
}

async function counted(): Promise<Readonly<Record<string, number>>> {
  const { rows } = await db.pool.query<{ source: string; requests: number }>(
    `select d.source, sum(r.request_count)::integer as requests
       from spend_rollups r join spend_dimensions d using (spend_dimension_id) group by 1`,
  );
  return Object.fromEntries(rows.map(({ source, requests }) => [source, requests]));
}

beforeEach(async () => {
  await db.pool.query(
    `truncate metering_designations, usage_identities, usage_events, charges, spend_rollups, spend_days, rejected_events`,
  );
});

describe("a metering source", () => {
  test("is the only one that counts for its workspace; the others' events are kept", async () => {
    await designate("litellm", addMs(NOW, -HOUR_MS));
    const here = { workspace_id: "wrkspc_1", occurred_at: "2026-11-23T11:30:00Z" };

    expect(await record("telemetry", aNativeEvent(here))).toMatchObject({
      accepted: 1,
      notCounted: new Map([["metered_elsewhere", 1]]),
    });
    await record("litellm", aNativeEvent(here));
    await record("telemetry", aNativeEvent({ ...here, workspace_id: "wrkspc_2" }));
    await record("telemetry", aNativeEvent({ occurred_at: here.occurred_at }));

    expect(await counted()).toEqual({ litellm: 1, telemetry: 2 });
    const { rows } = await db.pool.query(
      `select e.source, e.not_counted_because, count(c.*)::integer as charges
         from usage_events e left join charges c using (usage_event_id)
        where e.workspace_id = 'wrkspc_1' group by 1, 2 order by 1`,
    );
    expect(rows).toEqual([
      { source: "litellm", not_counted_because: null, charges: 4 },
      { source: "telemetry", not_counted_because: "metered_elsewhere", charges: 0 },
    ]);
  });

  test("counts a request though another source, which does not count, told of it first", async () => {
    await designate("litellm", addMs(NOW, -HOUR_MS));
    const request = {
      workspace_id: "wrkspc_1",
      occurred_at: "2026-11-23T11:30:00Z",
      request_id: "req_1",
      message_id: "msg_1",
    };

    await record("telemetry", aNativeEvent(request));
    await record("litellm", aNativeEvent(request));

    expect(await counted()).toEqual({ litellm: 1 });
  });

  test("holds for usage from when it was designated, whenever that arrives, until it ends", async () => {
    await designate("litellm", instant("2026-11-23T08:00:00Z"));
    await designate(undefined, instant("2026-11-23T10:00:00Z"));

    for (const at of ["07:59:59", "08:00:00", "09:59:59", "10:00:00"]) {
      const event = { workspace_id: "wrkspc_1", occurred_at: `2026-11-23T${at}Z` };
      await record("telemetry", aNativeEvent(event));
    }

    const { rows } = await db.pool.query(
      `select to_char(e.occurred_at, 'HH24:MI:SS') as at from usage_events e
        where e.not_counted_because is null order by 1`,
    );
    expect(rows).toEqual([{ at: "07:59:59" }, { at: "10:00:00" }]);
  });

  test("of a key comes before that of its workspace", () => {
    const validFrom = instant("2026-01-01T00:00:00Z");
    const rest = { validFrom, validUntil: undefined };
    const designations: MeteringDesignation[] = [
      { match: WORKSPACE, source: "litellm", ...rest },
      { match: { apiKeyId: "apikey_1" }, source: "checkout", ...rest },
    ];
    const from = (source: string, apiKeyId: string | undefined): boolean =>
      isMeteredElsewhere(
        { source, apiKeyId, workspaceId: "wrkspc_1", occurredAt: NOW },
        designations,
      );

    expect(from("checkout", "apikey_1")).toBe(false);
    expect(from("litellm", "apikey_1")).toBe(true);
    expect(from("litellm", undefined)).toBe(false);
    expect(from("checkout", undefined)).toBe(true);
  });

  test("by command: says what it did, and nothing the second time", async () => {
    expect(await designate("litellm")).toEqual({
      kind: "designated",
      match: "workspace:wrkspc_1",
      source: "litellm",
    });
    expect(await designate("litellm")).toMatchObject({ kind: "unchanged" });
    expect(await designate("checkout", addMs(NOW, HOUR_MS))).toMatchObject({ kind: "designated" });
    expect(await designate("Not A Name")).toMatchObject({ kind: "refused", reason: "not-a-name" });
    expect(await listMetering({ database: db.pool })).toMatchObject([{ source: "checkout" }]);
    expect(await designate(undefined)).toMatchObject({ kind: "ended", source: "checkout" });
    expect(await designate(undefined)).toMatchObject({ kind: "refused", reason: "not-designated" });
  });

  test("of two who designate at once one holds, and the other ended", async () => {
    const outcomes = await Promise.all([designate("litellm"), designate("checkout")]);

    expect(outcomes.map(({ kind }) => kind)).toEqual(["designated", "designated"]);
    const { rows } = await db.pool.query(
      `select count(*)::integer as all, count(*) filter (where valid_until is null)::integer as held
         from metering_designations`,
    );
    expect(rows).toEqual([{ all: 2, held: 1 }]);
  });

  test("by governance: takes over, keeps what stays the same, ends what is gone, refuses commands", async () => {
    await designate("litellm", addMs(NOW, -HOUR_MS));
    await designate("spans", NOW, { apiKeyId: "apikey_9" });
    await govern([
      { match: WORKSPACE, source: "litellm" },
      { match: { apiKeyId: "apikey_1" }, source: "checkout" },
    ]);

    expect(await designate("checkout")).toMatchObject({ kind: "refused", reason: "governed" });
    const held = await listMetering({ database: db.pool });
    expect(held.map(({ source, managedBy, validFrom }) => [source, managedBy, validFrom])).toEqual([
      ["litellm", "governance", addMs(NOW, -HOUR_MS)],
      ["spans", "command", NOW],
      ["checkout", "governance", NOW],
    ]);

    await govern([{ match: WORKSPACE, source: "checkout" }], addMs(NOW, HOUR_MS));
    const after = await listMetering({ database: db.pool });
    expect(after.map(({ source, validFrom }) => [source, validFrom])).toEqual([
      ["spans", NOW],
      ["checkout", addMs(NOW, HOUR_MS)],
    ]);
  });
});

describe("whatever was designated when", () => {
  test("an event counts exactly when no other source held its workspace at its time", async () => {
    const change = fc.record({
      hour: fc.integer({ min: 1, max: 20 }),
      source: fc.constantFrom("litellm", "checkout", undefined),
    });
    const event = fc.record({
      minute: fc.integer({ min: 0, max: 21 * 60 }),
      source: fc.constantFrom("litellm", "checkout", "spans"),
    });
    const midnight = instant("2026-11-22T12:00:00Z");
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 4 }),
        fc.array(event, { minLength: 1, maxLength: 6 }),
        async (changes, events) => {
          await db.pool.query(`truncate metering_designations`);
          const ordered = changes.toSorted((left, right) => left.hour - right.hour);
          for (const { hour, source } of ordered)
            await designate(source, addMs(midnight, hour * HOUR_MS));
          const { rows } = await db.pool.query<{ source: string; from: Date; until: Date | null }>(
            `select m.source, m.valid_from as from, m.valid_until as until from metering_designations m`,
          );
          const stored = rows.map(({ source, from, until }) => ({
            match: WORKSPACE,
            source,
            validFrom: instant(from),
            validUntil: until === null ? undefined : instant(until),
          }));

          for (const { minute, source } of events) {
            const occurredAt = addMs(midnight, minute * 60_000);
            const held = ordered.findLast(
              ({ hour }) => addMs(midnight, hour * HOUR_MS) <= occurredAt,
            );
            const expected = held?.source !== undefined && held.source !== source;
            const judged = { source, occurredAt, apiKeyId: undefined, workspaceId: "wrkspc_1" };
            expect(isMeteredElsewhere(judged, stored)).toBe(expected);
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});
