/** Whose usage is, over time: a charge belongs to who owned it when it happened. */
import { Readable } from "node:stream";
import fc from "fast-check";
import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { governanceAppliers } from "../../../src/app/wire.ts";
import { usdFromDecimal } from "../../../src/domain/money.ts";
import { addMs, DAY_MS, HOUR_MS, type Instant, instant } from "../../../src/domain/time.ts";
import { applyGovernance, followDates } from "../../../src/features/governance/index.ts";
import { createIngestMemory } from "../../../src/features/ingest/flow/ingest-memory.ts";
import { recordUsage } from "../../../src/features/ingest/flow/record-usage.ts";
import {
  advanceRerates,
  createUsageImport,
  previewRerate,
  type RerateRange,
  requestRerate,
} from "../../../src/features/ingest/index.ts";
import { parseNativeEvent } from "../../../src/features/ingest/native-event.ts";
import { listTeams } from "../../../src/features/organization/index.ts";
import { addSource, type Source } from "../../../src/features/sources/index.ts";
import { inTransaction } from "../../../src/store/database.ts";
import { useDatabase } from "../../support/database.ts";

const db = useDatabase();
const START = instant("2026-11-01T00:00:00Z");
const aRequest = usdFromDecimal("0.20");
const log = pino({ level: "silent" });
const EVERYTHING: RerateRange = {
  period: { start: addMs(START, -30 * DAY_MS), end: addMs(START, 60 * DAY_MS) },
  onlyEstimated: false,
  includesAllocation: true,
};
/** One memory for all, as one replica has: it must notice by itself what was decided. */
const ingestMemory = createIngestMemory();
const DEFAULT: Source = { name: "default", isTrusted: true };

let now: Instant = START;
const deps = () => ({ database: db.pool, clock: () => now, log, ingestMemory });

async function apply(text: string) {
  const outcome = await applyGovernance(
    { database: db.pool, clock: () => now, appliers: governanceAppliers },
    { text: `organization: { name: Acme }\n${text}`, appliedBy: "dana@acme.test" },
  );
  expect(outcome.kind).not.toBe("refused");
  return outcome;
}

let events = 0;
/** 10,000 output tokens of Opus: 20 cents. */
async function use(
  over: Readonly<Record<string, unknown>> & { readonly occurred_at?: string },
  source = DEFAULT,
) {
  events += 1;
  const raw = {
    event_id: `e${String(events)}`,
    occurred_at: now.toISOString(),
    model: "claude-opus-5-5",
    usage: { input_tokens: 0, output_tokens: 10_000 },
    user_email: "bo@acme.test",
    ...over,
  };
  const [result] = await recordUsage(deps(), [
    { source, batch: [parseNativeEvent(raw, { index: 0, source: source.name, now })] },
  ]);
  expect(result).toMatchObject({ accepted: 1, rejected: [] });
}

/** Requests that are charged to each team now, and to each person. */
async function requestsBy(column: "team_key" | "user_email") {
  const { rows } = await db.pool.query<{ owner: string | null; requests: number }>(
    `select d.${column} as owner, sum(r.request_count)::integer as requests
       from spend_rollups r
       join spend_dimensions d on d.spend_dimension_id = r.spend_dimension_id
      group by 1 having sum(r.request_count) <> 0 order by 1`,
  );
  return Object.fromEntries(rows.map(({ owner, requests }) => [owner ?? "none", requests]));
}

async function rerate() {
  await inTransaction(db.pool, async (sql) => {
    await requestRerate(sql, deps(), { range: EVERYTHING, requestedBy: "dana" });
  });
  await advanceRerates(deps());
}

const inTeam = (team: string): string =>
  `teams: { a: { members: [${team === "a" ? "bo@acme.test" : ""}] }, b: { members: [${team === "b" ? "bo@acme.test" : ""}] } }`;
const daysOn = (days: number): string => addMs(START, days * DAY_MS).toISOString();

beforeEach(async () => {
  now = START;
  await db.pool.query(
    `truncate usage_identities, usage_events, charges, spend_rollups, spend_days, budget_checks, rejected_events,
              rerates, governance_documents, ownership_periods, person_identities`,
  );
  ingestMemory.ownership = undefined;
});

