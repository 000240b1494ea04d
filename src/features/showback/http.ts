/** Showback over HTTP: `GET /v1/spend`. Money is exact decimal strings. */
import type { FastifyInstance, preHandlerAsyncHookHandler } from "fastify";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { usdToDecimal } from "../../domain/money.ts";
import { endOfQuarterHour } from "../../domain/month-to-date.ts";
import { formatScope, parseScope } from "../../domain/scope.ts";
import {
  type Clock,
  type Instant,
  instant,
  parseLocalDate,
  parseTimeZone,
  periodOf,
  type TimeZone,
} from "../../domain/time.ts";
import type { Database } from "../../store/database.ts";
import { loadOrganization, type Organization } from "../organization/index.ts";
import { basisOf } from "../reconciliation/index.ts";
import { querySpend } from "./flow.ts";
import { GROUP_KEYS, type GroupKey, type SpendQuery, type SpendTotals } from "./rules.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
  readonly requireApiToken: preHandlerAsyncHookHandler;
}

const parameters = z.strictObject({
  scope: z.string().default("org"),
  from: z.string().optional(),
  to: z.string().optional(),
  group_by: z.string().optional(),
  time_zone: z.string().optional(),
});

export function showbackRoutes(app: FastifyInstance, deps: Deps): void {
  app.get("/v1/spend", { preHandler: deps.requireApiToken }, async (request) => {
    const now = deps.clock();
    const query = parseQuery(request.query, now, await loadOrganization(deps));
    const { total, rows } = await querySpend(deps, query);
    const basis = await basisOf(deps, query);
    return {
      scope: formatScope(query.scope),
      from: query.period.start.toISOString(),
      to: query.period.end.toISOString(),
      currency: "USD",
      ...totalsJson(total, "total_cost"),
      rows: rows.map((row) => ({ ...row.group, ...totalsJson(row, "cost") })),
      data_as_of: now.toISOString(),
      basis: basis.kind,
      basis_as_of: (basis.asOf ?? now).toISOString(),
    };
  });
}

function totalsJson(totals: SpendTotals, costName: "cost" | "total_cost"): object {
  return {
    [costName]: usdToDecimal(totals.cost),
    requests: totals.requests,
    tokens: totals.tokens,
  };
}

function parseQuery(raw: unknown, now: Instant, organization: Organization): SpendQuery {
  const parsed = parameters.safeParse(raw);
  if (!parsed.success) throw invalid(parameterProblem(parsed.error.issues));
  const given = parsed.data;
  return {
    ...parseSpendPeriod(given, now, organization),
    groupBy: parseGroupBy(given.group_by),
  };
}

/**
 * Scope, period and zone as the parameters of a query name them: the organization, its month and
 * its zone where they name none. Refuses what makes no sense, by the name of the parameter.
 */
export function parseSpendPeriod(
  given: {
    readonly scope?: string | undefined;
    readonly from?: string | undefined;
    readonly to?: string | undefined;
    readonly time_zone?: string | undefined;
  },
  now: Instant,
  organization: Organization,
): Omit<SpendQuery, "groupBy"> {
  const scope = parseScope(given.scope ?? "org");
  if (scope === undefined) {
    throw invalid(
      `scope: expected org, team:KEY, project:KEY, user:EMAIL, api_key:ID, workspace:ID, model:ID or tag:NAME=VALUE, got ${given.scope ?? ""}`,
    );
  }
  const zone =
    given.time_zone === undefined ? organization.timeZone : parseTimeZone(given.time_zone);
  if (zone === undefined) throw invalid("time_zone: expected an IANA name such as Europe/Berlin");
  const month = periodOf(now, { kind: "monthly", zone, weekStartsOn: organization.weekStartsOn });
  const start = given.from === undefined ? month.start : parseTime("from", given.from, zone);
  const end = given.to === undefined ? endOfQuarterHour(now) : parseTime("to", given.to, zone);
  if (start >= end) {
    throw invalid(
      given.to === undefined && given.from !== undefined
        ? "from: expected a time in the past, since without to the period ends now"
        : "to: expected a time after from",
    );
  }
  return { scope, period: { start, end }, zone };
}

/** Names the first parameter that is unknown or comes more than once. */
function parameterProblem([issue]: readonly z.core.$ZodIssue[]): string {
  return issue?.code === "unrecognized_keys"
    ? `${issue.keys[0] ?? ""}: expected only the parameters scope, from, to, group_by and time_zone`
    : `${String(issue?.path[0])}: expected one value, not several`;
}

function parseTime(name: string, text: string, zone: TimeZone): Instant {
  const date = parseLocalDate(text, zone);
  if (date !== undefined) return date;
  if (!z.iso.datetime({ offset: true }).safeParse(text).success) {
    throw invalid(
      `${name}: expected a date (2026-11-01) or a time with its zone (2026-11-01T00:00:00Z)`,
    );
  }
  return instant(text);
}

function parseGroupBy(text: string | undefined): GroupKey[] {
  if (text === undefined || text === "") return [];
  const keys = text.split(",").map((word) => GROUP_KEYS.find((known) => known === word.trim()));
  const known = keys.filter((key) => key !== undefined);
  if (known.length !== keys.length || new Set(known).size !== known.length) {
    throw invalid(`group_by: expected a comma list of different ones of ${GROUP_KEYS.join(", ")}`);
  }
  return known;
}

function invalid(message: string): AppError {
  return new AppError({ code: "invalid", message });
}
