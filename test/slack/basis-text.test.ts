/** Every figure in Slack says whether it is estimated, billed or reconciled, and as of when. */

import { readdir, readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { governanceAppliers } from "../../src/app/appliers.ts";
import { emailFrom } from "../../src/domain/email.ts";
import { instant, timeZone } from "../../src/domain/time.ts";
import { explanationMessage } from "../../src/features/alerts/messages/explanation.ts";
import { gatheredMessage } from "../../src/features/alerts/messages/gathered.ts";
import { budgetListeners, replaceGovernedBudgets } from "../../src/features/budgets/index.ts";
import {
  raiseEndedMessage,
  raiseRevokedMessage,
} from "../../src/features/budgets/messages/raise-news.ts";
import { loadPage } from "../../src/features/home/flow/load-page.ts";
import { homeBlocks, homeView } from "../../src/features/home/messages/page.ts";
import { explainChange, insightListeners } from "../../src/features/insights/index.ts";
import { ownersListeners } from "../../src/features/owners/index.ts";
import { showbackListeners } from "../../src/features/showback/index.ts";
import type { SlackMessage } from "../../src/slack/blocks.ts";
import type { SlackListeners } from "../../src/slack/listener.ts";
import { anAlert } from "../support/alert-builders.ts";
import { acme, aGovernedBudget } from "../support/budget-builders.ts";
import { usd } from "../support/builders.ts";
import { fixedClock } from "../support/clock.ts";
import { useDatabase } from "../support/database.ts";
import { use } from "../support/insight-builders.ts";
import { recordingWeb } from "../support/recording-web.ts";

const db = useDatabase();
const NOW = "2026-11-23T10:07:00Z";
const clock = fixedClock(NOW);
const DANA = emailFrom("dana@acme.test");
const LINE = /Estimated from usage events · as of <!date\^\d+\^[^>]+>/;

beforeAll(async () => {
  await acme(db.pool);
  const budget = aGovernedBudget({ key: "search", scope: "team:search" });
  await replaceGovernedBudgets(db.pool, [budget], instant(NOW));
  await use(
    db.pool,
    { at: "2026-10-05T10:00:00Z", cost: usd(10) },
    { at: "2026-11-23T09:00:00Z", cost: usd(40) },
    { at: "2026-11-23T09:00:00Z", cost: usd(4), of: { teamKey: undefined } },
  );
});

const directory = {
  resolveMentions: async (typed: string) => await Promise.resolve(typed),
  loadSlackUser: async (slackUserId: string) =>
    await Promise.resolve({
      slackUserId,
      email: undefined,
      displayName: slackUserId,
      timeZone: undefined,
    }),
};
/** Claude chooses what is asked for. */
const ask = async () =>
  await Promise.resolve({ query: "spend", scope: "org", period: "mtd", sentence: "{total}" });
const deps = () => ({
  database: db.pool,
  clock,
  directory,
  appliers: governanceAppliers,
  ask,
  unitCosts: async () => await Promise.resolve(() => []),
});

async function answered(
  listeners: SlackListeners,
  name: string,
  text: string,
): Promise<SlackMessage> {
  const answers: SlackMessage[] = [];
  const command = listeners.subcommands?.find((one) => one.name === name);
  const actor = { slackUserId: "U1", slackTeamId: "T1", email: DANA };
  const respond = async (message: SlackMessage): Promise<void> => {
    await Promise.resolve(answers.push(message));
  };
  const { web } = recordingWeb();
  const typed = { actor, text, triggerId: "trigger", web, respond };
  await command?.run(typed);
  const [answer] = answers;
  if (answer === undefined) throw new Error(`${name} did not answer`);
  return answer;
}

describe("says what it rests on", () => {
  test.each<[string, string, (of: ReturnType<typeof deps>) => SlackListeners]>([
    ["", "", showbackListeners],
    ["", "org", showbackListeners],
    ["", "search 7d by model", showbackListeners],
    ["top", "models org", showbackListeners],
    ["why", "search", insightListeners],
    ["ask", "what did we spend?", insightListeners],
    ["budget", "search", budgetListeners],
    ["forecast", "search", budgetListeners],
    ["unallocated", "", ownersListeners],
  ])("the answer to /claude-spend %s %s", async (name, text, listenersOf) => {
    const answer = await answered(listenersOf(deps()), name, text);

    expect(JSON.stringify(answer.blocks)).toMatch(/\$\d/);
    expect(JSON.stringify(answer.blocks)).toMatch(LINE);
  });

  test("App Home", async () => {
    const { page } = await loadPage(deps(), DANA, undefined);
    const view = homeView(homeBlocks(page, { opened: undefined, further: [] }), page.now);

    expect(JSON.stringify(view.blocks)).toMatch(LINE);
  });

  test("an alert's Why?", async () => {
    const explanation = await explainChange(db.pool, {
      scope: { kind: "team", key: "search" },
      name: "Search",
      period: undefined,
      maySeePeople: true,
      teams: [],
      now: clock(),
    });

    expect(JSON.stringify(explanationMessage(explanation).blocks)).toMatch(LINE);
  });

  test("alerts in one message, each kind of basis once", () => {
    const alertOf = (kind: "estimated" | "billed") => ({
      threadId: "t",
      alert: anAlert({ content: { happened: ["x"], brief: "x", basis: { kind, asOf: NOW } } }),
    });
    const latest = [alertOf("estimated"), alertOf("billed"), alertOf("estimated")];
    const { blocks } = gatheredMessage({ count: latest.length, latest });

    expect(JSON.stringify(blocks).match(/as of/g)).toHaveLength(2);
  });

  test("news of a raise that is over", () => {
    const raise = {
      name: "Search",
      periodKind: "monthly",
      timeZone: timeZone("UTC"),
      limit: usd(10),
      spend: usd(4),
      amount: usd(5),
      by: "Dana",
      now: clock(),
    } as const;

    for (const message of [raiseEndedMessage(raise), raiseRevokedMessage(raise)]) {
      expect(JSON.stringify(message.blocks)).toMatch(LINE);
    }
  });
});

/** Files that word amounts without saying what those rest on, and why. */
const WITHOUT: Readonly<Record<string, string>> = {
  "alerts/messages/answers.ts": "repeats what the alert says, which does",
  "alerts/messages/wording.ts": "parts of alerts",
  "approvals/messages/answers.ts": "amounts that were asked for",
  "approvals/messages/card.ts": "amounts that were asked for; its details are the raise card's",
  "approvals/messages/modals.ts": "amounts that were asked for",
  "approvals/messages/notices.ts": "amounts that were asked for",
  "approvals/messages/questions.ts": "amounts that were asked for",
  "approvals/messages/wording.ts": "amounts that were asked for",
  "audit/messages.ts": "decisions, at the command line",
  "budgets/messages/alert.ts": "its content carries the basis, which alerts show",
  "budgets/messages/heading.ts": "part of the answers about budgets",
  "budgets/messages/raise.ts": "a form",
  "budgets/messages/wording.ts": "parts of the others",
  "chargeback/messages.ts": "at the command line",
  "digests/messages/decisions.ts": "part of a digest",
  "digests/messages/look.ts": "compares with the bill, and says so",
  "digests/messages/parts.ts": "parts of a digest",
  "home/messages/spend.ts": "part of Home",
  "home/messages/waiting.ts": "part of Home",
  "home/messages/words.ts": "part of Home",
  "insights/messages/alerts.ts": "its findings get the basis when they are told",
  "limits/messages.ts": "limits that were decided",
  "reconciliation/messages.ts": "is the comparison, at the command line",
  "showback/messages/parts.ts": "parts of reports",
};

test("there is no other place that words money without it", async () => {
  const names = await readdir("src/features", { recursive: true });
  const files = names.filter((name) => /messages(?:\/.*)?\.ts$/.test(name)).toSorted();
  const found = await Promise.all(
    files.map(async (name) => {
      const text = await readFile(`src/features/${name}`, "utf8");
      const isMoney = /\b(?:formatUsd|formatEstimate|formatLimit|moneyText)\(/.test(text);
      return isMoney && !/\b(?:basisText|BASIS_TEXT)\b/.test(text) ? [name] : [];
    }),
  );

  expect(found.flat()).toEqual(Object.keys(WITHOUT));
});
