/** Budgets, spend and organizations for tests of budgets; a test names what it is about. */
import { emailFrom } from "../../src/domain/email.ts";
import { type Usd, usdToDecimal } from "../../src/domain/money.ts";
import { scopeFrom } from "../../src/domain/scope.ts";
import { type Instant, instant, timeZone } from "../../src/domain/time.ts";
import { ensureSpendDimensions, type SpendDimension } from "../../src/features/allocation/index.ts";
import { enqueueBudgetChecks } from "../../src/features/budgets/index.ts";
import type { Budget, GovernedBudget, SpendFor } from "../../src/features/budgets/rules.ts";
import { bucketStart } from "../../src/features/ingest/rules.ts";
import { replaceOrganization } from "../../src/features/organization/index.ts";
import type { Sql } from "../../src/store/database.ts";
import { aSpendDimension } from "./allocation-builders.ts";
import { usd } from "./builders.ts";
import { aTeam } from "./organization-builders.ts";

export function aBudget(overrides: Partial<Budget> = {}): Budget {
  return {
    budgetId: "search-monthly",
    coverage: { kind: "one", scope: { kind: "team", key: "search" } },
    baseLimit: usd(500),
    periodKind: "monthly",
    timeZone: timeZone("UTC"),
    weekStartsOn: "monday",
    fiscalMonthStartsOn: 1,
    fiscalYearStartsIn: 1,
    thresholdPercents: [50, 80, 100],
    forecastThresholdPercents: [],
    rollOverMaxPercent: undefined,
    paceDays: undefined,
    notifyReset: false,
    generation: 1,
    managedBy: "governance",
    ...overrides,
  };
}

/** `scope` as text: "team:search", "each:user". */
export function aGovernedBudget(
  overrides: Partial<Omit<GovernedBudget, "scope">> & { readonly scope?: string } = {},
): GovernedBudget {
  const { scope = "team:search", ...rest } = overrides;
  const each = (["team", "user", "project", "api_key"] as const).find(
    (kind) => scope === `each:${kind}`,
  );
  return {
    key: "search-monthly",
    limit: usd(500),
    period: "monthly",
    timeZone: timeZone("UTC"),
    weekStartsOn: "monday",
    fiscalMonthStartsOn: 1,
    fiscalYearStartsIn: 1,
    thresholdPercents: [50, 80, 100],
    forecastThresholdPercents: [],
    ...rest,
    scope: each === undefined ? scopeFrom(scope) : { kind: "each", key: each },
  };
}

export function aSpendFor(overrides: Partial<SpendFor> = {}): SpendFor {
  return {
    teamKey: undefined,
    projectKey: undefined,
    userEmail: undefined,
    apiKeyId: undefined,
    workspaceId: undefined,
    modelId: "claude-opus-5-5",
    tags: {},
    ...overrides,
  };
}

/** Acme: Search (owner ana, member bo, projects checkout and ranking), Ads without channel; admin dana. */
export async function acme(sql: Sql): Promise<void> {
  await replaceOrganization(sql, {
    organization: {
      name: "Acme",
      timeZone: timeZone("UTC"),
      weekStartsOn: "monday",
      finopsChannel: "#finops",
      admins: [emailFrom("dana@acme.test")],
    },
    teams: [
      aTeam({
        key: "search",
        name: "Search",
        channel: "#team-search",
        owners: [emailFrom("ana@acme.test")],
        members: [emailFrom("bo@acme.test")],
        projects: ["checkout", "ranking"],
      }),
      aTeam({ key: "ads", name: "Ads", owners: [emailFrom("eve@acme.test")] }),
    ],
  });
}

let eventCounter = 0;

