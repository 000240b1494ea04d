/**
 * Showback, how SQL says "spend of a scope in a period": which sums it is read from, and what they
 * leave over.
 *
 * Whole days come from spend_days, or from team_spend_days where nobody asks who it was, and whole
 * months of everybody from spend_months; whole quarters of an hour from spend_rollups. What is left at either end of an odd period, and spend by tag, which
 * those do not know, from the charges themselves.
 */
import type { Scope } from "../../../domain/scope.ts";
import { instant, type Period } from "../../../domain/time.ts";
import type { GroupKey, SpendQuery } from "../rules.ts";

/** By which value of dimension `d`, or of time `s.at`, rows are grouped. */
export const GROUP_SQL: Readonly<Record<GroupKey, string>> = {
  team: "d.team_key",
  project: "d.project_key",
  user: "d.user_email",
  model: "d.model_id",
  api_key: "d.api_key_id",
  workspace: "d.workspace_id",
  source: "d.source",
  day: "to_char(s.at at time zone $6, 'YYYY-MM-DD')",
  hour: `to_char(date_trunc('hour', s.at, $6) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`,
};

/** Rows of spend as `s` with their dimensions as `d`, to be selected from; `values` are $1 to $7. */
export interface SpendSource {
  readonly from: string;
  readonly values: readonly unknown[];
  /**
   * Names the text among prepared statements: what is read one dimension after the other is read the
   * same way whatever the period, and planning it takes longer than doing it. Absent: it depends.
   */
  readonly name: string | undefined;
}

/** What is asked of spend: all of its sums, or only how many requests there were and what they cost. */
type Wanted = "sums" | "cost";

/** The spend that `query` asks about. By its groups it is decided how fine rows must be. */
export function spendSource(query: SpendQuery, wanted: Wanted = "sums"): SpendSource {
  const { scope, period, zone } = query;
  const { inner, before, after } = splitAtQuarters(period);
  const isByTag = scope.kind === "tag";
  const isOdd = isByTag || before.start < before.end || after.start < after.end;
  // What everybody spent needs no dimension.
  const isAll = scope.kind === "org" && query.groupBy.length === 0 && !isOdd;
  const rows = `(${wanted === "cost" && !isOdd ? costOf(query) : sumsOf(query)}
       ${isOdd ? chargesOf(isByTag) : ""}
     ) s
       join spend_dimensions d on d.spend_dimension_id = s.spend_dimension_id`;
  return {
    from: `${isAll ? "team_spend_in($1, $2) s" : rows}
      where $6::text is not null and $3::timestamptz is not null and $4::timestamptz is not null
        and $5::timestamptz is not null ${scopeCondition(scope)}`,
    values: [
      // By tag nothing comes from the rollups: their range is empty, and `before` is everything.
      isByTag ? period.end : inner.start,
      isByTag ? period.end : inner.end,
      isByTag ? period.start : before.start,
      isByTag ? period.end : after.start,
      isByTag ? period.end : after.end,
      zone,
      ...(scope.kind === "org" ? [] : [scopeParameter(scope)]),
    ],
    name: isOdd || isWide(scope) ? undefined : scope.kind,
  };
}

/** Whether a period consists of whole quarters of an hour, as all do that people name. */
export function isWholeQuarters({ start, end }: Period): boolean {
  return start.getTime() % QUARTER_HOUR_MS === 0 && end.getTime() % QUARTER_HOUR_MS === 0;
}

/** Whether rows tell one person, or key, from another. */
function tellsWho({ scope, groupBy }: Pick<SpendQuery, "scope" | "groupBy">): boolean {
  return isPersonal(scope) || groupBy.includes("user") || groupBy.includes("api_key");
}

/** Scopes that cover only a part of what a team used. */
export function isPersonal({ kind }: Scope): boolean {
  return kind === "user" || kind === "api_key";
}

/** Scopes of so many dimensions that looking each of them up takes longer than reading everybody's. */
export function isWide({ kind }: Scope): boolean {
  return kind === "org" || kind === "model" || kind === "workspace";
}

const SUMS = `r.request_count, r.uncached_input_tokens, r.cache_creation_5m_input_tokens,
              r.cache_creation_1h_input_tokens, r.cache_read_input_tokens, r.output_tokens,
              r.billed_cost_usd`;

/** Of a dimension as one row, since each way to group adds up all rows that there are. */
const SUMMED = `sum(r.request_count) as request_count,
              sum(r.uncached_input_tokens) as uncached_input_tokens,
              sum(r.cache_creation_5m_input_tokens) as cache_creation_5m_input_tokens,
              sum(r.cache_creation_1h_input_tokens) as cache_creation_1h_input_tokens,
              sum(r.cache_read_input_tokens) as cache_read_input_tokens,
              sum(r.output_tokens) as output_tokens, sum(r.billed_cost_usd) as billed_cost_usd`;

/**
 * The whole quarters of an hour from $1 to $2: of everybody in one go, of a scope one of its dimensions
 * after the other. Where nobody asks for days or hours, sums of whole days stand for theirs.
 */
