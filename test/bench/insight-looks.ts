/**
 * What a look for the unusual costs: with many series that exist and few that are touched, and with
 * as many events in the last ten minutes as at 1,000 a second.
 */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { instant } from "../../src/domain/time.ts";
import { lookAround } from "../../src/features/insights/index.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { startEmbeddedPostgres } from "../../src/store/embedded.ts";
import { migrate } from "../../src/store/migrate.ts";
import { sumDays } from "../support/spend-days.ts";
import { median, printFigure } from "./figure.ts";

const SERIES = 10_000;
const FEW_SERIES = 200;
const TOUCHED = 50;
const ROUNDS = 7;
const FILL_TIMEOUT_MS = 120_000;
const RECENT_EVENTS = 600_000;

export async function benchLooks(): Promise<void> {
  const costs = new Map<number, { readonly first: number; readonly again: number }>();
  for (const count of [FEW_SERIES, SERIES]) {
    // oxlint-disable-next-line no-await-in-loop -- they must not disturb each other
    await withDatabase(async (database) => {
      await fillHistory(database, count);
      costs.set(count, await lookCost(database));
      if (count !== SERIES) return;
      await fillMinutes(database);
      const busy = await lookCost(database);
      printFigure({
        name: "insights.look.busy",
        value: busy.again,
        unit: `ms, ${String(RECENT_EVENTS)} events in the last ten minutes`,
        baseline: "the same without them",
        baseline_value: costs.get(SERIES)?.again ?? Number.NaN,
      });
    });
  }
  for (const which of ["first", "again"] as const) {
    printFigure({
      name: `insights.look.${which}`,
      value: costs.get(SERIES)?.[which] ?? Number.NaN,
      unit: `ms, ${String(TOUCHED)} touched of ${String(SERIES)} series with four weeks of history`,
      baseline: `the same of ${String(FEW_SERIES)} series`,
      baseline_value: costs.get(FEW_SERIES)?.[which] ?? Number.NaN,
    });
  }
}

async function withDatabase(run: (database: Database) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "claude-spend-bench-"));
  await chmod(directory, 0o777); // Postgres may be another user.
  const postgres = await startEmbeddedPostgres({ dataDir: join(directory, "data") });
  const database = openDatabase({
    ...postgres.poolConfig,
    statement_timeout: FILL_TIMEOUT_MS, // of what is filled in; a look has its own
    query_timeout: FILL_TIMEOUT_MS,
  });
  try {
    await migrate(database);
    await run(database);
  } finally {
    await database.end();
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** The first look of an hour makes norms; the others find them. */
async function lookCost(
  database: Database,
): Promise<{ readonly first: number; readonly again: number }> {
  const times: number[] = [];
  await database.query("truncate insight_norms");
  for (let round = 0; round <= ROUNDS; round += 1) {
    const startedAt = performance.now();
    // oxlint-disable-next-line no-await-in-loop -- one round after the other
    await lookAround({ database, clock: () => instant(new Date()) });
    times.push(performance.now() - startedAt);
  }
  const [first = Number.NaN, ...again] = times;
  return { first, again: median(again) };
}

/** Office hours of four weeks for every person; some of them spend as always right now. */
async function fillHistory(database: Database, count: number): Promise<void> {
  await database.query(
    `insert into spend_dimensions
            (team_key, user_email, model_id, api_key_id, source)
     select 'team-' || n % 20, 'p' || n || '@acme.test', 'claude-opus-5-5', 'key-' || n, 'default'
       from generate_series(1, $1) n`,
    [count],
  );
  for (let week = 0; week < 4; week += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each within the time-out of a statement
    await database.query(
      `insert into spend_rollups
              (spend_dimension_id, bucket_start, request_count, uncached_input_tokens,
               cache_creation_5m_input_tokens, cache_creation_1h_input_tokens,
               cache_read_input_tokens, output_tokens, web_search_requests, list_cost_usd,
               billed_cost_usd)
       select d.spend_dimension_id, date_bin('15 minutes', now(), 'epoch') - x.t, 1, 1000, 0, 0, 0, 100, 0, 6, 6
         from spend_dimensions d
        cross join lateral (select n * interval '1 day' as t
                             from generate_series($1::integer, $1::integer + 6) n) x`,
      [week * 7 + 1],
    );
  }
  await database.query(
    `insert into spend_rollups
            (spend_dimension_id, bucket_start, request_count, uncached_input_tokens,
             cache_creation_5m_input_tokens, cache_creation_1h_input_tokens,
             cache_read_input_tokens, output_tokens, web_search_requests, list_cost_usd,
             billed_cost_usd)
     select d.spend_dimension_id, date_bin('15 minutes', now(), 'epoch'), 1, 1000, 0, 0, 0, 100, 0, 6, 6
       from spend_dimensions d
      order by d.spend_dimension_id
      limit $1`,
    [TOUCHED],
  );
  await sumDays(database);
  await database.query("analyze spend_dimensions, spend_rollups, spend_days");
}

/** Ordinary events: prompts of their own, sessions of fifty requests. */
async function fillMinutes(database: Database): Promise<void> {
  await database.query("select ensure_usage_partitions(now())");
  const share = 50_000;
  for (let from = 0; from < RECENT_EVENTS; from += share) {
    // oxlint-disable-next-line no-await-in-loop -- each within the time-out of a statement
    await database.query(
      `insert into usage_events
              (usage_event_id, source, event_id, occurred_at, received_at, provider, model, usage,
               user_email, session_id, prompt_hash)
       select gen_random_uuid(), 'default', 'e' || n,
              now() - interval '10 minutes' + n * interval '1 millisecond', now(), 'anthropic',
              'claude-opus-5-5', '{"input_tokens":1000,"output_tokens":100}',
              'p' || n % 2000 || '@acme.test', 's' || n / 50, 'sha256:' || md5(n::text)
         from generate_series($1::integer, $2::integer) n`,
      [from, from + share - 1],
    );
  }
  await database.query("analyze usage_events");
}
