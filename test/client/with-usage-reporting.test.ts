import { AsyncLocalStorage } from "node:async_hooks";
import Anthropic from "@anthropic-ai/sdk";
import type { RawMessageStreamEvent } from "@anthropic-ai/sdk/resources/messages";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  createUsageReporter,
  type UsageProblem,
  type UsageReporter,
  usageMiddleware,
  withUsageReporting,
} from "../../src/client/index.ts";
import type { UsageEvent } from "../../src/domain/usage.ts";
import {
  aMessage,
  aStream,
  eventStream,
  type MessagesApi,
  type Receiver,
  SECRET,
  sendError,
  sendEvents,
  sendMessage,
  startMessagesApi,
  startReceiver,
} from "../support/client-stand-ins.ts";

const QUESTION = {
  model: "claude-opus-5-5",
  max_tokens: 100,
  messages: [{ role: "user" as const, content: "What is two and two?" }],
};

let api: MessagesApi;
let receiver: Receiver;
let problems: UsageProblem[];
let reporter: UsageReporter;
let plain: Anthropic;
let anthropic: Anthropic;

beforeEach(async () => {
  api = await startMessagesApi();
  receiver = await startReceiver();
  problems = [];
  reporter = createUsageReporter({
    url: receiver.url,
    secret: SECRET,
    defaults: { team: "search", tags: { env: "test" } },
    onProblem: (problem) => problems.push(problem),
  });
  plain = new Anthropic({ apiKey: "sk-test", baseURL: api.url, maxRetries: 1 });
  anthropic = withUsageReporting(plain, reporter);
});

afterEach(async () => {
  await reporter.close({ timeoutMs: 100 });
  await Promise.all([api.stop(), receiver.stop()]);
});

