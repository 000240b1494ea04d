/**
 * Corrections of corrections, voids of them, and corrections of what was voided: in every order of
 * arrival the last of a chain counts, and a request counts once though another source meters its key.
 */
import { pino } from "pino";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { instant } from "../../../src/domain/time.ts";
import { createIngestMemory } from "../../../src/features/ingest/flow/ingest-memory.ts";
import { recordUsage } from "../../../src/features/ingest/flow/record-usage.ts";
import { advanceRerates, requestRerate } from "../../../src/features/ingest/index.ts";
import { parseNativeEvent } from "../../../src/features/ingest/native-event.ts";
import { circularAmong } from "../../../src/features/ingest/rules/correction-chains.ts";
import { replaceGovernedMetering } from "../../../src/features/sources/index.ts";
import { inTransaction } from "../../../src/store/database.ts";
import { useDatabase } from "../../support/database.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { listWrongDays } from "../../support/spend-days.ts";

const db = useDatabase();
const now = instant("2026-11-23T12:00:00Z");
const log = pino({ level: "silent" });
const memory = createIngestMemory();
const deps = (pool = db.pool) => ({
  database: pool,
  clock: () => now,
  log,
  ingestMemory: memory,
});

type Raw = Readonly<Record<string, unknown>>;

async function record(events: readonly Raw[], { source = "default", pool = db.pool } = {}) {
  const [result] = await recordUsage(deps(pool), [
    {
      source: { name: source, isTrusted: true },
      batch: events.map((raw, index) => parseNativeEvent(raw, { index, source, now })),
    },
  ]);
  return result ?? { accepted: -1, duplicates: -1, rejected: [] };
}

/** Output tokens by team, of what counts. */
async function outputByTeam(): Promise<Readonly<Record<string, number>>> {
  const { rows } = await db.pool.query<{ team: string; output: string; charged: string | null }>(
    `select d.team_key as team, sum(r.output_tokens)::text as output,
            (select sum(c.consumed_quantity)::text
               from charges c join spend_dimensions cd using (spend_dimension_id)
              where cd.team_key = d.team_key and split_part(c.sku_id, '/', 2) = 'output') as charged
       from spend_rollups r join spend_dimensions d using (spend_dimension_id)
      group by d.team_key`,
  );
  for (const { output, charged } of rows) expect(charged ?? "0").toBe(output);
  return Object.fromEntries(rows.map(({ team, output }) => [team, Number(output)]));
}

beforeAll(async () => {
  await inTransaction(db.pool, async (sql) => {
    const metering = [{ match: { apiKeyId: "metered" }, source: "gateway" }];
    await replaceGovernedMetering(sql, metering, instant("2026-11-01T00:00:00Z"));
  });
});

beforeEach(async () => {
  await db.pool.query(
    "truncate usage_identities, usage_events, charges, spend_rollups, spend_days, budget_checks, rejected_events",
  );
});

/** One event of a chain, but for what it follows. */
interface Link {
  readonly isVoid: boolean;
  /** Whether it names its request. */
  readonly isNamed: boolean;
  /** Whether it tells its key, for which another source is the one that counts. */
  readonly isMetered: boolean;
}

const USED: readonly Link[] = [false, true].flatMap((isNamed) =>
  [false, true].map((isMetered) => ({ isVoid: false, isNamed, isMetered })),
);
const FOLLOWING: readonly Link[] = [...USED, { isVoid: true, isNamed: false, isMetered: false }];

function tokensOf(position: number): number {
  return 10 ** position;
}

function eventsOf(chain: readonly Link[], name: string): readonly Raw[] {
  return chain.map(({ isVoid, isNamed, isMetered }, position): Raw => {
    const event = { event_id: `${name}/${String(position)}`, occurred_at: "2026-11-23T10:00:00Z" };
    const before = `${name}/${String(position - 1)}`;
    if (isVoid) return { ...event, voids: before };
    return {
      ...event,
      model: "claude-opus-4-5",
      usage: { input_tokens: 0, output_tokens: tokensOf(position) },
      team: name,
      ...(position === 0 ? {} : { corrects: before }),
      ...(isNamed ? { request_id: `req ${name}` } : {}),
      ...(isMetered ? { api_key_id: "metered" } : {}),
    };
  });
}

/** The gateway's event of the same request: it comes last. */
function elsewhere(name: string): Raw {
  return {
    event_id: `${name}/gateway`,
    occurred_at: "2026-11-23T10:00:00Z",
    model: "claude-opus-4-5",
    usage: { input_tokens: 0, output_tokens: 7_000_000 },
    team: name,
    request_id: `req ${name}`,
    api_key_id: "metered",
  };
}

