/** GET /v1/budgets: where budgets stand, as in Slack. */
import type { FastifyInstance, preHandlerAsyncHookHandler } from "fastify";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { usdToDecimal } from "../../domain/money.ts";
import { formatScope, parseScope, type Scope } from "../../domain/scope.ts";
import type { Clock } from "../../domain/time.ts";
import type { Database } from "../../store/database.ts";
import { loadBudgetStatus } from "./flow/status.ts";
import type { BudgetStatus } from "./rules.ts";

const SCOPE = z.string().optional();
const BUDGETS_QUERY = z.strictObject({ scope: SCOPE });

export function budgetRoutes(
  app: FastifyInstance,
  deps: {
    readonly database: Database;
    readonly clock: Clock;
    readonly requireApiToken: preHandlerAsyncHookHandler;
  },
): void {
  const { database, clock } = deps;
  app.get("/v1/budgets", { preHandler: deps.requireApiToken }, async (request) => {
    const query = BUDGETS_QUERY.safeParse(request.query);
    if (!query.success) throw invalid("The only parameter is scope.", query.error);
    const scope = scopeOf(query.data.scope);
    const statuses = await loadBudgetStatus(database, {
      ...(scope === undefined ? {} : { scope }),
      now: clock(),
    });
    return { currency: "USD", budgets: statuses.map(statusToJson) };
  });
}

function scopeOf(text: string | undefined): Scope | undefined {
  if (text === undefined) return undefined;
  const scope = parseScope(text);
  if (scope === undefined) {
    throw invalid(
      "scope: expected org, team:KEY, project:KEY, user:EMAIL, api_key:ID, workspace:ID, model:ID or tag:NAME=VALUE.",
    );
  }
  return scope;
}

function invalid(message: string, cause?: unknown): AppError {
  return new AppError({ code: "invalid", message, cause });
}

function statusToJson(status: BudgetStatus): Readonly<Record<string, unknown>> {
  return {
    budget_id: status.budgetId,
    scope: formatScope(status.scope),
    member_key: status.memberKey === "" ? null : status.memberKey,
    managed_by: status.managedBy,
    period: status.periodKind,
    period_start: status.period.start.toISOString(),
    period_end: status.period.end.toISOString(),
    time_zone: status.timeZone,
    base_limit: usdToDecimal(status.baseLimit),
    grants: usdToDecimal(status.grants),
    carried_over: usdToDecimal(status.carriedOver),
    limit: usdToDecimal(status.limit),
    spend: usdToDecimal(status.spend),
    percent: status.percent,
    thresholds: status.thresholdPercents,
    forecast: forecastToJson(status.forecast),
    days_ahead_of_plan: status.forecast === undefined ? null : roundedDays(status.forecast),
  };
}

/** Null while a number would be invented. */
function forecastToJson(
  forecast: BudgetStatus["forecast"],
): Readonly<Record<string, unknown>> | null {
  if (forecast === undefined) return null;
  const { expected, low, high, accuracy, asOf } = forecast;
  return {
    expected: usdToDecimal(expected),
    low: usdToDecimal(low),
    high: usdToDecimal(high),
    accuracy_percent: accuracy?.withinPercent ?? null,
    accuracy_periods: accuracy?.periods ?? 0,
    as_of: asOf.toISOString(),
  };
}

function roundedDays({ daysAhead }: NonNullable<BudgetStatus["forecast"]>): number {
  return Math.round(daysAhead * 10) / 10;
}