async function reported(): Promise<readonly UsageEvent[]> {
  expect(await reporter.flush()).toBe(true);
  return receiver.events;
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

describe("a message", () => {
  test("is reported with its usage, ids and attribution", async () => {
    const message = await anthropic.messages.create(QUESTION);

    expect(message).toHaveProperty("_request_id", "req_1");
    expect(await reported()).toMatchObject([
      {
        eventId: message.id,
        messageId: message.id,
        requestId: "req_1",
        model: "claude-opus-5-5",
        provider: "anthropic",
        workspaceId: "wrkspc_1",
        claimedTeam: "search",
        tags: { env: "test" },
        isIncomplete: false,
        usage: {
          uncachedInputTokens: 100,
          cacheCreation5mInputTokens: 10,
          cacheCreation1hInputTokens: 20,
          cacheReadInputTokens: 50,
          outputTokens: 7,
          webSearchRequests: 2,
          serviceTier: "standard",
          inferenceGeo: "us",
        },
      },
    ]);
    expect(problems).toEqual([]);
  });

  test("is what the SDK alone would give", async () => {
    const content = [{ type: "tool_use", id: "toolu_1", name: "add", input: { a: 2 } }];
    const sent = aMessage({ content, stop_reason: "tool_use" });
    api.answer((_request, response) => sendMessage(response, sent));

    const call = anthropic.messages.create(QUESTION);
    const { data, response, request_id } = await call.withResponse();

    expect(data).toEqual(sent);
    expect(request_id).toBe("req_1");
    expect(response.url).toBe(`${api.url}/v1/messages`);
    expect(response.status).toBe(200);
    expect((await reported()).map(({ eventId }) => eventId)).toEqual([sent["id"]]);
  });

  test("is reported, too, when only its raw response is read", async () => {
    const response = await anthropic.messages.create(QUESTION).asResponse();

    expect(await response.json()).toMatchObject({ type: "message" });
    expect(await reported()).toHaveLength(1);
  });

  test("of the beta and of the parser is reported", async () => {
    await anthropic.beta.messages.create({ ...QUESTION, betas: ["context-1m-2025-08-07"] });
    await anthropic.messages.parse(QUESTION);

    expect((await reported()).map(({ requestId }) => requestId)).toEqual(["req_1", "req_2"]);
  });

  test("keeps iterations, the compaction among them", async () => {
    const iterations = [
      { type: "compaction", input_tokens: 500, output_tokens: 9 },
      { type: "advisor_message", model: "claude-haiku-5-5", input_tokens: 5, output_tokens: 1 },
    ];
    const usage = { input_tokens: 5, output_tokens: 1, iterations };
    api.answer((_request, response) => sendMessage(response, aMessage({ usage })));

    await anthropic.beta.messages.create(QUESTION);

    const [event] = await reported();
    expect(event?.usage.iterations).toMatchObject([
      { type: "compaction", uncachedInputTokens: 500, outputTokens: 9 },
      { type: "advisor_message", model: "claude-haiku-5-5", uncachedInputTokens: 5 },
    ]);
  });
});

describe("a stream", () => {
  test("is reported with its newest usage, which replaces and is not summed", async () => {
    api.answer((_request, response) => {
      sendEvents(response, aStream());
      response.end();
    });

    await collect(await anthropic.messages.create({ ...QUESTION, stream: true }));

    expect(await reported()).toMatchObject([
      {
        requestId: "req_1",
        isIncomplete: false,
        usage: {
          uncachedInputTokens: 140,
          cacheCreation5mInputTokens: 10,
          cacheCreation1hInputTokens: 20,
          cacheReadInputTokens: 60,
          outputTokens: 44,
          webSearchRequests: 3,
        },
      },
    ]);
  });

  test("has the events that the SDK alone would give, in their order", async () => {
    const stream = aStream();
    api.answer((_request, response) => {
      sendEvents(response, stream);
      response.end();
    });

    const ofPlain = await collect(await plain.messages.create({ ...QUESTION, stream: true }));
    const ours = await collect(await anthropic.messages.create({ ...QUESTION, stream: true }));

    expect(ours).toEqual(ofPlain);
    expect(ours).toHaveLength(stream.length - 1); // the SDK keeps pings to itself
    expect(await reported()).toHaveLength(1);
  });

  test.each(["messages", "beta"] as const)(
    "by the helper of %s is reported once",
    async (which) => {
      api.answer((_request, response) => {
        sendEvents(response, aStream());
        response.end();
      });
      const stream =
        which === "beta"
          ? anthropic.beta.messages.stream(QUESTION)
          : anthropic.messages.stream(QUESTION);

      const message = await stream.finalMessage();

      expect(message.content).toMatchObject([
        { type: "thinking" },
        { type: "text" },
        { type: "tool_use", input: { a: 2 } },
      ]);
      expect(await reported()).toMatchObject([
        { eventId: message.id, usage: { outputTokens: 44 }, isIncomplete: false },
      ]);
    },
  );

  test("arrives piece by piece, as it is sent", async () => {
    const events = aStream();
    let finish = (): void => undefined;
    api.answer((_request, response) => {
      sendEvents(response, events.slice(0, 3));
      finish = () => {
        sendEvents(response, events.slice(3));
        response.end();
      };
    });

    const types: string[] = [];
    for await (const event of await anthropic.messages.create({ ...QUESTION, stream: true })) {
      types.push(event.type);
      if (types.length === 3) finish(); // nothing of the rest was sent before
    }

    expect(types.at(-1)).toBe("message_stop");
  });

  test("that the app breaks out of is broken off, and reported at its floor", async () => {
    const events = aStream({ text: "x".repeat(400) });
    api.answer((_request, response) => sendEvents(response, events.slice(0, 7)));

    let seen: RawMessageStreamEvent | undefined;
    for await (const event of await anthropic.messages.create({ ...QUESTION, stream: true })) {
      seen = event;
      if (event.type === "content_block_delta" && event.delta.type === "text_delta") break;
    }

    expect(seen?.type).toBe("content_block_delta");
    expect(await reported()).toMatchObject([
      // 12 characters of thinking and 400 of text
      { isIncomplete: true, usage: { uncachedInputTokens: 100, outputTokens: 103 } },
    ]);
    await expect.poll(() => api.brokenOff).toBe(1);
  });

  test("that the app aborts is reported, also when nobody reads on", async () => {
    api.answer((_request, response) => sendEvents(response, aStream().slice(0, 4)));
    const stream = await anthropic.messages.create({ ...QUESTION, stream: true });
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();

    stream.controller.abort();

    expect(await reported()).toMatchObject([{ isIncomplete: true, requestId: "req_1" }]);
  });

  test("of the helper that is aborted fails as ever, and is reported", async () => {
    api.answer((_request, response) => sendEvents(response, aStream().slice(0, 4)));
    const stream = anthropic.messages.stream(QUESTION);
    stream.on("thinking", () => stream.abort());

    await expect(stream.finalMessage()).rejects.toBeInstanceOf(Anthropic.APIUserAbortError);

    expect(await reported()).toMatchObject([{ isIncomplete: true, usage: { outputTokens: 3 } }]);
  });

  test("that the API ends with an error fails as ever, and is reported", async () => {
    const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
    api.answer((_request, response) => {
      sendEvents(response, [...aStream().slice(0, 4), error]);
      response.end();
    });

    const read = async (client: Anthropic): Promise<unknown> =>
      await collect(await client.messages.create({ ...QUESTION, stream: true })).catch(
        (cause: unknown) => cause,
      );

    const failure = await read(anthropic);
    expect(failure).toMatchObject({ requestID: "req_1", error });
    expect(String(failure)).toBe(String(await read(plain)));
    expect(await reported()).toMatchObject([{ isIncomplete: true }]);
  });

  test("whose connection breaks fails, and is reported", async () => {
    api.answer((_request, response) => {
      sendEvents(response, aStream().slice(0, 4));
      setTimeout(() => response.destroy(), 20);
    });

    const stream = await anthropic.messages.create({ ...QUESTION, stream: true });
    await expect(collect(stream)).rejects.toThrow("terminated");

    expect(await reported()).toMatchObject([{ isIncomplete: true }]);
  });

  test("left after its last usage is complete", async () => {
    api.answer((_request, response) => sendEvents(response, aStream().slice(0, -1)));

    for await (const event of await anthropic.messages.create({ ...QUESTION, stream: true })) {
      if (event.type === "message_delta") break;
    }

    expect(await reported()).toMatchObject([{ isIncomplete: false, usage: { outputTokens: 44 } }]);
  });

  test("cut off before it said its usage is told as a problem", async () => {
    api.answer((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(eventStream([{ type: "ping" }]));
    });

    await collect(await anthropic.messages.create({ ...QUESTION, stream: true }));

    expect(await reported()).toEqual([]);
    expect(problems).toMatchObject([{ kind: "unreadable", requestId: "req_1" }]);
  });
});

describe("a call", () => {
  test("that fails and is tried again by the SDK is reported once", async () => {
    api.answer((_request, response) => {
      if (api.requests.length === 1) sendError(response, 529);
      else sendMessage(response, aMessage());
    });

    await anthropic.messages.create(QUESTION);

    expect((await reported()).map(({ requestId }) => requestId)).toEqual(["req_2"]);
    expect(problems).toEqual([]);
  });

  test("that fails for good throws the SDK's error and reports nothing", async () => {
    api.answer((_request, response) => sendError(response, 400));

    await expect(anthropic.messages.create(QUESTION)).rejects.toBeInstanceOf(
      Anthropic.BadRequestError,
    );

    expect(await reported()).toEqual([]);
    expect(problems).toEqual([]);
  });

  test("that uses no tokens is not reported", async () => {
    api.answer((_request, response) => sendMessage(response, { input_tokens: 5 }));

    await anthropic.messages.countTokens(QUESTION);
    await anthropic.messages.batches.list();

    expect(await reported()).toEqual([]);
    expect(problems).toEqual([]);
  });

  test("whose answer is cut off is told as a problem", async () => {
    api.answer((_request, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "500" });
      response.write('{"id":"msg_1","usage"');
      setTimeout(() => response.destroy(), 20);
    });

    await expect(anthropic.messages.create(QUESTION)).rejects.toThrow("terminated");

    expect(problems).toMatchObject([{ kind: "unreadable", requestId: "req_1" }]);
  });

  test("whose usage makes no sense is returned, and told as a problem", async () => {
    const sent = aMessage({ usage: { input_tokens: "many" } });
    api.answer((_request, response) => sendMessage(response, sent));

    expect(await anthropic.messages.create(QUESTION)).toEqual(sent);

    expect(problems).toMatchObject([{ kind: "unreadable" }]);
  });

  test("is not delayed by a receiver that does not answer", async () => {
    receiver.delay(3_600_000);
    await anthropic.messages.create(QUESTION);
    void reporter.flush({ timeoutMs: 200 });
    await expect.poll(() => receiver.requests.length).toBe(1);

    for (let call = 0; call < 20; call += 1) await anthropic.messages.create(QUESTION);

    expect(reporter.counts()).toMatchObject({ reported: 21, buffered: 21 });
  });
});