/**
 * The rule itself: the last of a chain counts, unless it is a void or another source is the one for
 * its key and nothing of the chain has claimed the request.
 */
function oracle(chain: readonly Link[]): number {
  const isClaimed = chain.some(({ isNamed, isMetered }) => isNamed && !isMetered);
  const last = chain.at(-1);
  const own =
    last === undefined || last.isVoid || (last.isMetered && !isClaimed)
      ? 0
      : tokensOf(chain.length - 1);
  return own + (isClaimed ? 0 : 7_000_000);
}

function ordersOf(length: number): readonly (readonly number[])[] {
  if (length === 0) return [[]];
  return ordersOf(length - 1).flatMap((order) =>
    Array.from({ length }, (_, place) => [
      ...order.slice(0, place),
      length - 1,
      ...order.slice(place),
    ]),
  );
}

/** Every order of every chain at once, each under a name of its own: event by event, or by more. */
async function recordInEveryOrder(chains: readonly (readonly Link[])[], atOnce: number) {
  const histories = chains.flatMap((chain, number) =>
    ordersOf(chain.length).map((order) => {
      const name = `${String(number)}:${order.join("")}`;
      const events = eventsOf(chain, name);
      return {
        name,
        expected: oracle(chain),
        events: order.flatMap((at) => events.slice(at, at + 1)),
      };
    }),
  );
  const length = Math.max(...histories.map(({ events }) => events.length));
  for (let from = 0; from < length; from += atOnce) {
    // oxlint-disable-next-line no-await-in-loop -- the order is what this is about
    const { rejected } = await record(
      histories.flatMap(({ events }) => events.slice(from, from + atOnce)),
    );
    expect(rejected).toEqual([]);
  }
  await record(
    histories.map(({ name }) => elsewhere(name)),
    { source: "gateway" },
  );
  const again = await record(histories.flatMap(({ events }) => events));
  expect(again.rejected).toEqual([]);
  return histories;
}

const CHAINS_OF_3 = USED.flatMap((first) =>
  FOLLOWING.flatMap((second) => FOLLOWING.map((third) => [first, second, third])),
);

describe("a chain of corrections", () => {
  test.each([1, 2, 3])(
    "of any three events ends in its last one, in every order, %i at once",
    async (atOnce) => {
      const histories = await recordInEveryOrder(CHAINS_OF_3, atOnce);

      expect(histories).toHaveLength(600);
      const output = await outputByTeam();
      expect(histories.map(({ name }) => [name, output[name] ?? 0])).toEqual(
        histories.map(({ name, expected }) => [name, expected]),
      );
      expect(await listWrongDays(db.pool)).toEqual([]);
    },
  );

  test("of four or five events, too", async () => {
    const { pick } = seededRandom(34);
    const chains = [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5].map((length) =>
      Array.from({ length }, (_, position) => pick(position === 0 ? USED : FOLLOWING)),
    );
    const histories = await recordInEveryOrder(chains, 1);

    const output = await outputByTeam();
    expect(histories.map(({ name }) => [name, output[name] ?? 0])).toEqual(
      histories.map(({ name, expected }) => [name, expected]),
    );
  });

  test("counts from when the link to its request has come, and is re-rated from then on", async () => {
    const link = { isVoid: false, isNamed: false, isMetered: true };
    const [a = {}, b = {}, c = {}] = eventsOf(
      [{ ...link, isNamed: true, isMetered: false }, link, link],
      "t",
    );
    await record([c]);
    expect(await outputByTeam()).toEqual({});
    await record([a]);
    expect(await outputByTeam()).toEqual({ t: 1 });
    await record([b]);
    expect(await outputByTeam()).toEqual({ t: 100 });
    const { rows: notes } = await db.pool.query(`select 1 from budget_checks`);
    expect(notes.length).toBeGreaterThan(0);

    await db.pool.query(
      `insert into discounts (position, model_pattern, percent) values (1, '*', 50)`,
    );
    memory.ownership = undefined;
    const period = { start: instant("2026-11-01T00:00:00Z"), end: instant("2026-12-01T00:00:00Z") };
    await inTransaction(db.pool, async (sql) => {
      const range = { period, onlyEstimated: false, includesAllocation: false };
      await requestRerate(sql, deps(), { range, requestedBy: "dana@acme.test" });
    });
    expect(await advanceRerates(deps())).toBe(1);
    await db.pool.query(`truncate discounts`);
    memory.ownership = undefined;
    expect(await outputByTeam()).toEqual({ t: 100 });
    expect(await listWrongDays(db.pool)).toEqual([]);
  });

  test("that was voided is brought back by correcting the void, not by voiding it", async () => {
    const at = "2026-11-23T10:00:00Z";
    const [a = {}] = eventsOf([{ isVoid: false, isNamed: false, isMetered: false }], "t");
    await record([a, { event_id: "v", occurred_at: at, voids: "t/0" }]);
    expect(await record([{ ...a, event_id: "b", corrects: "t/0" }])).toMatchObject({
      accepted: 0,
      rejected: [{ code: "conflict", eventId: "b" }],
    });
    await record([{ event_id: "w", occurred_at: at, voids: "v" }]);
    expect((await outputByTeam())["t"] ?? 0).toBe(0);

    expect(await record([{ ...a, event_id: "b", corrects: "w" }])).toMatchObject({ accepted: 1 });
    expect(await outputByTeam()).toEqual({ t: 1 });
  });
});

