/**
 * Who sees what, for each role and each thing that Slack can call. Everything that anybody is shown
 * is searched for every amount that is not theirs to see. A new command, button, form or shortcut
 * without a row here fails.
 */
import fastify from "fastify";
import { pino } from "pino";
import { beforeAll, describe, expect, test } from "vitest";
import { type Plumbing, wire } from "../../../src/app/wire.ts";
import { type Email, emailFrom } from "../../../src/domain/email.ts";
import { AppError } from "../../../src/domain/errors.ts";
import { instant, timeZone } from "../../../src/domain/time.ts";
import { checkDueBudgets, replaceGovernedBudgets } from "../../../src/features/budgets/index.ts";
import { replaceOrganization } from "../../../src/features/organization/index.ts";
import { createMetrics } from "../../../src/http/metrics.ts";
import type { SlackMessage } from "../../../src/slack/blocks.ts";
import { collectListeners } from "../../../src/slack/registry.ts";
import { aGovernedBudget, spend } from "../../support/budget-builders.ts";
import { usd } from "../../support/builders.ts";
import { fixedClock } from "../../support/clock.ts";
import { useDatabase } from "../../support/database.ts";
import { aTeam } from "../../support/organization-builders.ts";
import { recordingWeb } from "../../support/recording-web.ts";
import { messageProblems } from "../../support/shown.ts";

const db = useDatabase();
const NOW = "2026-11-23T10:07:00Z";
const THEN = "2026-11-11T10:07:00Z";
const CHANNEL = "C03TEAMSRCH";

/**
 * Search: ana owns it, bo and cy are members. Ads: eve owns it, cy is a member. Zoe is nowhere. Max
 * and the project ranking were Ads' until two weeks ago and are Search's now.
 */
const ROLES = {
  admin: emailFrom("dana@acme.test"),
  finance: emailFrom("fay@acme.test"),
  owner: emailFrom("ana@acme.test"),
  "owner of another team": emailFrom("eve@acme.test"),
  member: emailFrom("bo@acme.test"),
  "member of two teams": emailFrom("cy@acme.test"),
  stranger: emailFrom("zoe@acme.test"),
  nobody: undefined,
} as const satisfies Record<string, Email | undefined>;
type Role = keyof typeof ROLES;
const ALL = Object.keys(ROLES) as Role[];

/** Every amount with who may see it, whatever they ask. No amount is part of another. */
const EVERYTHING: readonly Role[] = ["admin", "finance"];
const AMOUNTS = {
  org: { amount: "202.77", roles: EVERYTHING },
  search: { amount: "45.85", roles: [...EVERYTHING, "owner", "member", "member of two teams"] },
  ads: { amount: "153.75", roles: [...EVERYTHING, "owner of another team", "member of two teams"] },
  ana: { amount: "5.03", roles: [...EVERYTHING, "owner"] },
  bo: { amount: "31.01", roles: [...EVERYTHING, "owner", "member"] },
  eve: { amount: "119.52", roles: [...EVERYTHING, "owner of another team"] },
  cy: { amount: "28.01", roles: [...EVERYTHING, "member of two teams"] },
  cyInSearch: { amount: "7.07", roles: [...EVERYTHING, "owner", "member of two teams"] },
  cyInAds: {
    amount: "20.94",
    roles: [...EVERYTHING, "owner of another team", "member of two teams"],
  },
  max: { amount: "16.03", roles: EVERYTHING },
  maxHasLeft: { amount: "43.97", roles: EVERYTHING },
  maxInSearch: { amount: "2.74", roles: [...EVERYTHING, "owner"] },
  maxInAds: { amount: "13.29", roles: [...EVERYTHING, "owner of another team"] },
  ranking: {
    amount: "27.20",
    roles: [...EVERYTHING, "owner", "owner of another team", "member", "member of two teams"],
  },
  eveInRanking: { amount: "17.37", roles: [...EVERYTHING, "owner of another team"] },
  cyInRanking: {
    amount: "9.83",
    roles: [...EVERYTHING, "owner of another team", "member of two teams"],
  },
  zoe: { amount: "3.17", roles: [...EVERYTHING, "stranger"] },
} as const satisfies Record<string, { amount: string; roles: readonly Role[] }>;
type Amount = keyof typeof AMOUNTS;