describe("attribution", () => {
  test("of a copy adds to that of the reporter, and replaces that of the copied", async () => {
    const checkout = withUsageReporting(anthropic, reporter, {
      project: "checkout",
      workspaceId: "wrkspc_own",
      tags: { feature: "summary" },
    });
    const ranking = withUsageReporting(checkout, reporter, { project: "ranking" });

    await checkout.messages.create(QUESTION);
    await ranking.messages.create(QUESTION);
    await plain.messages.create(QUESTION);

    expect(await reported()).toMatchObject([
      {
        claimedTeam: "search",
        claimedProject: "checkout",
        workspaceId: "wrkspc_own",
        tags: { env: "test", feature: "summary" },
      },
      {
        claimedTeam: "search",
        claimedProject: "ranking",
        workspaceId: "wrkspc_1",
        tags: { env: "test" },
      },
    ]);
    expect(receiver.events).toHaveLength(2);
  });

  test("can be asked for in the context of each call", async () => {
    const user = new AsyncLocalStorage<string>();
    const client = withUsageReporting(plain, reporter, () => ({ userEmail: user.getStore() }));

    await Promise.all(
      ["ana@acme.test", "bo@acme.test"].map(
        async (email) => await user.run(email, async () => await client.messages.create(QUESTION)),
      ),
    );

    const emails = (await reported()).map(({ userEmail }) => userEmail);
    expect(new Set(emails)).toEqual(new Set(["ana@acme.test", "bo@acme.test"]));
  });

  test("that fails costs the attribution, not the call and not the report", async () => {
    const client = withUsageReporting(plain, reporter, () => {
      throw new Error("no context");
    });

    await client.messages.create(QUESTION);

    expect(await reported()).toHaveLength(1);
    expect(problems).toMatchObject([{ kind: "unattributed" }]);
  });

  test("middleware can be given to the SDK directly", async () => {
    const client = new Anthropic({
      apiKey: "sk-test",
      baseURL: api.url,
      middleware: [usageMiddleware(reporter, { project: "checkout" })],
    });

    await client.messages.create(QUESTION);

    expect(await reported()).toMatchObject([{ claimedProject: "checkout" }]);
  });
});

