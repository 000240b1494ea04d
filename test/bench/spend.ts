/**
 * How long a question for spend takes with ten times the history: the whole program over HTTP, with
 * the sums that a million events and ten million leave behind, 5,000 people in 200 teams.
 */
import type { Database } from "../../src/store/database.ts";
import { aWebhookSecret } from "../support/usage-builders.ts";
import { printFigure } from "./figure.ts";
import { type BenchDatabase, forkProgram, startBenchDatabase } from "./processes.ts";

const PEOPLE = 5_000;
const DAYS = 90;
/** Quarters of an hour a day in which a person used each of two models. */
const QUARTERS_OF_A_MILLION = 1;
const QUARTERS_OF_TEN_MILLION = 11;
const QUESTIONS = 120;
const ASKING_AT_ONCE = 4;
const TOKEN = "bench-api-token-0123456789";

export async function benchSpend(): Promise<void> {
  const database = await startBenchDatabase();
  const smaller = await p95s(database, QUARTERS_OF_A_MILLION);
  const larger = await p95s(database, QUARTERS_OF_TEN_MILLION);
  await database.stop();
  for (const [name, value] of larger) {
    printFigure({
      name: `spend.${name}`,
      value,
      unit: "ms, p95",
      baseline: "the same with 1 million events instead of 10",
      baseline_value: smaller.get(name) ?? Number.NaN,
    });
  }
}

const QUERIES: readonly (readonly [name: string, query: string])[] = [
  ["team", "scope=team:team-7&group_by=model"],
  ["user", "scope=user:u77@acme.test&group_by=project"],
  ["organization", "scope=org&group_by=team"],
  ["model", "scope=model:claude-opus-5-5&group_by=team"],
  ["people", "scope=org&group_by=user"],
];
/** A month to date, as most questions are about. */
const ASKED_MS = 22.5 * 24 * 60 * 60_000;

async function p95s(
  database: BenchDatabase,
  quarters: number,
): Promise<ReadonlyMap<string, number>> {
  const until = await fillSpend(database, quarters);
  const period = new URLSearchParams({
    from: new Date(until.getTime() - ASKED_MS).toISOString(),
    to: until.toISOString(),
    time_zone: "Europe/Berlin",
  }).toString();
  const server = await forkProgram(database, aWebhookSecret(), { API_TOKEN: TOKEN });
  const result = new Map<string, number>();
  for (const [name, query] of QUERIES) {
    // oxlint-disable-next-line no-await-in-loop -- one question at a time, so that they don't disturb each other
    result.set(name, await p95(new URL(`/v1/spend?${period}&${query}`, server.url)));
  }
  await server.stop();
  return result;
}

async function p95(url: URL): Promise<number> {
  const times: number[] = [];
  const ask = async (): Promise<void> => {
    const startedAt = performance.now();
    const response = await fetch(url, { headers: { authorization: `Bearer ${TOKEN}` } });
    if (!response.ok) throw new Error(await response.text());
    await response.arrayBuffer();
    times.push(performance.now() - startedAt);
  };
  for (let asked = 0; asked < QUESTIONS; asked += ASKING_AT_ONCE) {
    // oxlint-disable-next-line no-await-in-loop -- a few at a time
    await Promise.all(Array.from({ length: ASKING_AT_ONCE }, ask));
    if (asked === ASKING_AT_ONCE) times.length = 0; // The first ones warm up.
  }
  const sorted = times.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN;
}

const FRESH_MS = 20 * 60 * 60_000;

/**
 * What ingest would have left until now, which is answered: sums by quarter and day, without the events
 * themselves. At any hour, as in an organization that is all around the world. Nothing to do in a
 * database that was kept with as many since today.
 */
export async function fillSpend({ pool }: BenchDatabase, quarters: number): Promise<Date> {
  const { rows } = await pool.query<{ readonly count: string; readonly until: Date | null }>(
    `select count(*)::text as count, max(r.bucket_start) + interval '15 minutes' as until
       from spend_rollups r`,
  );
  const { count, until: kept = null } = rows[0] ?? {};
  if (kept !== null && count === String(DAYS * quarters * PEOPLE * 2)) {
    const age = Date.now() - kept.getTime();
    if (age >= 0 && age < FRESH_MS) return kept;
  }
  const until = new Date(Math.floor(Date.now() / QUARTER_MS) * QUARTER_MS);
  await pool.query("truncate spend_rollups, spend_days, spend_dimensions restart identity");
  await pool.query(
    `insert into spend_dimensions (team_key, project_key, user_email, model_id, workspace_id, source)
     select 'team-' || (u / 25), 'project-' || (u / 25 * 2 + u % 2), 'u' || u || '@acme.test', m,
            'wrkspc_' || (u / 1000), 'default'
       from generate_series(0, $1::integer - 1) u
      cross join unnest(array['claude-opus-5-5', 'claude-haiku-4-5']) m`,
    [PEOPLE],
  );
  for (let day = DAYS; day > 0; day -= 1) {
    // oxlint-disable-next-line no-await-in-loop -- in the order in which usage comes in
    await fillDay(pool, new Date(until.getTime() - day * DAY_MS), quarters);
  }
  await pool.query(
    `insert into spend_days
     select r.spend_dimension_id, date_trunc('day', r.bucket_start, 'UTC'), sum(r.request_count),
            sum(r.uncached_input_tokens), sum(r.cache_creation_5m_input_tokens),
            sum(r.cache_creation_1h_input_tokens), sum(r.cache_read_input_tokens),
            sum(r.output_tokens), sum(r.web_search_requests), sum(r.list_cost_usd),
            sum(r.billed_cost_usd)
       from spend_rollups r
      group by 1, 2
      order by 2, hashint4(r.spend_dimension_id)`,
  );
  await pool.query(
    `vacuum analyze spend_rollups, spend_days, spend_dimensions, team_spend_days, model_spend_quarters,
                    spend_months`,
  );
  return until;
}

const QUARTER_MS = 15 * 60_000;
const DAY_MS = 24 * 60 * 60_000;
const QUARTERS_A_DAY = 96;

/** Everybody at once, in no order: what one person or team used lies among all the rest. */
async function fillDay(pool: Database, start: Date, quarters: number): Promise<void> {
  await pool.query(
    `insert into spend_rollups
            (spend_dimension_id, bucket_start, request_count, uncached_input_tokens,
             cache_creation_5m_input_tokens, cache_creation_1h_input_tokens, cache_read_input_tokens,
             output_tokens, web_search_requests, list_cost_usd, billed_cost_usd)
     select d.spend_dimension_id, $1::timestamptz + s.slot * interval '15 minutes',
            1, 1000, 100, 100, 5000, 300, 0, 0.04, 0.04 + d.spend_dimension_id * 0.000001
       from generate_series(0, $2::integer - 1) quarter
      cross join spend_dimensions d
      cross join lateral (
        select (abs(hashint4(d.spend_dimension_id)::bigint) + quarter * ($3::integer / $2::integer))
                 % $3 as slot
      ) s
      order by s.slot, hashint4(-d.spend_dimension_id)`,
    [start, quarters, QUARTERS_A_DAY],
  );
}
