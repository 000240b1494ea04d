/** GET /v1/budgets and /v1/alerts: where budgets stand and what was found, as in Slack. */
import type { FastifyInstance, preHandlerAsyncHookHandler } from "fastify";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { usdToDecimal } from "../../domain/money.ts";
import { formatScope, parseScope, type Scope } from "../../domain/scope.ts";
import type { Clock } from "../../domain/time.ts";
import type { Database } from "../../store/database.ts";
import { listAlerts, listBudgetStatus } from "./flow/status.ts";
import type { BudgetAlert } from "./rules/evaluate.ts";
import type { BudgetStatus } from "./rules.ts";

/** More alerts than this are an export, not an answer. */
const ALERTS_MAX = 1_000;
const ALERTS_DEFAULT = 100;

const SCOPE = z.string().optional();
const BUDGETS_QUERY = z.strictObject({ scope: SCOPE });
const ALERTS_QUERY = z.strictObject({
  scope: SCOPE,
  limit: z
    .string()
    .regex(/^\d{1,4}$/)
    .transform(Number)
    .pipe(z.number().min(1).max(ALERTS_MAX))
    .optional(),
});

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
    const statuses = await listBudgetStatus(database, {
      ...(scope === undefined ? {} : { scope }),
      now: clock(),
    });
    return { currency: "USD", budgets: statuses.map(statusToJson) };
  });
  app.get("/v1/alerts", { preHandler: deps.requireApiToken }, async (request) => {
    const query = ALERTS_QUERY.safeParse(request.query);
    if (!query.success) {
      throw invalid(
        `The parameters are scope and limit, a whole number from 1 to ${String(ALERTS_MAX)}.`,
        query.error,
      );
    }
    const scope = scopeOf(query.data.scope);
    const alerts = await listAlerts(database, {
      ...(scope === undefined ? {} : { scope }),
      alertsMax: query.data.limit ?? ALERTS_DEFAULT,
    });
    return { currency: "USD", alerts: alerts.map(alertToJson) };
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
    limit: usdToDecimal(status.limit),
    spend: usdToDecimal(status.spend),
    percent: status.percent,
    thresholds: status.thresholdPercents,
  };
}

function alertToJson({
  alert,
  scope,
}: {
  readonly alert: BudgetAlert;
  readonly scope: Scope;
}): Readonly<Record<string, unknown>> {
  return {
    alert_id: alert.alertId,
    budget_id: alert.budgetId,
    scope: formatScope(scope),
    member_key: alert.memberKey === "" ? null : alert.memberKey,
    period_start: alert.period.start.toISOString(),
    period_end: alert.period.end.toISOString(),
    threshold: alert.thresholdPercent,
    limit: usdToDecimal(alert.limit),
    spend: usdToDecimal(alert.spend),
    found_at: alert.foundAt.toISOString(),
    announced: alert.silentBecause === undefined,
    silent_because: alert.silentBecause ?? null,
    acknowledged_by: alert.acknowledgedBy ?? null,
    acknowledged_at: alert.acknowledgedAt?.toISOString() ?? null,
  };
}