describe("a person who changes teams", () => {
  test("leaves what was used before where it was, late events too", async () => {
    await apply(inTeam("a"));
    now = addMs(START, 10 * DAY_MS);
    await use({ occurred_at: daysOn(2) });
    await apply(inTeam("b"));
    now = addMs(now, HOUR_MS);

    await use({});
    await use({ occurred_at: daysOn(3) });

    expect(await requestsBy("team_key")).toEqual({ a: 2, b: 1 });
    await rerate();
    expect(await requestsBy("team_key")).toEqual({ a: 2, b: 1 });
  });

  test("moves the past when asked to, and the preview says so by team before", async () => {
    await apply(inTeam("a"));
    now = addMs(START, 10 * DAY_MS);
    for (const days of [2, 4, 6]) await use({ occurred_at: daysOn(days) });

    const outcome = await apply(`from: 2026-11-05\n${inTeam("b")}`);

    expect(outcome).toMatchObject({
      warnings: [expect.stringContaining("reprice --owners --from 2026-11-05") as unknown],
    });
    expect(await requestsBy("team_key")).toEqual({ a: 3 });
    const statement = await previewRerate(deps(), EVERYTHING);
    expect(statement).toMatchObject({ eventsExamined: 3, eventsChanged: 2 });
    expect(new Set(statement.teams.map(({ teamKey }) => teamKey))).toEqual(new Set(["a", "b"]));
    expect(statement.before).toBe(statement.after);
    expect(await requestsBy("team_key")).toEqual({ a: 3 });
    await rerate();
    expect(await requestsBy("team_key")).toEqual({ a: 1, b: 2 });
  });

  test("says once that the past was decided anew: an apply that changes nothing of it does not", async () => {
    const rule = (to: string, from: string): string =>
      `- { match: { model: "claude-opus-*" }, to: { team: ${to} }, from: ${from} }`;
    const dated = (...rules: readonly string[]): string =>
      `${inTeam("a")}\nallocation:\n  ${rules.join("\n  ")}`;
    const warned = async (text: string): Promise<readonly string[]> => {
      now = addMs(now, HOUR_MS);
      const outcome = await apply(text);
      const warnings = outcome.kind === "applied" ? outcome.warnings : [];
      return warnings.map((warning) => /from (\S+) on/.exec(warning)?.[1] ?? warning);
    };
    await apply(inTeam("a"));
    now = addMs(START, 10 * DAY_MS);
    const first = rule("b", "2026-11-05");

    expect(await warned(dated(first))).toEqual(["2026-11-05"]);
    expect(await warned(`${dated(first)}\n# nothing else`)).toEqual([]);
    // Another one for the past: told of from where it begins, not from where the first one does.
    expect(await warned(dated(rule("a", "2026-11-08"), first))).toEqual(["2026-11-08"]);
    // Who was added today is of today.
    const budget = `budgets: [{ key: o, scope: org, limit: "5", period: daily }]`;
    expect(await warned(`${dated(rule("a", "2026-11-08"), first)}\n${budget}`)).toEqual([]);
    // A whole document from a day on is the past of all that is new in it.
    const whole = `from: 2026-11-05\n${dated(rule("a", "2026-11-08"), first)}`;
    await warned(whole);
    expect(await warned(`${whole}\n${budget}`)).toEqual([]);
    expect(await warned(whole.replace("members: [", "members: [cy@acme.test, "))).toEqual([
      "2026-11-05",
    ]);
  });

  test("whom an installation knew before ownership had dates owns the past", async () => {
    await apply(inTeam("a"));
    await db.pool.query("truncate ownership_periods"); // As a database of an older version is.
    ingestMemory.ownership = undefined;
    now = addMs(START, 10 * DAY_MS);
    await use({ occurred_at: daysOn(2) });
    await apply(inTeam("b"));

    await use({ occurred_at: daysOn(3) });
    now = addMs(now, HOUR_MS);
    await use({});

    expect(await requestsBy("team_key")).toEqual({ a: 2, b: 1 });
  });

  test("a document that begins later changes nothing until then", async () => {
    await apply(inTeam("a"));
    await apply(`from: 2026-11-05\n${inTeam("b")}`);
    now = addMs(START, 10 * DAY_MS);

    await use({ occurred_at: daysOn(3.9) });
    await use({ occurred_at: daysOn(4) });

    expect(await requestsBy("team_key")).toEqual({ a: 1, b: 1 });
  });
});

