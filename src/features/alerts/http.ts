/** GET /v1/alerts: what was found, who was told, and what was not sent and why. */
import type { FastifyInstance, preHandlerAsyncHookHandler } from "fastify";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { usdToDecimal } from "../../domain/money.ts";
import { formatScope, parseScope, type Scope } from "../../domain/scope.ts";
import type { Database } from "../../store/database.ts";
import { type ListedAlert, listAlerts } from "./flow/list-alerts.ts";

/** More alerts than this are an export, not an answer. */
const ALERTS_MAX = 1_000;
const ALERTS_DEFAULT = 100;

const QUERY = z.strictObject({
  scope: z.string().optional(),
  limit: z
    .string()
    .regex(/^\d{1,4}$/)
    .transform(Number)
    .pipe(z.number().min(1).max(ALERTS_MAX))
    .optional(),
});

export function alertRoutes(
  app: FastifyInstance,
  deps: { readonly database: Database; readonly requireApiToken: preHandlerAsyncHookHandler },
): void {
  app.get("/v1/alerts", { preHandler: deps.requireApiToken }, async (request) => {
    const query = QUERY.safeParse(request.query);
    if (!query.success) {
      throw invalid(
        `The parameters are scope and limit, a whole number from 1 to ${String(ALERTS_MAX)}.`,
        query.error,
      );
    }
    const scope = scopeOf(query.data.scope);
    const alertsMax = query.data.limit ?? ALERTS_DEFAULT;
    const alerts = await listAlerts(deps.database, {
      alertsMax,
      ...(scope === undefined ? {} : { scope }),
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

function alertToJson(listed: ListedAlert): Readonly<Record<string, unknown>> {
  const { alert, acknowledged, resolved } = listed;
  const { budget, period } = alert;
  return {
    alert_id: alert.alertId,
    kind: alert.kind,
    severity: alert.severity,
    text: listed.text,
    thread: alert.threadKey,
    budget_id: budget?.budgetId ?? null,
    scope: formatScope(alert.scope),
    member_key: budget === undefined || budget.memberKey === "" ? null : budget.memberKey,
    period_start: period?.start.toISOString() ?? null,
    period_end: period?.end.toISOString() ?? null,
    threshold: budget?.thresholdPercent ?? null,
    limit: budget === undefined ? null : usdToDecimal(budget.limit),
    spend: budget === undefined ? null : usdToDecimal(budget.spend),
    found_at: alert.foundAt.toISOString(),
    announced: alert.notSentBecause === undefined,
    silent_because: alert.notSentBecause ?? null,
    deliveries: listed.deliveries.map(({ to, status, because, until }) => ({
      to,
      status,
      not_sent_because: because ?? null,
      held_until: until?.toISOString() ?? null,
    })),
    acknowledged_by: acknowledged?.by ?? null,
    acknowledged_at: acknowledged?.at.toISOString() ?? null,
    assigned_to: listed.assignedTo ?? null,
    feedback: listed.feedback ?? null,
    resolved_at: resolved?.at.toISOString() ?? null,
    resolved_because: resolved?.because ?? null,
  };
}
