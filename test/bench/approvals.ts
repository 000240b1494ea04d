/** From a click on Approve to the updated card, with many open requests and many clicks a second. */

import { readFileSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { readConfig } from "../../src/app/config.ts";
import { startProgram } from "../../src/app/program.ts";
import { governanceAppliers } from "../../src/app/wire.ts";
import { emailFrom } from "../../src/domain/email.ts";
import { instant } from "../../src/domain/time.ts";
import { requestRaise } from "../../src/features/budgets/flow/request-raise.ts";
import { applyGovernance } from "../../src/features/governance/index.ts";
import { createFakeSlack, type FakeSlack, readManifest } from "../../src/sandbox/slack/index.ts";
import { ACME } from "../../src/sandbox/slack/workspace.ts";
import type { Database } from "../../src/store/database.ts";
import { usd } from "../support/builders.ts";
import { printFigure } from "./figure.ts";

const REQUESTS = 100;
const CLICKS_A_SECOND = 50;
const WAIT_MS = 30_000;

interface Pair {
  readonly approver: string;
  readonly requester: string;
  readonly team: string;
}

const PAIRS: readonly Pair[] = Array.from({ length: REQUESTS }, (_, index) => ({
  approver: `owner${String(index)}`,
  requester: `member${String(index)}`,
  team: `t${String(index)}`,
}));

export async function benchApprovals(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "claude-spend-bench-"));
  await chmod(directory, 0o777); // Postgres may be another user; it reads and writes files here.
  const fake = createFakeSlack({
    manifest: readManifest(readFileSync("manifest.yml", "utf8")),
    now: () => Date.now(),
    team: { ...ACME, people: [...ACME.people, ...PAIRS.flatMap(peopleOf)] },
  });
  await fake.listen();
  const config = readConfig({
    PORT: "0",
    HOST: "127.0.0.1",
    DATA_DIR: join(directory, "data"),
    SLACK_BOT_TOKEN: fake.credentials.botToken,
    SLACK_SIGNING_SECRET: fake.credentials.signingSecret,
    SLACK_API_URL: fake.apiUrl(),
    LOG_LEVEL: "error",
  });
  if (config.kind === "problems") throw new Error(config.problems.join("\n"));
  const program = await startProgram({ config: config.config, log: pino({ level: "error" }) });
  try {
    fake.setRequestUrl(`${program.url}/slack/events`);
    await askForAll(program.database);
    const cards = await Promise.all(PAIRS.map(async (pair) => await cardOf(fake, pair)));
    const baseline = await measure(cards.map((card) => async () => await bareUpdate(fake, card)));
    const ours = await measure(cards.map((card) => async () => await clickApprove(fake, card)));
    printFigure({
      name: `approvals.click_to_updated_card_p95 (${String(REQUESTS)} open, ${String(CLICKS_A_SECOND)} clicks/s)`,
      value: percentile(ours, 95),
      unit: "ms",
      baseline: "p95 of a bare chat.update of the same cards over HTTP at the same rate",
      baseline_value: percentile(baseline, 95),
    });
  } finally {
    await program.stop();
    await fake.close();
    await rm(directory, { recursive: true, force: true });
  }
}

function slackId(name: string): string {
  return `U${name.toUpperCase()}X`;
}

function peopleOf({ approver, requester }: Pair): typeof ACME.people {
  const [like] = ACME.people;
  if (like === undefined) throw new Error("the sandbox has people");
  return [approver, requester].map((name) => ({
    ...like,
    id: slackId(name),
    handle: name,
    name,
    realName: name,
    displayName: name,
    email: `${name}@acme.test`,
    isAdmin: false,
  }));
}

async function askForAll(database: Database): Promise<void> {
  const clock = () => instant(new Date());
  const teams = PAIRS.map(
    ({ team, approver, requester }) =>
      `  ${team}: { owners: [${approver}@acme.test], members: [${requester}@acme.test] }`,
  );
  const budgets = PAIRS.map(
    ({ team }) => `  - { key: ${team}, scope: "team:${team}", limit: "500.00", period: monthly }`,
  );
  const text = [
    "organization: { name: Acme, admins: [dana@acme.test] }",
    `teams:\n${teams.join("\n")}`,
    `budgets:\n${budgets.join("\n")}`,
    "approvals: [{ approvers: [team_owners], expires_in: 24h }]",
  ].join("\n");
  const applied = await applyGovernance(
    { database, clock, appliers: governanceAppliers },
    { text, appliedBy: "bench" },
  );
  if (applied.kind === "refused") throw new Error(JSON.stringify(applied.problems));
  for (const { team, requester } of PAIRS) {
    const readings = [{ scopeText: `team:${team}`, periodKind: undefined, unexpected: "" }];
    // oxlint-disable-next-line no-await-in-loop -- set-up
    const result = await requestRaise(
      { database, clock },
      {
        requester: emailFrom(`${requester}@acme.test`),
        target: { readings },
        amount: { kind: "amount", amount: usd(100) },
        untilText: undefined,
        reason: "bench",
      },
    );
    if (result.kind !== "requested") throw new Error(`not asked: ${result.kind}`);
  }
}

type Card = Awaited<ReturnType<typeof cardOf>>;

async function cardOf(fake: FakeSlack, { approver }: Pair) {
  const person = fake.as(slackId(approver));
  const message = await person.waitForMessage(
    "dm",
    ({ text }) => text.includes("asks for"),
    WAIT_MS,
  );
  return { person, message };
}

async function clickApprove(_fake: FakeSlack, { person, message }: Card): Promise<void> {
  await person.click(message, "approval_approve");
  await person.waitForMessage("dm", ({ text }) => text.includes("Approved by"), WAIT_MS);
}

/** What Slack and the network take at least. */
async function bareUpdate(fake: FakeSlack, { person, message }: Card): Promise<void> {
  const response = await fetch(`${fake.apiUrl()}chat.update`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${fake.credentials.botToken}`,
      "content-type": "application/json; charset=utf-8",
    },
    body: JSON.stringify({
      channel: person.dm,
      ts: message.ts,
      text: message.text,
      blocks: message.blocks,
    }),
  });
  const answer = (await response.json()) as { readonly ok: boolean; readonly error?: string };
  if (!answer.ok) throw new Error(answer.error ?? "chat.update failed");
}

/** Each at its own time, whether or not the ones before it are done; milliseconds. */
async function measure(deeds: readonly (() => Promise<void>)[]): Promise<number[]> {
  const gapMs = 1000 / CLICKS_A_SECOND;
  return await Promise.all(
    deeds.map(async (deed, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * gapMs));
      const startedAt = performance.now();
      await deed();
      return performance.now() - startedAt;
    }),
  );
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return (
    sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * percent) / 100) - 1)] ??
    Number.NaN
  );
}
