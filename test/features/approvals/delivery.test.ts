/** Cards and notices of approvals on their way through a Slack that fails, into the strict fake. */
import { readFileSync } from "node:fs";
import { pino } from "pino";
import { beforeEach, expect, test } from "vitest";
import { HOUR_MS } from "../../../src/domain/time.ts";
import { approve } from "../../../src/features/approvals/flow/decide-approval.ts";
import { readManifest } from "../../../src/sandbox/slack/index.ts";
import { createDirectory } from "../../../src/slack/directory.ts";
import { sendDueMessages } from "../../../src/slack/sender.ts";
import type { PostedMessage, SlackWeb } from "../../../src/slack/web.ts";
import { createSlackWeb } from "../../../src/slack/web-client.ts";
import { ANA } from "../../support/approvals-builders.ts";
import { useDatabase } from "../../support/database.ts";
import { PEOPLE, useFakeSlack } from "../../support/fake-slack.ts";
import { acme, ask, resetAcme } from "./flow/setup.ts";

const db = useDatabase();
const fakeSlack = useFakeSlack({
  manifest: readManifest(readFileSync("manifest.yml", "utf8")),
});

beforeEach(async () => {
  await resetAcme(db.pool);
});

test.each([
  ["a rate limit", { kind: "ratelimited" }],
  ["an answer that is lost", { kind: "drop_after" }],
  ["a line that breaks before", { kind: "drop_before" }],
  ["a server error", { kind: "http_500" }],
] as const)("%s now and then: one card a person, and it says the outcome", async (_, fault) => {
  const fake = fakeSlack();
  const deps = acme(db.pool);
  const { clock } = deps;
  const log = pino({ level: "silent" });
  const slack = createSlackWeb({ token: fake.credentials.botToken, apiUrl: fake.apiUrl() });
  let failures = 0;
  const counted =
    <In, Out>(call: (what: In) => Promise<Out>) =>
    async (what: In): Promise<Out> => {
      try {
        return await call(what);
      } catch (error) {
        failures += 1;
        throw error;
      }
    };
  const web = {
    ...slack,
    postMessage: counted<Parameters<SlackWeb["postMessage"]>[0], PostedMessage>(
      async (what) => await slack.postMessage(what),
    ),
    updateMessage: counted<Parameters<SlackWeb["updateMessage"]>[0], void>(
      async (what) => await slack.updateMessage(what),
    ),
  };
  const directory = createDirectory({ database: db.pool, web, clock });
  const deliverAll = async (method: string): Promise<void> => {
    fake.faults.add({ ...fault, method, times: 2 });
    for (let round = 0; round < 12; round += 1) {
      // oxlint-disable-next-line no-await-in-loop -- round after round, as the loop does
      await sendDueMessages({ database: db.pool, web, directory, clock, log, random: () => 0 });
      deps.manual.advance(HOUR_MS / 12);
    }
  };

  const { requestId } = await ask(deps);
  await deliverAll("chat.postMessage");
  expect(failures).toBe(2);
  await approve(deps, { requestId, actorEmail: ANA });
  await deliverAll("chat.update");
  expect(failures).toBe(4);

  const texts = (person: keyof typeof PEOPLE): string[] =>
    fake
      .as(PEOPLE[person])
      .messages("dm")
      .map(({ text }) => text);
  for (const approver of ["ana", "dana"] as const) {
    expect(texts(approver)).toEqual([expect.stringContaining("Approved by ana@acme.test")]);
  }
  expect(texts("bo")).toEqual([
    expect.stringContaining("Approved by"),
    expect.stringContaining("approved $200.00"),
  ]);
  const { rows } = await db.pool.query(`select distinct o.status from outbox_messages o`);
  expect(rows).toEqual([{ status: "sent" }]);
});
