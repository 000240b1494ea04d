/**
 * A stand-in for the spend limits of the Claude apps gateway: Anthropic's shapes at a root of its
 * own, with users, groups and the organization, daily, weekly and monthly, id cursors and no
 * requests for more. Refuses what it documents as refused.
 */
import type { IncomingMessage, RequestListener } from "node:http";
import type { Clock } from "../../domain/time.ts";

export interface GatewayLimit {
  readonly id: string;
  readonly scope: Readonly<Record<string, string>>;
  readonly period: string;
  readonly amount: string | null;
}

export interface GatewaySandbox {
  readonly listener: RequestListener;
  readonly limits: () => readonly GatewayLimit[];
  readonly setLimit: (scope: GatewayLimit["scope"], period: string, amount: string | null) => void;
  readonly writes: string[];
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

const PATH = "/v1/organizations/spend_limits";
const PERIODS = ["daily", "weekly", "monthly"];
const ID_FIELDS: ReadonlyMap<string, string | undefined> = new Map([
  ["user", "user_id"],
  ["rbac_group", "rbac_group_id"],
  ["organization", undefined],
]);

export function gatewaySandbox(options: {
  readonly prefix: string;
  readonly adminKey: string;
  readonly clock: Clock;
  /** By OIDC subject. */
  readonly users: Readonly<Record<string, { readonly email: string }>>;
}): GatewaySandbox {
  let limits: readonly GatewayLimit[] = [];
  let ids = 0;
  const writes: string[] = [];

  const setLimit = (scope: GatewayLimit["scope"], period: string, amount: string | null) => {
    const known = limits.find((one) => one.period === period && isSame(one.scope, scope));
    ids += known === undefined ? 1 : 0;
    const written = { id: known?.id ?? `spl_gw${String(ids)}`, scope, period, amount };
    limits = [...limits.filter((one) => one !== known), written];
    return written;
  };
  const shown = (limit: GatewayLimit): object => ({
    type: "spend_limit",
    currency: "USD",
    is_enabled: true,
    created_at: options.clock().toISOString(),
    updated_at: options.clock().toISOString(),
    ...limit,
  });

  const answer = (request: IncomingMessage, url: URL, text: string): Answer => {
    if (request.headers["x-api-key"] !== options.adminKey) {
      return failure(401, "authentication_error", "invalid x-api-key");
    }
    const path = url.pathname.slice(options.prefix.length);
    const { searchParams: query } = url;
    if (request.method === "GET" && path === PATH) return listed(query, limits, shown);
    if (request.method === "GET" && path === `${PATH}/effective`) {
      return effective({ query, limits, users: options.users });
    }
    if (request.method === "POST" && path === PATH) {
      const wanted = wantedLimit(text);
      if ("status" in wanted) return wanted;
      writes.push(`set ${JSON.stringify(wanted.scope)} ${wanted.period} ${String(wanted.amount)}`);
      return {
        status: 200,
        body: shown(setLimit(wanted.scope, wanted.period, wanted.amount)),
      };
    }
    const id = path.startsWith(`${PATH}/`) ? path.slice(PATH.length + 1) : undefined;
    if (request.method === "DELETE" && limits.some((one) => one.id === id)) {
      limits = limits.filter((one) => one.id !== id);
      writes.push(`delete ${String(id)}`);
      return { status: 200, body: { id, type: "spend_limit_deleted" } };
    }
    return failure(404, "not_found_error", `${request.method ?? ""} ${path}`);
  };

  return {
    limits: () => limits,
    setLimit,
    writes,
    listener: (request, response) => {
      void (async () => {
        let text = "";
        for await (const chunk of request.setEncoding("utf8")) text += String(chunk);
        const url = new URL(request.url ?? "/", "http://sandbox");
        const { status, body } = answer(request, url, text);
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(body));
      })();
    },
  };
}

