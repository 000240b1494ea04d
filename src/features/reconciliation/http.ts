/** `GET /v1/reconciliation`: how our total stands against Anthropic's bill. */
import type { FastifyInstance, preHandlerAsyncHookHandler } from "fastify";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { type Clock, type Period, parseLocalDate, timeZone } from "../../domain/time.ts";
import type { Database } from "../../store/database.ts";
import { loadBillComparison } from "./flow/billed-lines.ts";
import { loadReconciliation } from "./flow/report.ts";
import { reconciliationJson } from "./messages.ts";
import { monthPeriod, startOfDay } from "./rules/days.ts";

const parameters = z.strictObject({
  month: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
});

export function reconciliationRoutes(
  app: FastifyInstance,
  deps: {
    readonly database: Database;
    readonly clock: Clock;
    readonly requireApiToken: preHandlerAsyncHookHandler;
  },
): void {
  app.get("/v1/reconciliation", { preHandler: deps.requireApiToken }, async (request) => {
    const parsed = parameters.safeParse(request.query);
    if (!parsed.success) {
      throw invalid("expected only the parameters month, from and to, each once");
    }
    const period = parseReconciliationPeriod(parsed.data, deps.clock());
    return reconciliationJson(
      await loadReconciliation(deps, period),
      await loadBillComparison(deps, period, deps.clock()),
    );
  });
}

const DAYS_MAX_MS = 400 * 86_400_000;

/**
 * The UTC days that are asked for: a month, or from a day to the day after the last one; the current
 * month where nothing is named. Refuses what makes no sense, by the name of the parameter.
 */
export function parseReconciliationPeriod(
  given: {
    readonly month?: string | undefined;
    readonly from?: string | undefined;
    readonly to?: string | undefined;
  },
  now: ReturnType<Clock>,
): Period {
  const current = now.toISOString().slice(0, 7);
  if (given.month !== undefined) {
    if (given.from !== undefined || given.to !== undefined) {
      throw invalid("month: expected alone, or from and to in its place");
    }
    if (!/^20\d{2}-(?:0[1-9]|1[0-2])$/.test(given.month)) {
      throw invalid(`month: expected a month such as 2026-11, got ${given.month}`);
    }
    return monthPeriod(given.month);
  }
  const day = (name: "from" | "to", otherwise: Period["start"]): Period["start"] => {
    const text = given[name];
    if (text === undefined) return otherwise;
    const parsed = parseLocalDate(text, timeZone("UTC"));
    if (parsed !== undefined) return parsed;
    throw invalid(`${name}: expected a day such as 2026-11-01, got ${text}`);
  };
  const start = day("from", monthPeriod(current).start);
  const end = day("to", given.from === undefined ? monthPeriod(current).end : startOfDay(now));
  if (start >= end) throw invalid("to: expected a day after from");
  if (end.getTime() - start.getTime() > DAYS_MAX_MS) {
    throw invalid("from: expected at most 400 days");
  }
  return { start, end };
}

function invalid(message: string): AppError {
  return new AppError({ code: "invalid", message });
}
