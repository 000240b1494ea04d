/**
 * What docs/sources.md shows is what there is: its examples are events, its code sends them with the
 * packages that it names, its addresses are routes and its commands can be typed.
 */
import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { CloudEvent, HTTP } from "cloudevents";
import { Command } from "commander";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { openApiDocument } from "../../../../src/app/openapi.ts";
import type { DefineCommand } from "../../../../src/cli/command.ts";
import { defineImportCommand } from "../../../../src/cli/import.ts";
import { definePullCommand } from "../../../../src/cli/pull.ts";
import { defineSourceCommands } from "../../../../src/cli/sources.ts";
import { instant } from "../../../../src/domain/time.ts";
import { authenticateSource } from "../../../../src/features/ingest/authenticate.ts";
import { USAGE_EVENTS_MAX } from "../../../../src/http/limits.ts";
import { DELIVERY_CONTEXT, onlyEvent, parseDelivery } from "../../../support/native-deliveries.ts";
import { aWebhookSecret } from "../../../support/usage-builders.ts";

const text = readFileSync("docs/sources.md", "utf8");

function sectionOf(heading: string): string {
  const from = text.slice(text.indexOf(`\n## ${heading}\n`) + 1);
  return from.slice(0, from.indexOf("\n## ") === -1 ? undefined : from.indexOf("\n## "));
}

function blocksUnder(heading: string, language: string): readonly string[] {
  const blocks = sectionOf(heading).matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, "g"));
  return [...blocks].map(([, block = ""]) => block);
}

test.each([
  ["Native events", "application/json", ["req_011CX"]],
  ["CloudEvents", "application/cloudevents+json", ["/checkout|A234-1234"]],
  [
    "Anthropic's responses, streams and batch results",
    "application/json",
    [
      "req_018EeWyXxfu5pfWkrYcMdjWG",
      "req_018EeWyXxfu5pfWkrYcMdjWG",
      "msg_01G8",
      "msg_014VwiXbi91y3JMjcpyGBHX5",
    ],
  ],
])("%s: each example is an event", (heading, contentType, eventIds) => {
  const examples = blocksUnder(heading, "json").map((json) =>
    onlyEvent(parseDelivery(json, { contentType })),
  );
  expect(examples.map((event) => event.eventId)).toEqual(eventIds);
});

describe("the code that sends an event", () => {
  const secret = aWebhookSecret();
  const url = "https://claude-spend.test";
  const usage = { input_tokens: 1_000, output_tokens: 800 };
  const message = { id: "msg_01", type: "message", model: "claude-opus-5-5", usage };
  const answer = { ...message, role: "assistant", content: [{ type: "text", text: "Secret" }] };
  /** What a snippet takes from the code around it. */
  const surroundings = {
    process: { env: { CLAUDE_SPEND_URL: url, CLAUDE_SPEND_TOKEN: secret } },
    CloudEvent,
    HTTP,
    Webhook,
    event: { event_id: "e1", occurred_at: new Date().toISOString(), model: message.model, usage },
    message: { ...answer, _request_id: "req_01" },
  };
  const sent = z.object({
    method: z.literal("POST"),
    headers: z.record(z.string().toLowerCase(), z.string()),
    body: z.string(),
  });

  /** Imports are given, and the call of the API has been made. */
  async function send(heading: string, surround: object = surroundings) {
    const [code = ""] = blocksUnder(heading, "ts").filter((block) => block.includes("fetch("));
    const body = code.replace(/^import .*$/gm, "").replace(/^const message = .*$/m, "");
    const requests: { readonly url: URL; readonly init: z.infer<typeof sent> }[] = [];
    const fetch = (address: string, init: unknown): void => {
      requests.push({ url: new URL(address), init: sent.parse(init) });
    };
    await runInNewContext(`(async () => {${body}})()`, { ...surround, fetch });
    const [request] = requests;
    if (request === undefined || requests.length > 1) throw new Error("expected one request");
    return request;
  }

  test.each([
    ["Native events", /^e1$/, undefined],
    ["CloudEvents", /^\/checkout\|/, "req_01"],
    ["Anthropic's responses, streams and batch results", /^req_01$/, "req_01"],
  ])("%s: is let in, and its event is as meant", async (heading, eventId, requestId) => {
    const { url: address, init } = await send(heading);

    const sources = {
      findByToken: async (token: string) =>
        await Promise.resolve(token === secret ? { name: "checkout", isTrusted: true } : undefined),
      listSigningSecrets: async (name: string) =>
        await Promise.resolve(
          name === "checkout"
            ? { source: { name, isTrusted: true }, secrets: [secret] }
            : undefined,
        ),
    };
    const credentials = {
      headers: init.headers,
      body: Buffer.from(init.body),
      sourceName: address.searchParams.get("source") ?? undefined,
    };
    expect(
      await authenticateSource({ sources, ingestSecret: undefined }, credentials),
    ).toMatchObject({ name: "checkout" });
    expect(address.origin + address.pathname).toBe(`${url}/v1/usage`);
    const event = onlyEvent(
      parseDelivery(
        init.body,
        { contentType: init.headers["content-type"] ?? "", headers: init.headers },
        { ...DELIVERY_CONTEXT, now: instant(new Date()) },
      ),
    );
    expect(event.eventId).toMatch(eventId);
    expect(event.model).toBe(message.model);
    expect(event.requestId).toBe(requestId);
    expect(event.usage).toMatchObject({ uncachedInputTokens: 1_000, outputTokens: 800 });
    expect(init.body).not.toContain("Secret");
  });
});