/** `after_id` and `before_id`, as the gateway pages. */
function listed(
  query: URLSearchParams,
  limits: readonly GatewayLimit[],
  shown: (limit: GatewayLimit) => object,
): Answer {
  const limit = Number(query.get("limit") ?? "20");
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= 1000)) {
    return failure(400, "invalid_request_error", "limit: expected 1 to 1000");
  }
  const known = ["limit", "after_id", "before_id"];
  const extra = [...query.keys()].find((name) => !known.includes(name));
  if (extra !== undefined) return unexpected(extra);
  const after = query.get("after_id");
  const start = after === null ? 0 : limits.findIndex(({ id }) => id === after) + 1;
  const data = limits.slice(start, start + limit);
  const [first] = data;
  return {
    status: 200,
    body: {
      data: data.map(shown),
      has_more: start + limit < limits.length,
      first_id: first?.id ?? null,
      last_id: data.at(-1)?.id ?? null,
    },
  };
}

/** A row for each user and period that some limit of theirs, or the organization's, holds for. */
function effective({
  query,
  limits,
  users,
}: {
  readonly query: URLSearchParams;
  readonly limits: readonly GatewayLimit[];
  readonly users: Readonly<Record<string, { readonly email: string }>>;
}): Answer {
  const known = ["user_ids[]", "period[]", "limit", "page", "q", "sort"];
  const extra = [...query.keys()].find((name) => !known.includes(name));
  if (extra !== undefined) return unexpected(extra);
  const ids = query.getAll("user_ids[]");
  const asked = query.getAll("period[]");
  const q = query.get("q");
  const rows = Object.entries(users)
    .filter(
      ([id, { email }]) =>
        (ids.length === 0 || ids.includes(id)) && (q === null || email.includes(q)),
    )
    .flatMap(([id, { email }]) =>
      PERIODS.filter((period) => asked.length === 0 || asked.includes(period)).map((period) => {
        const own = limits.find((one) => one.period === period && one.scope["user_id"] === id);
        const all = limits.find(
          (one) => one.period === period && one.scope["type"] === "organization",
        );
        return {
          scope: { type: "user", user_id: id },
          actor: {
            type: "user_actor",
            user_id: id,
            name: null,
            email_address: email,
            deleted: false,
          },
          amount: (own ?? all)?.amount ?? null,
          currency: "USD",
          period,
          source: own === undefined ? { type: "organization" } : own.scope,
          spend_limit_id: (own ?? all)?.id ?? null,
          period_to_date_spend: "0",
          groups: [],
        };
      }),
    );
  return { status: 200, body: { data: rows, next_page: null } };
}

function wantedLimit(text: string): Omit<GatewayLimit, "id"> | Answer {
  const body = fieldsOf(parsed(text));
  const scope = fieldsOf(body.get("scope"));
  const extra = [...body.keys()].find((name) => !["amount", "scope", "period"].includes(name));
  if (extra !== undefined) return unexpected(extra);
  const type = scope.get("type");
  if (typeof type !== "string" || !ID_FIELDS.has(type)) {
    return failure(
      400,
      "invalid_request_error",
      "scope.type: expected user, rbac_group or organization",
    );
  }
  const idField = ID_FIELDS.get(type);
  const id = idField === undefined ? undefined : scope.get(idField);
  if (idField !== undefined && typeof id !== "string") {
    return failure(400, "invalid_request_error", `scope.${idField}: Field required`);
  }
  const period = body.get("period") ?? "monthly";
  if (typeof period !== "string" || !PERIODS.includes(period)) {
    return failure(400, "invalid_request_error", `period: expected one of ${PERIODS.join(", ")}`);
  }
  const amount = body.get("amount");
  if (amount !== null && !(typeof amount === "string" && /^\d{1,15}$/.test(amount))) {
    return failure(400, "invalid_request_error", "amount: expected whole cents as text");
  }
  const named: Record<string, string> =
    idField === undefined || typeof id !== "string" ? { type } : { type, [idField]: id };
  return { scope: named, period, amount };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)) : new Map();
}

function isSame(left: object, right: object): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

function unexpected(name: string): Answer {
  return failure(400, "invalid_request_error", `${name}: Extra inputs are not permitted`);
}

function failure(status: number, type: string, message: string): Answer {
  return { status, body: { type: "error", error: { type, message }, request_id: "req_gateway" } };
}