const REPORTS: readonly string[] = [
  "",
  "org",
  "search",
  "team ads mtd",
  "ads by person",
  "search by person",
  "search by key exact",
  "project:bidding by person",
  "eve@acme.test",
  "bo@acme.test",
  "cy@acme.test",
  "max@acme.test",
  "max@acme.test 7d",
  "max@acme.test today",
  "project:ranking",
  "project:ranking by person",
  "project:ranking by person today",
  "model:claude-opus-5-5 by person",
  "adz yesterday",
];

const SCOPES = [
  "",
  "org",
  "search",
  "ads",
  "project:bidding",
  "eve@acme.test",
  "cy@acme.test",
  "max@acme.test",
];

/** What is typed after each command, and who must be answered with which amount. */
const COMMANDS: Readonly<
  Record<
    string,
    {
      readonly texts: readonly string[];
      readonly shows?: Readonly<Record<string, readonly Amount[]>>;
    }
  >
> = {
  "": {
    texts: REPORTS,
    shows: {
      org: ["org", "ads", "search"],
      search: ["search"],
      "search by person": ["ana", "bo", "cyInSearch", "maxInSearch"],
      "ads by person": ["eve", "cyInAds", "maxInAds"],
      "bo@acme.test": ["bo"],
      "cy@acme.test": ["cy"],
      "max@acme.test": ["max"],
      "max@acme.test today": ["maxInSearch"],
    },
  },
  top: {
    texts: [
      "",
      "ads",
      "users search",
      "users ads",
      "keys search",
      "teams org",
      "eve@acme.test",
      "users project:ranking",
    ],
    shows: { "users search": ["ana", "bo", "cyInSearch"], "teams org": ["ads", "search"] },
  },
  why: { texts: SCOPES, shows: { search: ["search"] } },
  ask: { texts: ["what did ads spend?"] },
  forecast: { texts: SCOPES, shows: { search: ["search"] } },
  budget: {
    texts: [
      ...SCOPES,
      "set ads 5 monthly",
      "set bo@acme.test 5 weekly",
      "set max@acme.test 5 weekly",
    ],
  },
  raise: {
    texts: [
      "ads",
      "search",
      "ads 50 for launch",
      "bo@acme.test 5 please",
      "max@acme.test 5 please",
      "org",
    ],
  },
  audit: { texts: ["", "search", "ads", "duties", "bo@acme.test"] },
  unallocated: { texts: [""] },
  digest: { texts: ["", "search", "ads", "org", "preview ads", "ads now", "org weekly"] },
  delegate: { texts: ["", "@cy until friday"] },
  governance: { texts: ["", "history"] },
  settings: { texts: [""] },
  plan: { texts: ["", "ads 2026-11-24 2026-11-25 launch"] },
  help: { texts: [""] },
  link: { texts: ["", "api_key:key_of_eve@acme.test"] },
  setup: { texts: [""] },
};

/** What the buttons, lists and forms of each feature are tried with, by how their ids begin. */
const CLICKS: readonly (readonly [ids: RegExp, probe: Probe])[] = [
  [/^ask_again_/, "command"],
  [/^report_/, "command"],
  [/^(?:budget_|request_budget_)/, "budget"],
  [/^(?:alert_|snooze|assign|feedback)/, "alert"],
  [/^(?:approval_|open_request|delegation_)/, "request"],
  [
    /^(?:audit_|digest_|preferences_|settings_|setup_|governance_|home_|identity_|people_)/,
    "other",
  ],
];
type Probe = "command" | "budget" | "alert" | "request" | "other";

let listeners: ReturnType<typeof wire>["listeners"] = [];
let routes: ReturnType<typeof wire>["routes"];
let probes: Readonly<Record<Probe, readonly string[]>>;