test("every address that usage is sent to is a route", () => {
  const { paths } = z.object({ paths: z.record(z.string(), z.unknown()) }).parse(openApiDocument());
  const endpoints = [...text.matchAll(/(?:example|_URL\}?|POST |`)(\/(?:v1\/usage|otlp)[\w/]*)/g)]
    .map(([, path = ""]) => path)
    .filter((path) => !path.endsWith("/"));

  expect(new Set(endpoints).size).toBeGreaterThan(5);
  // Exporters append the signal to the address in their settings.
  const called = endpoints.map((path) => (path === "/otlp" ? "/otlp/v1/logs" : path));
  expect(called.filter((path) => !(path in paths))).toEqual([]);
});

test("the settings of a Collector are some that it starts with, and make no request too large", () => {
  const names = z.record(z.string(), z.unknown());
  const settings = z
    .object({
      receivers: names,
      processors: z.object({
        batch: z.object({ send_batch_size: z.number(), send_batch_max_size: z.number() }),
      }),
      exporters: names,
      service: z.object({
        pipelines: z.record(
          z.enum(["logs", "traces"]),
          z.object({
            receivers: z.array(z.string()),
            processors: z.array(z.string()),
            exporters: z.array(z.string()),
          }),
        ),
      }),
    })
    .parse(parseYaml(blocksUnder("Claude Code, OpenTelemetry", "yaml")[0] ?? ""));

  const { batch } = settings.processors;
  // It refuses a maximum that is below the size, which is 8,192 where none is given.
  expect(batch.send_batch_max_size).toBeGreaterThanOrEqual(batch.send_batch_size);
  expect(batch.send_batch_max_size).toBeLessThanOrEqual(USAGE_EVENTS_MAX);
  for (const pipeline of Object.values(settings.service.pipelines)) {
    expect(Object.keys(settings.receivers)).toEqual(pipeline.receivers);
    expect(Object.keys(settings.processors)).toEqual(pipeline.processors);
    expect(Object.keys(settings.exporters)).toEqual(pipeline.exporters);
  }
});

test("LiteLLM's settings define the callback that they name", () => {
  const { litellm_settings: used, callback_settings: defined } = z
    .object({
      litellm_settings: z.object({ callbacks: z.array(z.string()) }),
      callback_settings: z.record(z.string(), z.object({ callback_type: z.string() })),
    })
    .parse(parseYaml(blocksUnder("LiteLLM", "yaml")[0] ?? ""));

  expect(Object.keys(defined)).toEqual(used.callbacks);
});

describe("the commands", () => {
  const lines = [...text.matchAll(/npx claude-spend ((?:sources|pull|import)[^\n`#|]*)/g)].map(
    ([, words = ""]) => words.trim(),
  );

  /** The words and options that there are, without what they do. */
  function grammar(): Command {
    const program = new Command().exitOverride();
    const within =
      (parent: Command): DefineCommand =>
      (name, description) =>
        parent
          .command(name)
          .description(description)
          .exitOverride()
          .configureOutput({ writeErr: () => {} })
          .action(() => {});
    const surround = { env: {}, clock: () => instant(new Date()) };
    defineSourceCommands(within(program.command("sources")), surround);
    definePullCommand(within(program), surround);
    defineImportCommand(within(program), surround);
    return program;
  }

  test.each(lines)("claude-spend %s", async (line) => {
    const words = line.split(/\s+/).filter((word) => word !== "");
    await expect(grammar().parseAsync(words, { from: "user" })).resolves.toBeDefined();
  });

  test("show how a source is made, seen, renewed and removed", () => {
    const verbs = lines.flatMap((line) => /^sources (\w+)/.exec(line)?.[1] ?? []);
    expect(new Set(verbs)).toEqual(new Set(["add", "list", "rotate", "remove", "meter"]));
  });
});
