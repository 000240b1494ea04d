/** Chargeback over HTTP: `GET /v1/statements`. Money is exact decimal strings. */
import type { FastifyInstance, preHandlerAsyncHookHandler } from "fastify";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { parseMonth } from "../../domain/month.ts";
import type { Clock } from "../../domain/time.ts";
import type { Database } from "../../store/database.ts";
import { loadStatement, onlyTeam } from "./flow.ts";
import { statementJson } from "./messages.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
  readonly requireApiToken: preHandlerAsyncHookHandler;
}

const parameters = z.strictObject({ month: z.string(), team: z.string().optional() });

export function chargebackRoutes(app: FastifyInstance, deps: Deps): void {
  app.get("/v1/statements", { preHandler: deps.requireApiToken }, async (request) => {
    const now = deps.clock();
    const parsed = parameters.safeParse(request.query);
    if (!parsed.success) {
      throw invalid("expected the parameter month, and perhaps team, each once");
    }
    const { month: text, team } = parsed.data;
    const month = parseMonth(text);
    if (month === undefined) throw invalid(`month: expected a month such as 2026-10, got ${text}`);
    const statement = await loadStatement(deps, month);
    return {
      ...statementJson(team === undefined ? statement : onlyTeam(statement, team)),
      data_as_of: (statement.closed?.closedAt ?? now).toISOString(),
    };
  });
}

function invalid(message: string): AppError {
  return new AppError({ code: "invalid", message });
}