function sumsOf(query: SpendQuery): string {
  const { scope, groupBy } = query;
  const isByTime = groupBy.includes("day") || groupBy.includes("hour");
  if (isWide(scope) || scope.kind === "tag") {
    return isByTime
      ? `select r.spend_dimension_id, r.bucket_start as at, ${SUMS}
         from spend_rollups r
        where r.bucket_start >= $1 and r.bucket_start < $2`
      : `select r.spend_dimension_id, $1::timestamptz as at, ${SUMMED}
         from ${tellsWho(query) ? "people_spend_in" : "team_spend_in"}($1, $2) r
        group by 1`;
  }
  // The offset keeps the planner, which can't know how few they are, from reading everybody's.
  const rows = isByTime
    ? `(select q.* from spend_rollups q
          where q.spend_dimension_id = d.spend_dimension_id
            and q.bucket_start >= $1 and q.bucket_start < $2
         offset 0)`
    : `${tellsWho(query) ? "spend_of" : "team_spend_of"}(d.spend_dimension_id, $1, $2)`;
  return `select r.spend_dimension_id, ${isByTime ? "r.bucket_start" : "$1::timestamptz"} as at, ${SUMS}
         from spend_dimensions d
        cross join lateral ${rows} r
        where true ${scopeCondition(scope)}`;
}

/** The same for who asks for nothing but the cost: of everybody's persons whole months come as one row. */
function costOf(query: SpendQuery): string {
  const { scope, groupBy } = query;
  const isByTime = groupBy.includes("day") || groupBy.includes("hour");
  return isWide(scope) && !isByTime && tellsWho(query)
    ? `select r.spend_dimension_id, sum(r.request_count) as request_count,
                sum(r.billed_cost_usd) as billed_cost_usd
           from people_cost_in($1, $2) r
          group by 1`
    : sumsOf(query);
}

/** What is left at either end, of the charges themselves. */
function chargesOf(isByTag: boolean): string {
  return `union all
       select c.spend_dimension_id, c.charge_period_start,
              request_count_of(c.charge_number),
              ${tokensOf("uncached_input")}, ${tokensOf("cache_write_5m")},
              ${tokensOf("cache_write_1h")}, ${tokensOf("cache_read")}, ${tokensOf("output")},
              c.billed_cost_usd
         from charges c
              ${isByTag ? "join usage_events e on e.usage_event_id = c.usage_event_id and e.occurred_at = c.charge_period_start" : ""}
        where ((c.charge_period_start >= $3 and c.charge_period_start < $1)
               or (c.charge_period_start >= $4 and c.charge_period_start < $5))
              ${isByTag ? "and e.occurred_at >= $3 and e.occurred_at < $1 and e.tags @> $7::jsonb" : ""}`;
}

/** The second part of a SKU id is its token type (see pricing). */
function tokensOf(tokenType: string): string {
  return `case when split_part(c.sku_id, '/', 2) = '${tokenType}' then c.consumed_quantity else 0 end`;
}

/** A condition over dimensions `d`; `place` is the place of `scopeParameter`. */
export function scopeCondition({ kind }: Scope, place = "$7"): string {
  switch (kind) {
    case "org":
      return "";
    case "team":
      return `and d.team_key = ${place}`;
    case "project":
      return `and d.project_key = ${place}`;
    case "user":
      return `and d.user_email = ${place}`;
    case "api_key":
      return `and d.api_key_id = ${place}`;
    case "workspace":
      return `and d.workspace_id = ${place}`;
    case "model":
      return `and d.model_id = ${place}`;
    case "tag":
      return ""; // Asked of the events themselves, above.
  }
}

/** The same over `model_spend_quarters`, by whose columns every wide scope is told. */
export function quartersCondition({ kind }: Scope, place: string): string {
  if (kind === "model") return `and s.model_id = ${place}`;
  return kind === "workspace" ? `and s.workspace_id = ${place}` : "";
}

export function scopeParameter({ kind, key }: Scope): string {
  if (kind !== "tag") return key;
  const equals = key.indexOf("=");
  return JSON.stringify({ [key.slice(0, equals)]: key.slice(equals + 1) });
}

const QUARTER_HOUR_MS = 15 * 60_000;

/** The whole quarters of an hour inside a period, and what is left before and after them. */
function splitAtQuarters({ start, end }: Period): {
  readonly before: Period;
  readonly inner: Period;
  readonly after: Period;
} {
  const up = Math.ceil(start.getTime() / QUARTER_HOUR_MS) * QUARTER_HOUR_MS;
  const down = Math.floor(end.getTime() / QUARTER_HOUR_MS) * QUARTER_HOUR_MS;
  if (up > down) {
    // All within one quarter of an hour.
    return { before: { start, end }, inner: { start: end, end }, after: { start: end, end } };
  }
  return {
    before: { start, end: instant(up) },
    inner: { start: instant(up), end: instant(down) },
    after: { start: instant(down), end },
  };
}