beforeAll(async () => {
  await setUpAcme();
  const web = recordingWeb().web;
  ({ listeners, routes } = wire(plumbing(web)));
  await checkDueBudgets({ database: db.pool, clock: fixedClock(NOW) });
  await run("owner of another team", async (context) => {
    await commandOf("raise").run({ ...context, text: "ads 50 for launch", triggerId: "first" });
  });
  const idsOf = async (sql: string): Promise<string[]> =>
    (await db.pool.query<{ id: string }>(sql)).rows.map(({ id }) => id);
  probes = {
    command: [
      "ads",
      "org by person",
      "search by person exact",
      "why ads",
      "top users ads",
      "max@acme.test",
      "project:ranking by person",
    ],
    budget: [
      "ads-monthly|",
      "search-monthly|",
      "per-person|eve@acme.test",
      "per-person|max@acme.test",
    ],
    alert: await idsOf(`select t.thread_id as id from alert_threads t`),
    request: await idsOf(`select a.approval_request_id as id from approval_requests a`),
    other: ["", "home", "show"],
  };
  if (probes.alert.length * probes.request.length === 0) throw new Error("nothing to click on");
});

function probesOf(id: string): readonly string[] {
  const probe = CLICKS.find(([ids]) => ids.test(id))?.[1];
  return probe === undefined ? [] : probes[probe];
}

async function setUpAcme(): Promise<void> {
  const [ana, bo, cy, eve, max] = ["ana", "bo", "cy", "eve", "max"].map((name) =>
    emailFrom(`${name}@acme.test`),
  );
  if (!ana || !bo || !cy || !eve || !max) return;
  await replaceOrganization(db.pool, {
    organization: {
      name: "Acme",
      timeZone: timeZone("UTC"),
      weekStartsOn: "monday",
      finopsChannel: "#finops",
      admins: [ROLES.admin],
      finance: [ROLES.finance],
    },
    teams: [
      aTeam({
        channel: "#team-search",
        owners: [ana],
        members: [bo, cy, max],
        projects: ["checkout", "ranking"],
      }),
      aTeam({ key: "ads", name: "Ads", owners: [eve], members: [cy], projects: ["bidding"] }),
    ],
  });
  await replaceGovernedBudgets(
    db.pool,
    [
      aGovernedBudget({ key: "search-monthly", limit: usd(40) }),
      aGovernedBudget({
        key: "ads-monthly",
        scope: "team:ads",
        limit: usd(100),
      }),
      aGovernedBudget({ key: "per-person", scope: "each:user", limit: usd(60) }),
    ],
    instant("2026-11-01T00:00:00Z"),
  );
  const search = { teamKey: "search", projectKey: "checkout" };
  const ads = { teamKey: "ads", projectKey: "bidding" };
  const of = async (
    amount: number,
    dimension: NonNullable<Parameters<typeof spend>[1]["of"]>,
    at = NOW,
  ) => {
    const apiKeyId = `key_of_${String(dimension.userEmail)}`;
    await spend(db.pool, { amount: usd(amount), at, of: { ...dimension, apiKeyId } });
  };
  await of(5.03, { ...search, userEmail: ana });
  await of(31.01, { ...search, userEmail: bo });
  await of(7.07, { ...search, userEmail: cy });
  await of(11.11, { ...ads, userEmail: cy });
  await of(101.13, { ...ads, userEmail: eve });
  await of(2.74, { ...search, userEmail: max });
  await of(13.29, { ...ads, userEmail: max }, THEN);
  await of(1.02, { ...ads, userEmail: eve }, THEN);
  await of(17.37, { ...ads, projectKey: "ranking", userEmail: eve }, THEN);
  await of(9.83, { ...ads, projectKey: "ranking", userEmail: cy }, THEN);
  await of(3.17, { teamKey: undefined, projectKey: undefined, userEmail: ROLES.stranger });
}