describe("events that correct each other in a circle", () => {
  function circleOf(name: string, length: number): readonly Raw[] {
    return Array.from({ length }, (_, position) => ({
      event_id: `${name}/${String(position)}`,
      occurred_at: "2026-11-23T10:00:00Z",
      model: "claude-opus-4-5",
      usage: { input_tokens: 0, output_tokens: 1 },
      team: name,
      corrects: `${name}/${String((position + 1) % length)}`,
    }));
  }

  test.each([1, 2, 4])(
    "can't be: in every order, %i at once, the one that would close it is refused and kept",
    async (atOnce) => {
      const refused = new Map<string, string>();
      for (const length of [2, 3, 4]) {
        const circles = ordersOf(length).map((order) => {
          const name = order.join("");
          const events = circleOf(name, length);
          return order.flatMap((at) => events.slice(at, at + 1));
        });
        for (let from = 0; from < length; from += atOnce) {
          // oxlint-disable-next-line no-await-in-loop -- the order is what this is about
          const { rejected } = await record(
            circles.flatMap((events) => events.slice(from, from + atOnce)),
          );
          for (const { eventId = "", code, message } of rejected) {
            expect(code).toBe("conflict");
            expect(message).toContain("expected an event that does not follow from this one");
            const name = eventId.split("/")[0] ?? "";
            expect(refused.has(name)).toBe(false);
            refused.set(name, eventId);
          }
        }
        const { rejected } = await record(circles.flat());
        expect(new Set(rejected.map(({ eventId }) => eventId))).toEqual(
          new Set([...refused].flatMap(([name, id]) => (name.length === length ? [id] : []))),
        );
      }
      expect(refused.size).toBe(2 + 6 + 24);
      // Of each circle the one that nothing stored corrects counts.
      const output = await outputByTeam();
      expect([...refused.keys()].map((name) => output[name])).toEqual(
        [...refused.keys()].map(() => 1),
      );
      const { rows } = await db.pool.query<{ kept: number }>(
        `select count(*)::integer as kept from rejected_events r where r.event is not null`,
      );
      expect(rows[0]?.kept).toBe(32);
    },
  );

  test("can't be when two close it at once", async () => {
    const pool = db.openPool({ max: 4 });
    const [a = {}, b = {}, c = {}, d = {}] = circleOf("t", 4);
    await record([a, c]);
    const gate = await pool.connect();
    await gate.query("begin");
    await gate.query(`select from usage_identities i where i.content_sha256 is null for update`);
    const both = [b, d].map(async (event) => await record([event], { pool }));
    const countWaiting = async () => {
      const { rows } = await db.pool.query<{ waiting: number }>(
        `select count(*)::integer as waiting
           from pg_stat_activity s
          where s.datname = current_database() and s.wait_event_type = 'Lock'`,
      );
      return rows[0]?.waiting;
    };
    await expect.poll(countWaiting).toBe(2);
    await gate.query("commit");
    gate.release();

    const results = await Promise.all(both);
    expect(results.flatMap(({ rejected }) => rejected.map(({ code }) => code))).toEqual([
      "conflict",
    ]);
    expect(await outputByTeam()).toEqual({ t: 1 });
  });

  test("are found with what refers to them, however many come together", () => {
    const chain = Array.from({ length: 5_000 }, (_, at) => ({
      event: `e${String(at)}`,
      target: `e${String(at + 1)}`,
    }));
    expect(circularAmong(chain)).toEqual(new Set());
    expect(circularAmong([...chain, { event: "e5000", target: "e0" }]).size).toBe(5_001);
    expect(
      circularAmong([
        { event: "x", target: "a" },
        { event: "a", target: "b" },
        { event: "b", target: "a" },
        { event: "y", target: "z" },
      ]),
    ).toEqual(new Set(["x", "a", "b"]));
  });
});
