import { createServer, type IncomingMessage, type Server } from "node:http";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { askClaude } from "../../../src/anthropic/ask.ts";
import { emailFrom } from "../../../src/domain/email.ts";
import { usd as pico, sumUsd } from "../../../src/domain/money.ts";
import { instant, timeZone } from "../../../src/domain/time.ts";
import { explainChange } from "../../../src/features/insights/index.ts";
import { whyMessage } from "../../../src/features/insights/messages/why.ts";
import { insightListeners } from "../../../src/features/insights/slack.ts";
import type { SlackMessage } from "../../../src/slack/blocks.ts";
import { acme } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { use } from "../../support/insight-builders.ts";
import { recordingWeb } from "../../support/recording-web.ts";
import { messageProblems } from "../../support/shown.ts";

const db = useDatabase();
const NOW = "2026-11-23T10:07:00Z";

/** The request of `ask` as Anthropic's Messages API takes it: anything else is a 400. */
const messagesRequest = z.strictObject({
  model: z.literal("claude-haiku-5-5"),
  max_tokens: z.int().positive().max(1_000),
  system: z.string(),
  messages: z.tuple([z.strictObject({ role: z.literal("user"), content: z.string().min(1) })]),
  tools: z.tuple([
    z.strictObject({
      name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
      description: z.string(),
      input_schema: z.looseObject({ type: z.literal("object") }),
    }),
  ]),
  tool_choice: z.strictObject({
    type: z.literal("tool"),
    name: z.string(),
    disable_parallel_tool_use: z.literal(true),
  }),
});

/** What the stand-in answers with, and the bodies that it was asked with. */
let choice: unknown;
let status = 200;
const asked: z.output<typeof messagesRequest>[] = [];
let server: Server;
let baseUrl = "";

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
}