function plumbing(web: Plumbing["web"]): Plumbing {
  const person = (email: Email) => ({
    slackUserId: `U${email}`,
    email,
    displayName: email,
    timeZone: undefined,
  });
  const directory: Plumbing["directory"] = {
    findSlackUserByEmail: async (email) => await Promise.resolve(person(email)),
    loadSlackUser: async (id) => await Promise.resolve(person(emailFrom(id.slice(1)))),
    openDirectMessage: async () => await Promise.resolve("D1"),
    resolveMentions: async (text) => await Promise.resolve(text),
    noteUse: async () => {
      await Promise.resolve();
    },
  };
  return {
    database: db.pool,
    clock: fixedClock(NOW),
    log: pino({ level: "silent" }),
    metrics: createMetrics(),
    waker: { wake: () => {} },
    web,
    directory,
    ingestSecret: undefined,
    apiToken: undefined,
    secretsKey: undefined,
    reports: undefined,
    ask: async () =>
      await Promise.resolve({
        query: "top",
        by: "user",
        scope: "ads",
        period: "",
        sentence: "{total} by {first}: {first_cost}",
      }),
  };
}

function commandOf(name: string) {
  const command = collectListeners(listeners).subcommands.get(name);
  if (command === undefined) throw new Error(`no command ${name}`);
  return command;
}

/** All that somebody was shown: answers, modals, Home, and what was said when it failed. */
async function run(
  role: Role,
  act: (context: {
    readonly actor: { slackUserId: string; slackTeamId: string; email: Email | undefined };
    readonly web: Plumbing["web"];
    readonly respond: (message: SlackMessage) => Promise<void>;
    readonly triggerId: string;
    readonly channelId: string;
  }) => Promise<void>,
): Promise<string> {
  const { web, modals, homes } = recordingWeb();
  const email = ROLES[role];
  const answers: SlackMessage[] = [];
  const failures: string[] = [];
  try {
    await act({
      actor: { slackUserId: `U${email ?? "nobody@acme.test"}`, slackTeamId: "T1", email },
      web,
      triggerId: `trigger-${String(Math.random())}`,
      channelId: CHANNEL,
      respond: async (message) => {
        answers.push(message);
        await Promise.resolve();
      },
    });
  } catch (error) {
    failures.push(error instanceof Error ? error.message : String(error));
  }
  for (const answer of answers) expect(messageProblems(answer)).toEqual([]);
  return JSON.stringify([answers, modals, homes, failures]);
}

/** The amounts in what was shown that the role may not see. */
function leaksTo(role: Role, shown: string): string[] {
  return Object.entries(AMOUNTS)
    .filter(([, { roles }]) => !roles.some((one) => one === role))
    .filter(([, { amount }]) => containsAmount(shown, amount))
    .map(([name]) => name);
}

/** "5.03" is not part of "$45.03". */
function containsAmount(shown: string, amount: string): boolean {
  return new RegExp(`(?<![\\d,.])${amount.replace(".", "\\.")}(?!\\d*[1-9])`).test(shown);
}

describe.each(Object.entries(COMMANDS))("/claude-spend %s", (name, { texts, shows = {} }) => {
  test.each(ALL)("shows to the %s what is theirs to see, and nothing else", async (role) => {
    const command = collectListeners(listeners).subcommands.get(name);
    if (command === undefined) return; // Named in the list of what there is, below.
    for (const text of texts) {
      // Nothing is hidden from who sees everything: only what must be shown is asked for.
      if (EVERYTHING.includes(role) && shows[text] === undefined) continue;
      // oxlint-disable-next-line no-await-in-loop -- one question after the other, as people ask
      const shown = await run(role, async (context) => {
        await command.run({ ...context, text });
      });
      expect([text, leaksTo(role, shown)]).toEqual([text, []]);
      const expected = (shows[text] ?? []).filter((one) => mayAsk(role, text, one));
      const missing = expected.filter((one) => !containsAmount(shown, AMOUNTS[one].amount));
      expect([text, missing]).toEqual([text, []]);
    }
  });
});

/** A list of people needs authority over all of it; of what is refused nothing is shown. */
function mayAsk(role: Role, text: string, amount: Amount): boolean {
  if (!AMOUNTS[amount].roles.some((one) => one === role)) return false;
  if (!/by person|users/.test(text)) return EVERYTHING.includes(role) || !/\borg\b/.test(text);
  const owner: Role = text.includes("search") ? "owner" : "owner of another team";
  return EVERYTHING.includes(role) || role === owner;
}