/** Spend as ingest leaves it: event, charge, rollup and a check. Negative: a correction. */
export async function spend(
  sql: Sql,
  what: {
    readonly amount: Usd;
    readonly at: string | Instant;
    readonly of?: Partial<SpendDimension>;
    readonly tags?: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const at = instant(what.at);
  const [dimensionId = 0] = await ensureSpendDimensions(sql, [
    aSpendDimension({ teamKey: "search", ...what.of }),
  ]);
  eventCounter += 1;
  const id = `00000000-0000-7000-8000-${String(eventCounter).padStart(12, "0")}`;
  const amount = usdToDecimal(what.amount);
  await sql.query(`select ensure_usage_partitions($1)`, [at]);
  await sql.query(
    `insert into usage_events
            (usage_event_id, source, event_id, occurred_at, received_at, provider, model, usage, tags)
     values ($1::uuid, 'test', $4, $2, $2, 'anthropic', 'claude-opus-5-5', '{}', $3)`,
    [id, at, what.tags === undefined ? null : JSON.stringify(what.tags), id],
  );
  await sql.query(
    `insert into charges
            (usage_event_id, charge_number, charge_category, charge_class, charge_period_start,
             spend_dimension_id, sku_id, price_id, pricing_basis, consumed_quantity, consumed_unit,
             list_unit_price_usd, list_cost_usd, billed_cost_usd)
     values ($1, case when $4::numeric < 0 then -1 else 1 end, 'Usage', case when $4::numeric < 0 then 'Correction' end, $2, $3, 'sku', 'price',
             'list', case when $4::numeric < 0 then -1 else 1 end, 'Tokens', abs($4::numeric), $4, $4)`,
    [id, at, dimensionId, amount],
  );
  await sql.query(
    `insert into spend_rollups
            (spend_dimension_id, bucket_start, request_count, uncached_input_tokens,
             cache_creation_5m_input_tokens, cache_creation_1h_input_tokens,
             cache_read_input_tokens, output_tokens, web_search_requests, list_cost_usd,
             billed_cost_usd)
     values ($1, $2, 1, 0, 0, 0, 0, 0, 0, $3, $3)
         on conflict (spend_dimension_id, bucket_start) do update
        set billed_cost_usd = spend_rollups.billed_cost_usd + excluded.billed_cost_usd`,
    [dimensionId, bucketStart(at), amount],
  );
  await sql.query(
    `insert into spend_days
            (spend_dimension_id, day_start, request_count, uncached_input_tokens,
             cache_creation_5m_input_tokens, cache_creation_1h_input_tokens,
             cache_read_input_tokens, output_tokens, web_search_requests, list_cost_usd,
             billed_cost_usd)
     values ($1, date_trunc('day', $2::timestamptz, 'UTC'), 1, 0, 0, 0, 0, 0, 0, $3, $3)
         on conflict (spend_dimension_id, day_start) do update
        set billed_cost_usd = spend_days.billed_cost_usd + excluded.billed_cost_usd`,
    [dimensionId, at, amount],
  );
  await enqueueBudgetChecks(sql, [
    { spendDimensionId: dimensionId, tags: what.tags, occurredAt: at },
  ]);
}

/** Facts as short lines: "search-monthly 80% of 500.000000 announced". */
export async function alertLines(sql: Sql): Promise<string[]> {
  const { rows } = await sql.query<{ readonly line: string }>(
    `select a.budget_id || case when a.member_key = '' then '' else ' ' || a.member_key end
            || ' ' || a.threshold_percent || '% of ' || trim_scale(a.limit_usd)
            || ' ' || coalesce(a.not_sent_because, 'announced') as line
       from alerts a
      order by a.found_at, a.budget_id, a.member_key, a.limit_usd, a.threshold_percent`,
  );
  return rows.map((row) => row.line);
}

/** What was decided to be posted, as a message or a reply: "#team-search: Search passed …". */
export async function sentLines(sql: Sql): Promise<string[]> {
  const { rows } = await sql.query<{ readonly line: string }>(
    `select m.destination || ': ' || m.text as line
       from outbox_messages m
      where m.updates_dedupe_key is null
      order by m.outbox_message_id`,
  );
  return rows.map((row) => row.line);
}

/** Empties what a test of budgets may have written. */
export async function forgetEverything(sql: Sql): Promise<void> {
  await sql.query(
    `truncate budgets, budget_limits, budget_watches, budget_forecasts, budget_forecast_sightings, budget_grants, alerts, alert_threads, budget_checks, outbox_messages,
              spend_rollups, spend_days, charges, usage_events, usage_identities, spend_dimensions, approval_policies,
              approval_requests, approval_votes, audit_entries cascade`,
  );
}