beforeAll(async () => {
  server = createServer((request, response) => {
    void (async () => {
      const parsed = messagesRequest.safeParse(await bodyOf(request));
      const isRight =
        request.method === "POST" &&
        request.url === "/v1/messages" &&
        request.headers["x-api-key"] === "sk-ant-api-test" &&
        request.headers["anthropic-version"] !== undefined &&
        parsed.success;
      if (parsed.success) asked.push(parsed.data);
      response.writeHead(isRight ? status : 400, { "content-type": "application/json" });
      response.end(
        JSON.stringify(
          isRight && status === 200
            ? {
                id: "msg_1",
                type: "message",
                role: "assistant",
                model: "claude-haiku-5-5",
                stop_reason: "tool_use",
                content: [{ type: "tool_use", id: "toolu_1", name: "choose", input: choice }],
                usage: { input_tokens: 10, output_tokens: 10 },
              }
            : { type: "error", error: { type: "invalid_request_error", message: "no" } },
        ),
      );
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  baseUrl = `http://127.0.0.1:${String(typeof address === "object" ? address?.port : 0)}`;

  await acme(db.pool);
  const bo = { teamKey: "search", userEmail: emailFrom("bo@acme.test"), projectKey: "checkout" };
  const ana = { teamKey: "search", userEmail: emailFrom("ana@acme.test"), projectKey: "ranking" };
  await use(
    db.pool,
    { at: "2026-10-05T10:00:00Z", cost: usd(10), of: bo, inputTokens: 1_000 },
    { at: "2026-11-05T10:00:00Z", cost: usd(40), of: bo, inputTokens: 2_000 },
    { at: "2026-11-06T10:00:00Z", cost: usd(5), of: { ...ana, modelId: "claude-haiku-5-5" } },
    { at: "2026-11-06T10:00:00Z", cost: usd(3), of: { teamKey: "ads" } },
  );
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
});

beforeEach(() => {
  asked.length = 0;
  status = 200;
});

async function type(
  name: "why" | "ask",
  text: string,
  { email = "ana@acme.test", hasKey = true } = {},
): Promise<SlackMessage> {
  const answers: SlackMessage[] = [];
  const access = { key: "sk-ant-api-test", baseUrl };
  const listeners = insightListeners({
    database: db.pool,
    clock: fixedClock(NOW),
    ask: hasKey ? async (request) => await askClaude(access, request) : undefined,
    directory: { resolveMentions: async (typed) => await Promise.resolve(typed) },
  });
  const command = listeners.subcommands?.find((one) => one.name === name);
  await command?.run({
    actor: {
      slackUserId: "U1",
      slackTeamId: "T1",
      email: email === "" ? undefined : emailFrom(email),
    },
    text,
    triggerId: "trigger",
    web: recordingWeb().web,
    respond: async (message) => {
      answers.push(message);
      await Promise.resolve();
    },
  });
  const [answer] = answers;
  if (answer === undefined || answers.length > 1) throw new Error("one answer was expected");
  expect(messageProblems(answer)).toEqual([]);
  return answer;
}

function shown(message: SlackMessage): string {
  return JSON.stringify(message.blocks);
}

describe("why", () => {
  test("says what moved and what makes it up, each list adding up to the change", async () => {
    const answer = await type("why", "search mtd");

    expect(answer.text).toBe("Search: $45.00, $35.00 more than $10.00.");
    const text = shown(answer);
    expect(text).toContain("+$10.00  Volume: more tokens");
    expect(text).toContain("+$20.00  Price: higher prices of the same tokens");
    expect(text).toContain("+$5.00  Mix: dearer models or longer answers");
    expect(text).toContain("+$30.00  checkout · $40.00");
    expect(text).toContain("+$30.00  bo@acme.test · $40.00");
    expect(text).toContain("models: claude-haiku-5-5 $5.00");
  });

  test("members see no amounts of single people, and of other teams nothing", async () => {
    expect(shown(await type("why", "search", { email: "bo@acme.test" }))).not.toContain(
      "ana@acme.test",
    );
    expect((await type("why", "ads", { email: "bo@acme.test" })).text).toBe(
      "You may not see “ads”.",
    );
  });

  test("who Slack does not tell us gets an answer that says so", async () => {
    expect((await type("why", "search", { email: "" })).text).toContain("I can't tell who you are");
  });

  test("the button Why? says the effects in words", async () => {
    const explanation = await explainChange(db.pool, {
      scope: { kind: "team", key: "search" },
      name: "Search",
      period: { start: instant("2026-11-01T00:00:00Z"), end: instant("2026-12-01T00:00:00Z") },
      maySeePeople: false,
      teams: [],
      now: instant(NOW),
    });

    expect(explanation.words).toBe("+$45.00 by more tokens.");
  });

  test("fits a message for any input, and its parts add up", () => {
    const amount = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(pico);
    const mover = fc.record({ name: fc.string({ maxLength: 400 }), now: amount, before: amount });
    const period = { start: instant("2026-11-01T00:00:00Z"), end: instant(NOW) };
    fc.assert(
      fc.property(
        fc.string({ maxLength: 400 }),
        fc.array(mover, { maxLength: 40 }),
        fc.array(amount, { minLength: 4, maxLength: 4 }),
        (name, top, [volume, mix, cache, price]) => {
          const effects = {
            volume: volume ?? pico(0n),
            mix: mix ?? pico(0n),
            cache: cache ?? pico(0n),
            price: price ?? pico(0n),
          };
          const message = whyMessage({
            explanation: {
              name,
              span: period,
              before: period,
              total: { now: sumUsd(Object.values(effects)), before: pico(0n) },
              movers: ["team", "user", "model", "api_key"].map((by) => ({ by, top })),
            },
            effects,
            label: "Month to date",
            previousLabel: name,
            zone: timeZone("Europe/Berlin"),
            now: instant(NOW),
          });
          expect(messageProblems(message)).toEqual([]);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe("ask", () => {
  const spend = {
    query: "spend",
    scope: "search",
    period: "mtd",
    sentence: "{scope} used {total} in {period}.",
  };

  test("Claude chooses the query and the words; the numbers are those of SQL", async () => {
    choice = spend;
    const answer = await type("ask", "what did search spend?");

    expect(answer.text).toBe("Search used $45.00 in month to date.");
    expect(shown(answer)).toContain("`/claude-spend search mtd` gives the same.");
  });

  test("Claude is shown no number and no name but those of the question", async () => {
    choice = spend;
    await type("ask", "what did search spend?");

    expect(asked).toHaveLength(1);
    expect(JSON.stringify(asked)).not.toMatch(/45|bo@acme|checkout|Ads/);
    expect(asked[0]?.messages[0].content).toBe("what did search spend?");
  });

  test("the largest of something", async () => {
    choice = {
      ...spend,
      query: "top",
      by: "model",
      sentence: "{first} leads with {first_cost} of {total}.",
    };

    expect((await type("ask", "which model costs most?")).text).toBe(
      "claude-opus-5-5 leads with $40.00 of $45.00.",
    );
  });

  test.each([
    ["a number of its own", "{scope} spent 9,000 dollars, {total}."],
    ["a number in words", "{scope} spent a thousand, {total}."],
    ["which way it went", "{total} is more than before."],
    ["a gap that we don't know", "{total} of {secret}."],
    ["no amount", "Search is fine."],
    ["far too much", `{total} ${"a".repeat(400)}`],
  ])("a sentence with %s is not used", async (_, sentence) => {
    choice = { ...spend, sentence };

    expect((await type("ask", "what did search spend?")).text).toBe(
      "Search spent $45.00 (month to date).",
    );
  });

  test("nobody learns by asking what they may not see", async () => {
    choice = { ...spend, scope: "ads" };
    expect((await type("ask", "and ads?")).text).toBe("You may not see “ads”.");

    choice = { ...spend, query: "top", by: "user", sentence: "{first}: {first_cost} of {total}" };
    const answer = await type("ask", "who in search spends most?", { email: "bo@acme.test" });
    expect(answer.text).toContain("You may not see what each person of search spent.");
    expect(shown(answer)).not.toContain("$");
  });

  test.each([
    ["another shape", { query: "drop tables" }],
    ["a field too many", { ...spend, sql: "select" }],
    ["nothing", null],
  ])("an answer of %s counts as none", async (_, input) => {
    choice = input;

    expect((await type("ask", "what did search spend?")).text).toBe(
      "Claude can't be asked right now.",
    );
  });

  test("with Claude refusing, the answer names the commands", async () => {
    choice = spend;
    status = 400;

    expect(shown(await type("ask", "what?"))).toContain("/claude-spend top");
  });

  test("without a key, and without a question, nobody is asked", async () => {
    expect((await type("ask", "what?", { hasKey: false })).text).toContain("need a key");
    expect((await type("ask", "  ")).text).toBe("What would you like to know?");
    expect(asked).toEqual([]);
  });

  test("a question for something else has no numbers", async () => {
    choice = { ...spend, query: "none", sentence: "" };

    expect((await type("ask", "who won?")).text).toBe("I have no numbers for that question.");
  });
});