describe("somebody with dates of their own", () => {
  const moved = (day: string): string =>
    `teams: { a: { members: [{ email: bo@acme.test, until: ${day} }] }, b: { members: [{ email: Bo@acme.test, from: ${day} }] } }`;

  test("belongs where they did when it happened, whatever the day of the document", async () => {
    await apply(inTeam("a"));
    now = addMs(START, 10 * DAY_MS);
    await use({ occurred_at: daysOn(6) });

    const outcome = await apply(moved("2026-11-05"));
    for (const days of [3.9, 4, 7]) await use({ occurred_at: daysOn(days) });
    now = addMs(now, HOUR_MS);
    await use({});

    // What was recorded stays; it moves when asked to, and the preview says so.
    expect(outcome).toMatchObject({
      warnings: [expect.stringContaining("reprice --owners --from 2026-11-05") as unknown],
    });
    expect(await requestsBy("team_key")).toEqual({ a: 2, b: 3 });
    const statement = await previewRerate(deps(), EVERYTHING);
    expect(statement).toMatchObject({ eventsExamined: 5, eventsChanged: 1 });
    expect(statement.teams.map(({ teamKey, before, after }) => [teamKey, after - before])).toEqual([
      ["a", aRequest * -1n],
      ["b", aRequest],
    ]);
    expect(await requestsBy("team_key")).toEqual({ a: 2, b: 3 });
    await rerate();
    expect(await requestsBy("team_key")).toEqual({ a: 1, b: 4 });
  });

  test("moves on a day to come by themselves, and so do projects", async () => {
    await apply(
      `teams: { a: { members: [{ email: bo@acme.test, until: 2026-11-05 }], projects: [{ project: p, until: 2026-11-07 }] }, b: { projects: [{ project: p, from: 2026-11-07 }] } }`,
    );
    now = addMs(START, 10 * DAY_MS);

    for (const days of [3, 5]) await use({ occurred_at: daysOn(days) });
    for (const days of [5, 6]) await use({ occurred_at: daysOn(days), project: "p" });

    expect(await requestsBy("team_key")).toEqual({ a: 2, b: 1, none: 1 });
  });

  test("is seen by the new team from that day on, and by the old one until then", async () => {
    const teamsNow = async () => {
      const teams = await listTeams({ database: db.pool });
      return teams.flatMap(({ key, members }) => members.map((email) => [key, email]));
    };
    const follow = followDates({ database: db.pool, clock: () => now });
    await apply(moved("2026-11-05"));
    await follow();
    expect(await teamsNow()).toEqual([["a", "bo@acme.test"]]);

    now = addMs(START, 4 * DAY_MS - 1);
    await follow();
    expect(await teamsNow()).toEqual([["a", "bo@acme.test"]]);
    now = addMs(START, 4 * DAY_MS);
    await follow();
    expect(await teamsNow()).toEqual([["b", "bo@acme.test"]]);

    // A document that is applied meanwhile, and one after the program was down.
    await apply(moved("2026-11-03"));
    await apply(moved("2026-11-10"));
    await follow();
    expect(await teamsNow()).toEqual([["a", "bo@acme.test"]]);
    now = addMs(START, 12 * DAY_MS);
    await followDates({ database: db.pool, clock: () => now })();
    expect(await teamsNow()).toEqual([["b", "bo@acme.test"]]);
  });
});

