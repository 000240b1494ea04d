import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  createUsageReporter,
  type UsageProblem,
  type UsageReport,
  type UsageReporter,
  type UsageReporterOptions,
} from "../../src/client/index.ts";
import {
  APP_SECRET,
  aMessage,
  type Receiver,
  SECRET,
  startReceiver,
} from "../support/client-stand-ins.ts";

const USAGE = { input_tokens: 3, output_tokens: 4 };

let receiver: Receiver;
let problems: UsageProblem[];
let reporters: UsageReporter[];

beforeEach(async () => {
  receiver = await startReceiver();
  problems = [];
  reporters = [];
});

afterEach(async () => {
  await Promise.all(reporters.map(async (reporter) => await reporter.close({ timeoutMs: 0 })));
  await receiver.stop();
});

function aReporter(options: Partial<UsageReporterOptions> = {}): UsageReporter {
  const reporter = createUsageReporter({
    url: receiver.url,
    secret: SECRET,
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  reporters.push(reporter);
  return reporter;
}

function aReport(changes: Partial<UsageReport> = {}): UsageReport {
  const { id } = aMessage();
  return { message: { id: String(id), model: "claude-haiku-5-5", usage: USAGE }, ...changes };
}

function report(reporter: UsageReporter, count: number): void {
  for (let index = 0; index < count; index += 1) reporter.report(aReport());
}

/** Without what only waits to be collected. */
function usedMemory(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

describe("a report by hand", () => {
  test("carries everything that it says", async () => {
    const reporter = aReporter({ defaults: { team: "search", tags: { env: "test" } } });

    reporter.report(
      aReport({
        requestId: "req_9",
        occurredAt: new Date(Date.now() - 60_000),
        isIncomplete: true,
        team: "checkout",
        project: "cart",
        userEmail: "ana@acme.test",
        workspaceId: "wrkspc_1",
        apiKeyId: "apikey_1",
        sessionId: "s1",
        operationId: "op-1",
        promptHash: "sha256:1",
        provider: "bedrock",
        tags: { feature: "summary" },
      }),
    );
    await reporter.flush();

    expect(receiver.events).toMatchObject([
      {
        requestId: "req_9",
        isIncomplete: true,
        claimedTeam: "checkout",
        claimedProject: "cart",
        userEmail: "ana@acme.test",
        workspaceId: "wrkspc_1",
        apiKeyId: "apikey_1",
        sessionId: "s1",
        operationId: "op-1",
        promptHash: "sha256:1",
        provider: "bedrock",
        tags: { env: "test", feature: "summary" },
      },
    ]);
    expect(Date.now() - (receiver.events[0]?.occurredAt.getTime() ?? 0)).toBeGreaterThan(59_000);
  });

  test("of the same message at the same time is the same event", async () => {
    const reporter = aReporter();
    const twice = aReport({ occurredAt: "2026-11-23T10:00:00Z" });
    receiver.refuse(() => ({ status: 202, body: { rejected: [] } }));

    reporter.report(twice);
    reporter.report(twice);
    await reporter.flush();

    const [first, second] = JSON.parse(receiver.requests[0]?.body ?? "") as readonly unknown[];
    expect(second).toEqual(first);
  });

  test("of a message without any id gets an id of its own", async () => {
    const reporter = aReporter();
    const message = { model: "claude-haiku-5-5", usage: USAGE };

    reporter.report({ message });
    reporter.report({ message });
    await reporter.flush();

    expect(new Set(receiver.events.map(({ eventId }) => eventId)).size).toBe(2);
  });

  test("never throws, whatever it is given", () => {
    const reporter = aReporter();
    const hostile = Object.defineProperty({}, "message", {
      get: () => {
        throw new Error("no");
      },
    });
    const anything = fc.oneof(
      fc.anything({ withBigInt: true, withNullPrototype: true, withDate: true }),
      fc.record({ message: fc.anything(), occurredAt: fc.anything(), tags: fc.anything() }),
      fc.record({ message: fc.constant({ model: "m", usage: USAGE }), team: fc.anything() }),
      fc.constant(hostile),
    );

    fc.assert(
      fc.property(anything, (given) => {
        const before = problems.length;
        const isTaken = reporter.report(given as UsageReport);
        expect(problems.length).toBe(isTaken ? before : before + 1);
      }),
    );
  });
});

describe("delivery", () => {
  test("signs for the built-in source, for a named one, or sends a bearer token", async () => {
    const options = [
      {},
      { source: "app", secret: APP_SECRET },
      { secret: APP_SECRET, authentication: "bearer" },
      { url: `${receiver.url}/v1/usage` },
    ] as const;
    for (const option of options) {
      const reporter = aReporter(option);
      reporter.report(aReport());
      await reporter.flush();
    }

    expect(problems).toEqual([]);
    expect(receiver.events.map(({ source }) => source)).toEqual([
      "default",
      "app",
      "app",
      "default",
    ]);
    expect(receiver.requests.map(({ path }) => path)).toEqual([
      "/v1/usage",
      "/v1/usage?source=app",
      "/v1/usage",
      "/v1/usage",
    ]);
    expect(receiver.requests[0]?.body).not.toContain(SECRET);
  });

  test("gathers events of a second, at most 500 at a time", async () => {
    const reporter = aReporter();

    report(reporter, 1_203);
    await reporter.flush();

    expect(receiver.events).toHaveLength(1_203);
    const sizes = receiver.requests.map(({ body }) => (JSON.parse(body) as object[]).length);
    expect(sizes).toEqual([500, 500, 203]);
  });

  test("happens by itself", async () => {
    const reporter = aReporter();
    reporter.report(aReport());

    await expect
      .poll(() => reporter.counts())
      .toEqual({ reported: 1, delivered: 1, rejected: 0, dropped: 0, buffered: 0 });
    expect(receiver.events).toHaveLength(1);
  });

  test("keeps batches of large events well below what the receiver reads", async () => {
    const reporter = aReporter({ defaults: { tags: { large: "x".repeat(250) } } });
    const tags = Object.fromEntries(
      Array.from({ length: 31 }, (_, index) => [`tag-${String(index)}`, "é".repeat(250)]),
    );
    for (let index = 0; index < 300; index += 1) reporter.report(aReport({ tags }));

    await reporter.flush();

    expect(receiver.events).toHaveLength(300);
    const largest = Math.max(...receiver.requests.map(({ body }) => Buffer.byteLength(body)));
    expect(largest).toBeLessThan(4 * 1024 * 1024);
  });

  test("waits as Retry-After says, then sends the same body under the same id", async () => {
    const reporter = aReporter();
    receiver.refuse((attempt) =>
      attempt === 1 ? { status: 503, headers: { "retry-after": "2" } } : undefined,
    );

    reporter.report(aReport());
    expect(await reporter.flush()).toBe(true);

    const [first, second] = receiver.requests;
    expect(receiver.requests).toHaveLength(2);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(1_950);
    expect(second?.body).toBe(first?.body);
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(second?.headers["webhook-timestamp"]).not.toBe(first?.headers["webhook-timestamp"]);
    expect(receiver.events).toHaveLength(1);
    expect(problems).toEqual([]);
  });

  test.each([408, 429, 500, 502])("tries again after %i", async (status) => {
    const reporter = aReporter();
    receiver.refuse((attempt) => (attempt === 1 ? { status } : undefined));

    reporter.report(aReport());
    await reporter.flush();

    expect(receiver.requests).toHaveLength(2);
    expect(reporter.counts().delivered).toBe(1);
  });

  test("outlives a receiver that is away for a while", async () => {
    receiver.goAway();
    const reporter = aReporter();
    reporter.report(aReport());
    expect(await reporter.flush({ timeoutMs: 300 })).toBe(false);

    receiver.comeBack();
    reporter.report(aReport());

    expect(await reporter.flush()).toBe(true);
    expect(receiver.events).toHaveLength(2);
    expect(problems).toEqual([]);
  });

  test("gives a batch up after twelve attempts, says so and goes on", async () => {
    const reporter = aReporter();
    receiver.refuse((attempt) =>
      attempt <= 12 ? { status: 503, headers: { "retry-after": "0" } } : undefined,
    );

    report(reporter, 501);
    await reporter.flush();

    expect(problems).toMatchObject([{ kind: "dropped", reason: "gave-up", events: 500 }]);
    expect(problems[0]?.message).toBe("Usage of 500 calls is lost: it answers 503.");
    expect(reporter.counts()).toMatchObject({ delivered: 1, dropped: 500, buffered: 0 });
  });

  test.each([
    [400, { error: { message: "Send JSON." } }, "it answers 400 Send JSON."],
    [401, { error: { message: "No matching signature found." } }, "it answers 401 No matching"],
    [404, undefined, "it answers 404"],
  ])("does not repeat what is refused with %i", async (status, body, why) => {
    const reporter = aReporter();
    receiver.refuse(() => ({ status, body }));

    reporter.report(aReport());
    await reporter.flush();

    expect(receiver.requests).toHaveLength(1);
    expect(problems).toMatchObject([{ kind: "dropped", reason: "refused", events: 1 }]);
    expect(problems[0]?.message).toContain(why);
  });

  test("does not follow a redirect", async () => {
    const reporter = aReporter();
    const elsewhere = await startReceiver();
    receiver.refuse(() => ({ status: 307, headers: { location: `${elsewhere.url}/v1/usage` } }));

    reporter.report(aReport());
    await reporter.flush();
    await elsewhere.stop();

    expect(elsewhere.requests).toEqual([]);
    expect(problems).toMatchObject([{ kind: "dropped", reason: "refused" }]);
  });

  test("tells which events were refused, and why", async () => {
    const reporter = aReporter();

    reporter.report(aReport({ userEmail: "nobody" }));
    reporter.report(aReport());
    await reporter.flush();

    expect(problems).toMatchObject([
      { kind: "rejected", rejected: [{ code: "invalid", message: /user_email/ }] },
    ]);
    expect(reporter.counts()).toMatchObject({ delivered: 1, rejected: 1, dropped: 0 });
  });
});

describe("the buffer", () => {
  test("takes what it is told to take, then counts and tells what it loses", async () => {
    const reporter = aReporter({ bufferedEventsMax: 10 });

    report(reporter, 25);
    expect(reporter.report(aReport())).toBe(false);
    expect(reporter.counts()).toMatchObject({ reported: 10, buffered: 10 });
    await reporter.flush();
    await reporter.close();

    expect(receiver.events).toHaveLength(10);
    expect(problems).toMatchObject([{ kind: "dropped", reason: "buffer-full", events: 16 }]);
    expect(reporter.counts().dropped).toBe(16);
  });

  test("of 10,000 messages is a few megabytes, though the receiver is away", async () => {
    await receiver.stop();
    const reporter = aReporter();
    const content = [{ type: "text", text: "x".repeat(10_000) }];
    const before = usedMemory();

    for (let index = 0; index < 30_000; index += 1) {
      const { message } = aReport();
      reporter.report({ message: Object.assign(message, { content }) });
    }

    expect(reporter.counts()).toMatchObject({ reported: 10_000, buffered: 10_000 });
    expect(usedMemory() - before).toBeLessThan(60 * 1024 * 1024);
    await reporter.close({ timeoutMs: 0 });
    expect(reporter.counts()).toMatchObject({ buffered: 0, dropped: 30_000 });
  });
});

describe("the end", () => {
  test("flushes, then refuses what comes later", async () => {
    const reporter = aReporter();
    reporter.report(aReport());

    expect(await reporter.close()).toBe(true);
    expect(await reporter.close()).toBe(true);

    expect(receiver.events).toHaveLength(1);
    expect(reporter.report(aReport())).toBe(false);
    expect(problems).toMatchObject([{ kind: "dropped", reason: "closed", events: 1 }]);
  });

  test("counts what there was no time for, once", async () => {
    receiver.delay(3_600_000);
    const reporter = aReporter();
    report(reporter, 600);

    expect(await reporter.close({ timeoutMs: 100 })).toBe(false);
    expect(await reporter.close({ timeoutMs: 100 })).toBe(false);

    expect(problems).toMatchObject([{ kind: "dropped", reason: "closed", events: 600 }]);
    expect(reporter.counts()).toMatchObject({ dropped: 600, delivered: 0, buffered: 0 });
  });

  test("leaves no listener at the process", async () => {
    const listeners = (): number =>
      process.listenerCount("beforeExit") + process.listenerCount("exit");
    const before = listeners();

    const reporter = aReporter();
    expect(listeners()).toBe(before + 2);
    await reporter.close();

    expect(listeners()).toBe(before);
  });
});

test("a flush of nothing is done at once", async () => {
  expect(await aReporter().flush({ timeoutMs: 0 })).toBe(true);
  expect(receiver.requests).toEqual([]);
});

test.each([
  [
    "throws",
    () => {
      throw new Error("mine");
    },
  ],
  ["rejects", async () => await Promise.reject(new Error("mine"))],
])("a listener that %s is nobody's problem", async (_what, onProblem) => {
  const reporter = aReporter({ onProblem });
  receiver.refuse(() => ({ status: 401 }));

  expect(reporter.report({} as UsageReport)).toBe(false);
  reporter.report(aReport());

  expect(await reporter.flush()).toBe(true);
});

test.each([
  [{ url: "spend.acme.test" }, "url: expected where Claude Spend listens"],
  [{ url: "ftp://spend.acme.test" }, "url: expected"],
  [{ secret: "sk-ant-1" }, "secret: expected a Standard Webhooks secret"],
  [{ url: undefined }, "url: expected"],
  [{ secret: "whsec_" }, "secret: expected"],
  [{ secret: "whsec_%%%" }, "secret: expected"],
  [{ secret: undefined }, "secret: expected"],
  [{ secret: `${APP_SECRET}\n`, authentication: "bearer" }, "secret: expected a token"],
  [{ bufferedEventsMax: 0 }, "bufferedEventsMax: expected a whole number of at least 1"],
] as const)("options %j are refused at once", (options, message) => {
  expect(() => aReporter(options)).toThrow(message);
});
