/** `GET /v1/operations`: the attempts at each operation as one. Money is exact decimal strings. */
import type { FastifyInstance, preHandlerAsyncHookHandler } from "fastify";
import { z } from "zod";
import { AppError } from "../../../domain/errors.ts";
import { usdToDecimal } from "../../../domain/money.ts";
import { formatScope } from "../../../domain/scope.ts";
import type { Clock, Instant } from "../../../domain/time.ts";
import type { Database } from "../../../store/database.ts";
import { loadOrganization, type Organization } from "../../organization/index.ts";
import { type OperationSpend, type OperationsQuery, queryOperations } from "../flow/operations.ts";
import { parseSpendPeriod } from "../http.ts";

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
  readonly requireApiToken: preHandlerAsyncHookHandler;
}

const ROWS_DEFAULT = 100;
const ROWS_MAX = 1_000;
const ATTEMPTS_MAX = 1_000_000;

const parameters = z.strictObject({
  scope: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  time_zone: z.string().optional(),
  min_attempts: z.string().optional(),
  limit: z.string().optional(),
});

export function operationRoutes(app: FastifyInstance, deps: Deps): void {
  app.get("/v1/operations", { preHandler: deps.requireApiToken }, async (request) => {
    const now = deps.clock();
    const query = parseQuery(request.query, now, await loadOrganization(deps));
    const operations = await queryOperations(deps, query);
    return {
      scope: formatScope(query.scope),
      from: query.period.start.toISOString(),
      to: query.period.end.toISOString(),
      currency: "USD",
      operations: operations.map(operationJson),
      data_as_of: now.toISOString(),
    };
  });
}

function operationJson(operation: OperationSpend): object {
  return {
    operation_id: operation.operationId,
    attempts: operation.attempts,
    incomplete_attempts: operation.incompleteAttempts,
    cost: usdToDecimal(operation.cost),
    wasted_cost: usdToDecimal(operation.wastedCost),
    first_at: operation.firstAt.toISOString(),
    last_at: operation.lastAt.toISOString(),
  };
}

function parseQuery(raw: unknown, now: Instant, organization: Organization): OperationsQuery {
  const parsed = parameters.safeParse(raw);
  if (!parsed.success) throw invalid(problemOf(parsed.error.issues[0]));
  const { min_attempts: attemptsMin, limit, ...period } = parsed.data;
  return {
    ...parseSpendPeriod(period, now, organization),
    attemptsMin: parseWhole("min_attempts", attemptsMin, ATTEMPTS_MAX) ?? 1,
    rowsMax: parseWhole("limit", limit, ROWS_MAX) ?? ROWS_DEFAULT,
  };
}

function problemOf(issue: z.core.$ZodIssue | undefined): string {
  return issue?.code === "unrecognized_keys"
    ? `${issue.keys[0] ?? ""}: expected only the parameters ${Object.keys(parameters.shape).join(", ")}`
    : `${String(issue?.path[0])}: expected one value, not several`;
}

function parseWhole(name: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= max) return number;
  throw invalid(`${name}: expected a whole number from 1 to ${String(max)}`);
}

function invalid(message: string): AppError {
  return new AppError({ code: "invalid", message });
}
