/** Unit costs over HTTP: `POST /v1/metrics` from sources, `GET /v1/unit-costs` for readers. */
import type { FastifyInstance, preHandlerAsyncHookHandler } from "fastify";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { usdToDecimal } from "../../domain/money.ts";
import { formatScope, parseScope } from "../../domain/scope.ts";
import { type Clock, DAY_MS, type Instant, instant } from "../../domain/time.ts";
import { decodeBody, parseJson } from "../../http/body.ts";
import type { Database } from "../../store/database.ts";
import { authenticateSource } from "../ingest/index.ts";
import { loadOrganization } from "../organization/index.ts";
import { parseSpendPeriod } from "../showback/index.ts";
import { loadUnitCosts, recordBusinessMetrics } from "./flow.ts";
import { type BusinessMetric, parseQuantity, quantityToDecimal, type UnitCost } from "./rules.ts";

type SourceDeps = Parameters<typeof authenticateSource>[0];

interface Deps extends SourceDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly requireApiToken: preHandlerAsyncHookHandler;
}

const METRICS_MAX = 5_000;
const PROBLEMS_MAX = 10;

const metric = z.strictObject({
  name: z
    .string()
    .regex(
      /^[a-z][a-z0-9_]{0,62}$/,
      "expected lower-case letters, digits and _, such as tickets_resolved",
    ),
  value: z.union([z.string(), z.number()]).transform((value, context) => {
    const quantity = parseQuantity(typeof value === "number" ? plainDecimal(value) : value);
    if (quantity !== undefined) return quantity;
    context.addIssue({
      code: "custom",
      message: 'expected a number from 0, with at most 6 places, such as 128 or "12.5"',
    });
    return z.NEVER;
  }),
  time: z.iso.datetime({
    offset: true,
    error: "expected a time with its zone, such as 2026-11-23T00:00:00Z",
  }),
  scope: z
    .string()
    .max(300)
    .refine(
      (text) => parseScope(text) !== undefined,
      "expected org, team:KEY, project:KEY, user:EMAIL, api_key:ID, workspace:ID, model:ID or tag:NAME=VALUE",
    ),
});

/** A float as people wrote it; with an exponent it is no quantity that anybody counted. */
function plainDecimal(value: number): string {
  return Number.isFinite(value) ? String(value) : "";
}

const parameters = z.strictObject({
  units: z.string(),
  scope: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  by: z.enum(["day", "week", "month"]).default("day"),
  time_zone: z.string().optional(),
});

const PERIOD_KINDS = { day: "daily", week: "weekly", month: "monthly" } as const;

export function unitCostRoutes(
  app: FastifyInstance,
  deps: Deps,
  roles: { readonly ingest: boolean },
): void {
  if (roles.ingest) {
    app.post("/v1/metrics", async (request, reply) => {
      const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const query = z.looseObject({ source: z.string().max(64).optional() });
      const source = await authenticateSource(deps, {
        headers: request.headers,
        body: raw,
        sourceName: query.safeParse(request.query).data?.source,
      });
      const metrics = parseMetrics(parseJson(await decodeBody(request, raw)), deps.clock());
      await recordBusinessMetrics(deps, { source: source.name, metrics });
      return await reply.status(202).send({ accepted: metrics.length });
    });
  }

  app.get("/v1/unit-costs", { preHandler: deps.requireApiToken }, async (request) => {
    const parsed = parameters.safeParse(request.query);
    if (!parsed.success) {
      throw invalid(parsed.error.issues.map(issueText).slice(0, PROBLEMS_MAX).join("; "));
    }
    const { units, by, ...spend } = parsed.data;
    const now = deps.clock();
    const organization = await loadOrganization(deps);
    const { scope, period, zone } = parseSpendPeriod(spend, now, organization);
    const { total, steps } = await loadUnitCosts(deps, {
      units,
      scope,
      period,
      zone,
      by: PERIOD_KINDS[by],
      weekStartsOn: organization.weekStartsOn,
    });
    return {
      scope: formatScope(scope),
      units,
      currency: "USD",
      ...unitCostJson(total),
      rows: steps.map(unitCostJson),
      data_as_of: now.toISOString(),
    };
  });
}

function unitCostJson({ period, cost, units, unitCost }: UnitCost): object {
  return {
    from: period.start.toISOString(),
    to: period.end.toISOString(),
    cost: usdToDecimal(cost),
    unit_count: quantityToDecimal(units),
    unit_cost: unitCost === undefined ? null : usdToDecimal(unitCost),
  };
}

/** One metric or several; every problem names its place, and one refuses the batch. */
function parseMetrics(body: unknown, now: Instant): readonly BusinessMetric[] {
  const list = Array.isArray(body) ? body : [body];
  if (list.length === 0 || list.length > METRICS_MAX) {
    throw invalid(`expected 1 to ${String(METRICS_MAX)} metrics`);
  }
  const problems: string[] = [];
  const metrics = list.flatMap((raw: unknown, index): readonly BusinessMetric[] => {
    const place = (text: string): string =>
      Array.isArray(body) ? `${String(index)}.${text}` : text;
    const parsed = metric.safeParse(raw);
    if (!parsed.success) {
      problems.push(...parsed.error.issues.map((issue) => place(issueText(issue))));
      return [];
    }
    const { name, value, time, scope } = parsed.data;
    const occurredAt = instant(time);
    const parsedScope = parseScope(scope);
    if (occurredAt.getTime() > now.getTime() + DAY_MS) {
      problems.push(place("time: expected a time that is at most a day ahead"));
    }
    return parsedScope === undefined
      ? []
      : [{ name, scope: parsedScope, occurredAt, quantity: value }];
  });
  if (problems.length > 0) throw invalid(problems.slice(0, PROBLEMS_MAX).join("; "));
  return metrics;
}

function issueText({ path, message }: z.core.$ZodIssue): string {
  return `${path.map(String).join(".") || "metric"}: ${message}`;
}

function invalid(message: string): AppError {
  return new AppError({ code: "invalid", message });
}