test("never sends text of prompts or answers", async () => {
  const word = fc.stringMatching(/^[a-zé☃]{12,30}$/);
  await fc.assert(
    fc.asyncProperty(word, word, word, fc.boolean(), async (prompt, text, input, isStream) => {
      const content = [
        { type: "thinking", thinking: text, signature: input },
        { type: "text", text, citations: [{ type: "char_location", cited_text: prompt }] },
        { type: "tool_use", id: "toolu_1", name: input, input: { [input]: input } },
      ];
      const usage = { input_tokens: 1, output_tokens: 1, service_tier: [text], note: text };
      api.answer((_request, response) => {
        if (!isStream) {
          sendMessage(response, aMessage({ content, usage, stop_sequence: text, echo: prompt }));
          return;
        }
        sendEvents(response, aStream({ text }));
        response.end();
      });
      const body = {
        ...QUESTION,
        system: prompt,
        metadata: { user_id: prompt },
        messages: [{ role: "user" as const, content: prompt }],
      };

      if (isStream) await collect(await anthropic.messages.create({ ...body, stream: true }));
      else await anthropic.messages.create(body);
      await reporter.flush();

      const sent = receiver.requests.at(-1)?.body ?? "";
      expect(sent).toContain("input_tokens");
      for (const secret of [prompt, text, input]) expect(sent).not.toContain(secret);
    }),
    { numRuns: 30 },
  );
});