test("a key that was handed over belongs to each owner in their time", async () => {
  await apply(
    `${inTeam("")}
allocation:
  - { match: { api_key_id: k }, to: { team: a }, until: 2026-11-05 }
  - { match: { api_key_id: k }, to: { team: b }, from: 2026-11-05, until: 2026-11-08 }`,
  );
  now = addMs(START, 10 * DAY_MS);

  for (const days of [3, 4, 6, 7]) await use({ api_key_id: "k", occurred_at: daysOn(days) });

  expect(await requestsBy("team_key")).toEqual({ a: 1, b: 2, none: 1 });
});

test("any order of events, rule changes and re-rates that ends in the same facts ends in the same totals", async () => {
  const aStep = fc.oneof(
    { weight: 4, arbitrary: fc.record({ use: fc.integer({ min: 0, max: 20 }) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        team: fc.constantFrom("a", "b"),
        moved: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
        from: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
        key: fc.option(fc.record({ from: fc.integer({ min: 1, max: 20 }) }), { nil: undefined }),
      }),
    },
    { weight: 1, arbitrary: fc.constant("rerate" as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(aStep, { minLength: 3, maxLength: 9 }), async (steps) => {
      const days = (number: number): string => daysOn(number).slice(0, 10);
      const play = async (usesFirst: boolean) => {
        await db.pool.query(
          `truncate usage_identities, usage_events, charges, spend_rollups, spend_days, budget_checks, rerates,
                    governance_documents, ownership_periods`,
        );
        ingestMemory.ownership = undefined;
        now = addMs(START, 20 * DAY_MS);
        const uses = steps.filter((step) => typeof step === "object" && "use" in step);
        const others = steps.filter((step) => !(typeof step === "object" && "use" in step));
        let version = 0;
        const teamsOf = ({ team, moved }: { team: string; moved: number | undefined }): string => {
          if (moved === undefined) return inTeam(team);
          const [old, next] = team === "a" ? ["b", "a"] : ["a", "b"];
          return `teams: { ${old}: { members: [{ email: bo@acme.test, until: ${days(moved)} }] }, ${next}: { members: [{ email: bo@acme.test, from: ${days(moved)} }] } }`;
        };
        const useIt = async (day: number): Promise<void> => {
          const occurredAt = addMs(START, day * DAY_MS + HOUR_MS).toISOString();
          await use({ occurred_at: occurredAt, api_key_id: day % 2 === 0 ? "k" : "other" });
        };
        for (const step of usesFirst ? [...uses, ...others] : steps) {
          if (step === "rerate") await rerate();
          else if ("use" in step) await useIt(step.use);
          else {
            version += 1;
            const begins = step.from === undefined ? "" : `from: ${days(step.from)}\n`;
            const rule =
              step.key === undefined
                ? ""
                : `\nallocation: [{ match: { api_key_id: k }, to: { team: c }, from: ${days(step.key.from)} }]`;
            now = addMs(START, 20 * DAY_MS + version * HOUR_MS);
            await apply(
              `# ${String(version)}\n${begins}${teamsOf(step).replace("teams: {", "teams: { c: {},")}${rule}`,
            );
          }
        }
        await rerate();
        const totals = await requestsBy("team_key");
        await rerate();
        expect(await requestsBy("team_key")).toEqual(totals);
        return totals;
      };

      expect(await play(false)).toEqual(await play(true));
    }),
    { numRuns: 8 },
  );
});

describe("what an event says of itself", () => {
  const untrusted: Source = { name: "script", isTrusted: false };

  test("decides the team only when its source is trusted", async () => {
    await apply(inTeam("a"));

    await use({ team: "b" });
    await use({ team: "b" }, untrusted);

    expect(await requestsBy("team_key")).toEqual({ a: 1, b: 1 });
  });

  test("of an untrusted source decides nothing when it is imported or rated again either", async () => {
    await apply(inTeam("a"));
    const of = { database: db.pool, clock: () => now, secretsKey: undefined };
    await addSource(of, { name: "script", isTrusted: false, actor: "dana" });
    await use({ team: "b" }, untrusted);
    const line = JSON.stringify({
      event_id: "imported",
      occurred_at: now.toISOString(),
      model: "claude-opus-5-5",
      usage: { input_tokens: 0, output_tokens: 10_000 },
      user_email: "bo@acme.test",
      team: "b",
    });
    for (const source of ["script", "archive"]) {
      const usageImport = createUsageImport({
        now,
        recording: deps(),
        source,
        userEmail: undefined,
        onProblem: ({ message }) => expect.fail(message),
        onSettled: () => undefined,
      });
      const chunks = Readable.from([Buffer.from(`${line}\n`)]);
      await usageImport.add({ name: "events.jsonl", chunks });
      await usageImport.finish();
    }
    // A name that nobody added is the operator's own, and believed.
    expect(await requestsBy("team_key")).toEqual({ a: 2, b: 1 });
    await rerate();
    expect(await requestsBy("team_key")).toEqual({ a: 2, b: 1 });
    // Moved otherwise by a rule, what the claim says is still not believed.
    await apply(
      `from: 2026-10-01\n${inTeam("a").replace("teams: {", "teams: { c: {},")}\nallocation: [{ match: { source: script }, to: { team: c } }]`,
    );
    await rerate();
    expect(await requestsBy("team_key")).toEqual({ b: 1, c: 2 });
  });

  test("decides the person only when its source is trusted for people", async () => {
    await apply(inTeam("a"));

    await use({}, untrusted);
    await use({}, { ...untrusted, isTrustedForPeople: false });

    expect(await requestsBy("user_email")).toEqual({ "bo@acme.test": 1, none: 1 });
    expect(await requestsBy("team_key")).toEqual({ a: 1, none: 1 });
  });
});

describe("names that are no addresses", () => {
  test("are the person's whom they are linked to, in the time of the link, once re-rated too", async () => {
    await apply(inTeam("a"));
    now = addMs(START, 10 * DAY_MS);
    const nameless = { user_email: null, tags: { user_id: "alice" } };
    await use({ ...nameless, occurred_at: daysOn(1) });
    await db.pool.query(
      `insert into person_identities
              (person_identity_id, kind, source, external_id, person_email, verified_by, linked_by,
               linked_at, valid_from)
       values (gen_random_uuid(), 'gateway_user', 'default', 'alice', 'bo@acme.test', 'admin', 'dana',
               now(), '2026-11-05')`,
    );

    await use({ ...nameless, occurred_at: daysOn(6) });
    await use({ ...nameless, occurred_at: daysOn(3) });
    await use({ user_email: null, tags: { user_id: "alice" } }, { name: "other", isTrusted: true });

    expect(await requestsBy("user_email")).toEqual({ "bo@acme.test": 1, none: 3 });
    expect(await requestsBy("team_key")).toEqual({ a: 1, none: 3 });
    await rerate();
    expect(await requestsBy("user_email")).toEqual({ "bo@acme.test": 1, none: 3 });
  });

  test("a second address counts as the person whose it is, and for their team", async () => {
    await apply(inTeam("a"));
    await db.pool.query(
      `insert into person_identities
              (person_identity_id, kind, source, external_id, person_email, verified_by, linked_by,
               linked_at)
       values (gen_random_uuid(), 'email', '', 'bo@old.test', 'bo@acme.test', 'confirmation',
               'bo@old.test', now())`,
    );

    await use({ user_email: "Bo@Old.test" });

    expect(await requestsBy("user_email")).toEqual({ "bo@acme.test": 1 });
    expect(await requestsBy("team_key")).toEqual({ a: 1 });
  });

  test("a service account owns what its key and its ids use, and belongs to its team", async () => {
    await apply(`${inTeam("a")}
service_accounts:
  nightly@agents.test: { kind: agent, responsible: bo@acme.test, team: b, ids: ["api_key:k", "anthropic_user:svac_01"] }`);

    await use({ user_email: null, api_key_id: "k" });
    await use({ user_email: null, tags: { "user.account_id": "svac_01" } });
    await use({ api_key_id: "k" });

    expect(await requestsBy("user_email")).toEqual({ "bo@acme.test": 1, "nightly@agents.test": 2 });
    expect(await requestsBy("team_key")).toEqual({ a: 1, b: 2 });
  });
});
