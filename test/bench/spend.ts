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
];

async function p95s(
  database: BenchDatabase,
  quarters: number,
): Promise<ReadonlyMap<string, number>> {
  await fillSpend(database, quarters);
  const server = await forkProgram(database, aWebhookSecret(), { API_TOKEN: TOKEN });
  const result = new Map<string, number>();
  for (const [name, query] of QUERIES) {
    // oxlint-disable-next-line no-await-in-loop -- one question at a time, so that they don't disturb each other
    result.set(
      name,
      await p95(
        new URL(
          `/v1/spend?from=2026-11-01&to=2026-11-23T10:15:00Z&time_zone=Europe/Berlin&${query}`,
          server.url,
        ),
      ),
    );
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

/**
 * What ingest would have left: sums by quarter and day, without the events themselves. Nothing to do
 * in a database that was kept with as many.
 */
export async function fillSpend({ pool }: BenchDatabase, quarters: number): Promise<void> {
  const { rows } = await pool.query<{ readonly count: string }>(
    "select count(*)::text as count from spend_rollups",
  );
  if (rows[0]?.count === String(DAYS * quarters * PEOPLE * 2)) return;
  await pool.query("truncate spend_rollups, spend_days, spend_dimensions restart identity");
  await pool.query(
    `insert into spend_dimensions (team_key, project_key, user_email, model_id, source)
     select 'team-' || (u / 25), 'project-' || (u / 10), 'u' || u || '@acme.test', m, 'default'
       from generate_series(0, $1::integer - 1) u
      cross join unnest(array['claude-opus-5-5', 'claude-haiku-4-5']) m`,
    [PEOPLE],
  );
  for (let day = 0; day < DAYS; day += 1) {
    // oxlint-disable-next-line no-await-in-loop -- in the order in which usage comes in
    await fillDay(pool, day, quarters);
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
  await pool.query("vacuum analyze spend_rollups, spend_days, spend_dimensions");
}

/** Everybody at once, in no order: what one person or team used lies among all the rest. */
async function fillDay(pool: Database, day: number, quarters: number): Promise<void> {
  await pool.query(
    `insert into spend_rollups
            (spend_dimension_id, bucket_start, request_count, uncached_input_tokens,
             cache_creation_5m_input_tokens, cache_creation_1h_input_tokens, cache_read_input_tokens,
             output_tokens, web_search_requests, list_cost_usd, billed_cost_usd)
     select d.spend_dimension_id,
            '2026-09-01T08:00:00Z'::timestamptz + $1::integer * interval '1 day'
              + quarter * interval '45 minutes',
            1, 1000, 100, 100, 5000, 300, 0, 0.04, 0.04
       from generate_series(0, $2::integer - 1) quarter
      cross join spend_dimensions d
      order by quarter, hashint4(d.spend_dimension_id)`,
    [day, quarters],
  );
}
