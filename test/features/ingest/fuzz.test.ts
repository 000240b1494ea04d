/**
 * Whatever is sent to any route: an answer below 500, nothing stored of what is invalid, valid
 * neighbours stored. Recorded deliveries are spoiled by a seeded generator; FUZZ_SEED repeats a run,
 * FUZZ_REQUESTS makes it longer.
 */
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { TEST_SEED } from "../../support/fixed-seed.ts";
import {
  type RecordedDelivery,
  recordedDeliveries,
  useIngestEndpoint,
} from "../../support/ingest-endpoint.ts";
import { oddValue, spoiled } from "../../support/mutations.ts";
import { claudeCodeLogs } from "../../support/otlp-builders.ts";
import { type SeededRandom, seededRandom } from "../../support/seeded-random.ts";
import { aNativeEvent } from "../../support/usage-builders.ts";

const SEED = Number(process.env["FUZZ_SEED"] ?? TEST_SEED);
const REQUESTS = Number(process.env["FUZZ_REQUESTS"] ?? 300);
const AT_ONCE = 8;
const TIMEOUT_MS = 60_000 + REQUESTS * 50;

const db = useDatabase();
const endpoint = useIngestEndpoint(db);
const deliveries = recordedDeliveries();

beforeEach(async () => {
  await db.pool.query(
    `truncate usage_events, usage_identities, charges, spend_rollups, spend_days, budget_checks, rejected_events`,
  );
});

/** Runs `send` for each number, some at once; each with a generator of its own, so that one can be repeated. */
async function each(count: number, send: (random: SeededRandom, number: number) => Promise<void>) {
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < count) {
        const number = next;
        next += 1;
        // oxlint-disable-next-line no-await-in-loop -- one after the other on each line
        await send(seededRandom(SEED + number), number).catch((error: unknown) => {
          throw new Error(`FUZZ_SEED=${String(SEED)}, request ${String(number)}`, { cause: error });
        });
      }
    }),
  );
}

/** What holds for all that is stored, whatever was sent. */
async function expectSoundStorage() {
  const { rows } = await db.pool.query<Record<string, number>>(
    `select
       (select count(*)::int from usage_events e
         where not exists (select 1 from usage_identities i where i.usage_event_id = e.usage_event_id)) as unnamed,
       (select count(*)::int from usage_events e
         where e.occurred_at > timestamptz '2026-11-23T13:30:00Z' + interval '1 day'
            or e.occurred_at < timestamptz '2026-11-23T13:30:00Z' - interval '400 days') as out_of_time,
       (select count(*)::int from usage_events e, jsonb_each(e.usage) u
         where jsonb_typeof(u.value) = 'number' and (u.value::numeric < 0 or u.value::numeric % 1 <> 0)) as not_whole,
       (select count(*)::int from charges c
         where c.billed_cost_usd < 0 or c.consumed_quantity < 0
            or not exists (select 1 from usage_events e where e.usage_event_id = c.usage_event_id)) as wrong_charges,
       (select coalesce(sum(c.billed_cost_usd), 0) from charges c)
         = (select coalesce(sum(r.billed_cost_usd), 0) from spend_rollups r) as is_summed,
       (select count(*)::int from usage_events) = (select coalesce(sum(r.request_count), 0) from spend_rollups r) as is_counted`,
  );
  expect(rows).toEqual([
    {
      unnamed: 0,
      out_of_time: 0,
      not_whole: 0,
      wrong_charges: 0,
      is_summed: true,
      is_counted: true,
    },
  ]);
}

/** The status of a delivery as good as any. */
async function statusOfGoodDelivery() {
  const good = JSON.stringify(aNativeEvent());
  return (await endpoint.send("/v1/usage", good, { "content-type": "application/json" })).status;
}

test.each(deliveries)(
  "$name is taken as recorded, so that fuzz begins at what is valid",
  async (delivery) => {
    const { status } = await endpoint.send(delivery.path, delivery.body, delivery.headers);
    expect([200, 202]).toContain(status);
  },
);

test(
  `spoiled deliveries are answered below 500, and leave only sound rows (FUZZ_SEED=${String(SEED)})`,
  async () => {
    const statuses = new Map<number, number>();
    await each(REQUESTS, async (random) => {
      const delivery: RecordedDelivery = random.pick(deliveries);
      const { body, headers } = spoiled(delivery, random);
      const { status, text } = await endpoint.send(delivery.path, body, headers);
      // With what was sent and answered, so that a failure tells itself.
      const told = { name: delivery.name, status, text: text.slice(0, 300) };
      expect([200, 202, 400, 413, 422].map((fine) => ({ ...told, status: fine }))).toContainEqual(
        told,
      );
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    });
    // A generator that spoils everything, or nothing, would prove nothing.
    expect(statuses.get(400)).toBeGreaterThan(REQUESTS / 20);
    expect((statuses.get(202) ?? 0) + (statuses.get(200) ?? 0)).toBeGreaterThan(REQUESTS / 20);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(endpoint.logged()).not.toContain("request failed");
    await expectSoundStorage();
    expect(await statusOfGoodDelivery()).toBe(202);
  },
  TIMEOUT_MS,
);