describe("buttons, lists, forms, shortcuts and Home", () => {
  test.each(ALL.filter((role) => !EVERYTHING.includes(role)))(
    "show to the %s nothing that is not theirs",
    async (role) => {
      const { actions, views, shortcuts, home } = collectListeners(listeners);
      const leaks: unknown[] = [];
      const look = async (what: string, act: Parameters<typeof run>[1]): Promise<void> => {
        const found = leaksTo(role, await run(role, act));
        if (found.length > 0) leaks.push([what, found]);
      };
      // oxlint-disable no-await-in-loop -- clicks change what the next ones find
      for (const action of actions.values()) {
        for (const value of probesOf(action.actionId)) {
          await look(`${action.actionId} ${value}`, async (context) => {
            await action.run({ ...context, value, surface: "message", show: context.respond });
          });
        }
      }
      for (const view of views.values()) {
        for (const privateMetadata of probesOf(view.callbackId)) {
          await look(`${view.callbackId} ${privateMetadata}`, async (context) => {
            const values = { amount: "5", note: "x", reason: "x", budget: privateMetadata };
            await view.run({
              ...context,
              values,
              privateMetadata,
              viewId: `V${context.triggerId}`,
            });
          });
        }
      }
      for (const shortcut of shortcuts.values()) await look(shortcut.callbackId, shortcut.run);
      if (home !== undefined) await look("home", home.run);
      // oxlint-enable no-await-in-loop
      expect(leaks).toEqual([]);
    },
  );
});

test("a channel reads no amount of a single person, whatever was posted or shared into it", async () => {
  for (const text of ["search", "search by person", "bo@acme.test", "search by key"]) {
    // oxlint-disable-next-line no-await-in-loop -- one click after the other
    await run("owner", async (context) => {
      const share = collectListeners(listeners).actions.get("report_share");
      await share?.run({ ...context, value: text, surface: "message" });
    });
  }
  const { rows } = await db.pool.query<{ shown: string }>(
    `select o.text || o.blocks::text as shown from outbox_messages o
      where o.destination in ($1, '#team-search')`,
    [CHANNEL],
  );
  const people: readonly Amount[] = [
    "ana",
    "bo",
    "cy",
    "cyInSearch",
    "eve",
    "cyInAds",
    "max",
    "maxInSearch",
    "maxInAds",
  ];

  const shared = rows.filter(({ shown }) => shown.includes("Shared by"));
  expect(shared.length).toBeGreaterThan(0);
  expect(
    people.filter((one) => rows.some(({ shown }) => containsAmount(shown, AMOUNTS[one].amount))),
  ).toEqual([]);
});

test("every route of the read API is for the token alone", async () => {
  const app = fastify();
  const paths: string[] = [];
  app.addHook("onRoute", ({ method, url }) => {
    if ([method].flat().includes("GET") && url.startsWith("/v1/")) paths.push(url);
  });
  app.setErrorHandler(async (error, _request, reply) => {
    await reply.code(error instanceof AppError && error.code === "unauthorized" ? 401 : 500).send();
  });
  routes(app, { ingest: true });
  await app.ready();

  const answers = await Promise.all(
    paths.map(async (url) => [url, (await app.inject({ url })).statusCode]),
  );
  await app.close();
  expect(paths.length).toBeGreaterThan(5);
  expect(answers.filter(([, status]) => status !== 401)).toEqual([]);
});

test("every command and every click that there is has a row", () => {
  const { subcommands, actions, views, shortcuts } = collectListeners(listeners);
  const ids = [...actions.keys(), ...views.keys(), ...shortcuts.keys()];

  expect([...subcommands.keys()].toSorted()).toEqual(Object.keys(COMMANDS).toSorted());
  expect(ids.filter((id) => !CLICKS.some(([known]) => known.test(id)))).toEqual([]);
});