interface Neighbourhood {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A body with the spoiled element in the middle of valid ones. */
  readonly body: (spoiledElement: string, ids: readonly string[]) => string;
  readonly element: string;
}

const native = (id: string) => JSON.stringify(aNativeEvent({ event_id: id }));
const litellm = (id: string) => {
  const [first] = JSON.parse(bodyOf("litellm/json-array.json")) as [Record<string, unknown>];
  return JSON.stringify({ ...first, litellm_call_id: id, id, hidden_params: {}, response: {} });
};
function bodyOf(name: string): string {
  return deliveries.find((delivery) => delivery.name === name)?.body.toString("utf8") ?? "";
}
const inList = (valid: (id: string) => string) => (element: string, ids: readonly string[]) => {
  JSON.parse(element);
  return `[${[...ids.slice(1).map(valid), element, ...ids.slice(0, 1).map(valid)].join(",")}]`;
};

const NEIGHBOURHOODS: readonly (readonly [string, Neighbourhood])[] = [
  [
    "native",
    {
      path: "/v1/usage",
      headers: { "content-type": "application/json" },
      element: bodyOf("native/event.json"),
      body: inList(native),
    },
  ],
  [
    "lines",
    {
      path: "/v1/usage",
      headers: { "content-type": "application/x-ndjson" },
      element: JSON.stringify(JSON.parse(bodyOf("anthropic/stream-web-search.json"))),
      body: (element, ids) => [...ids.map(native), element].join("\n"),
    },
  ],
  [
    "LiteLLM",
    {
      path: "/v1/usage/litellm",
      headers: { "content-type": "application/json" },
      element: bodyOf("litellm/single.json"),
      body: inList(litellm),
    },
  ],
  [
    "OTLP",
    {
      path: "/otlp/v1/logs",
      headers: { "content-type": "application/json" },
      element: bodyOf("otlp/claude-code-logs.json"),
      body: (element, ids) => {
        const groups = [
          ...ids.map((id) => claudeCodeLogs({ request_id: id })),
          JSON.parse(element),
        ];
        return JSON.stringify({
          resourceLogs: (groups as { resourceLogs: unknown }[]).flatMap(
            ({ resourceLogs }) => resourceLogs,
          ),
        });
      },
    },
  ],
];

test.each(NEIGHBOURHOODS)(
  "%s: the valid neighbours of a spoiled element are stored",
  async (name, { path, headers, body, element }) => {
    const isStored = async (ids: readonly string[]): Promise<number> => {
      const { rows } = await db.pool.query(
        `select 1 from usage_identities i where i.event_id = any($1) or i.event_id = any($2)`,
        [ids, ids.map((id) => `claude_code:${id}`)],
      );
      return rows.length;
    };
    let taken = 0;
    await each(Math.ceil(REQUESTS / 10), async (random, number) => {
      const ids = [`${name}-${String(number)}-a`, `${name}-${String(number)}-b`];
      const spoiledElement = oddValue(
        { headers, body: Buffer.from(element) },
        random,
      ).body.toString();
      let whole: string;
      try {
        whole = body(spoiledElement, ids);
      } catch {
        return; // Not even JSON: there is no list to put it into.
      }
      const answer = await endpoint.send(path, whole, headers);
      expect({ ...answer, stored: await isStored(ids) }).toMatchObject(
        // What is not OTLP as a whole is refused, all of it.
        answer.status === 400 && path.startsWith("/otlp")
          ? { stored: 0 }
          : { status: path.startsWith("/otlp") ? 200 : 202, stored: 2 },
      );
      taken += answer.status < 300 ? 1 : 0;
    });
    expect(taken).toBeGreaterThan(0);
    await expectSoundStorage();
  },
  TIMEOUT_MS,
);

test("clients that stop in the middle, or never begin, hold up nobody", async () => {
  const head = `POST /v1/usage HTTP/1.1\r\nhost: x\r\nauthorization: ${endpoint.authorization}\r\ncontent-type: application/json\r\n`;
  const beginnings = [
    "",
    "POST",
    `${head}content-length: 1000\r\n\r\n{"event_id":`,
    `${head}transfer-encoding: chunked\r\n\r\n5\r\n{"a":`,
    `${head}transfer-encoding: chunked\r\n\r\nzz\r\n`,
    `${head}content-length: 5\r\ncontent-length: 6\r\n\r\n{}`,
    `${head}content-length: -1\r\n\r\n`,
    "\u0000\u0001\u0002\r\n\r\n",
  ];
  const sockets = beginnings.map((beginning) => {
    const socket = connect(endpoint.port(), "127.0.0.1");
    socket.on("error", () => undefined); // Some are hung up on, as they should be.
    socket.write(beginning);
    return socket;
  });
  await wait(50);
  expect(await statusOfGoodDelivery()).toBe(202);
  for (const socket of sockets) socket.destroy();
  expect(await statusOfGoodDelivery()).toBe(202);
});
