/**
 * Requests of Claude Enterprise's members for a higher spend limit: listed, approved and denied as
 * documented. Whether a second approval is refused is documented nowhere; here it is.
 */
import { type AdminError, invalid } from "./errors.ts";
import { type AdminRoute, type Asked, type Outcome, ok } from "./route.ts";
import {
  type IncreaseRequestState,
  type SpendLimitBook,
  spendSummary,
  userActor,
} from "./spend-limit-book.ts";
import { amountProblem, fieldsOf, paged, periodProblem, unknownParameter } from "./spend-limits.ts";

const STATUSES = ["pending", "approved", "denied"];
const PATH = "/v1/organizations/spend_limit_increase_requests";
/** What Anthropic sees of whoever decides through the API: the key, never the person. */
const KEY_ACTOR = { type: "scoped_api_key_actor", scoped_api_key_id: "sakey_01CLAUDESPEND" };

export function increaseRequestRoutes(book: SpendLimitBook): readonly AdminRoute[] {
  const route = (
    method: AdminRoute["method"],
    rest: string,
    answer: (asked: Asked) => Outcome,
  ): AdminRoute => ({
    method,
    path: new RegExp(`^${PATH}${rest}$`),
    kind: "enterprise",
    scope: method === "GET" ? "read:spend_limits" : "write:spend_limits",
    answer,
  });
  const one =
    (answer: (request: IncreaseRequestState, asked: Asked) => Outcome) =>
    (asked: Asked): Outcome => {
      const [id = ""] = asked.parts;
      const request = book.requests().find((known) => known.id === id);
      return request === undefined
        ? { type: "not_found_error", message: `${id}: not found` }
        : answer(request, asked);
    };
  return [
    route("GET", "", (asked) => list(book, asked)),
    route(
      "GET",
      "/(slir_[A-Za-z0-9]+)",
      one((request) => ok(shown(book, request))),
    ),
    route(
      "POST",
      "/(slir_[A-Za-z0-9]+)/approve",
      one((request, asked) => approve(book, request, asked)),
    ),
    route(
      "POST",
      "/(slir_[A-Za-z0-9]+)/deny",
      one((request, asked) => deny(book, request, asked)),
    ),
  ];
}

function list(book: SpendLimitBook, { query }: Asked): Outcome {
  const problem = unknownParameter(query, ["status[]", "actor_ids[]", "limit", "page"]);
  if (problem !== undefined) return problem;
  const statuses = query.getAll("status[]");
  const alien = statuses.find((status) => !STATUSES.includes(status));
  if (alien !== undefined) return invalid(`status: expected one of ${STATUSES.join(", ")}`);
  const actors = query.getAll("actor_ids[]");
  const rows = book
    .requests()
    .filter(({ status }) => statuses.length === 0 || statuses.includes(status))
    .filter(({ member }) => actors.length === 0 || actors.includes(member.id))
    .map((request) => shown(book, request));
  return paged(rows, query);
}

function approve(
  book: SpendLimitBook,
  request: IncreaseRequestState,
  { body, now }: Asked,
): Outcome {
  const fields = fieldsOf(body, ["amount", "period", "suppress_notification"]);
  if (!(fields instanceof Map)) return fields;
  const amount = fields.get("amount");
  const problem =
    amountProblem(amount) ??
    periodProblem(fields.get("period")) ??
    suppressProblem(fields.get("suppress_notification"));
  if (problem !== undefined) return problem;
  if (typeof amount !== "string") return invalid("amount: Field required");
  if (request.status !== "pending") return alreadyResolved(request);
  const limit = book.setLimit({ type: "user", user_id: request.member.id }, amount, now);
  book.resolve(request.id, "approved", { actor: KEY_ACTOR, now });
  book.writes.push(`approve ${request.id} ${amount}${mailOf(fields)}`);
  const resolved = book.requests().find(({ id }) => id === request.id) ?? request;
  return ok({ ...shown(book, resolved), spend_limit: limit });
}

function deny(book: SpendLimitBook, request: IncreaseRequestState, { body, now }: Asked): Outcome {
  const fields = fieldsOf(body ?? {}, ["suppress_notification"]);
  if (!(fields instanceof Map)) return fields;
  const problem = suppressProblem(fields.get("suppress_notification"));
  if (problem !== undefined) return problem;
  if (request.status === "approved") return alreadyResolved(request);
  if (request.status === "pending") {
    book.resolve(request.id, "denied", { actor: KEY_ACTOR, now });
    book.writes.push(`deny ${request.id}${mailOf(fields)}`);
  }
  const resolved = book.requests().find(({ id }) => id === request.id) ?? request;
  return ok(shown(book, resolved));
}

function mailOf(fields: ReadonlyMap<string, unknown>): string {
  return fields.get("suppress_notification") === true ? "" : " with mail";
}

function suppressProblem(value: unknown): AdminError | undefined {
  return value === undefined || typeof value === "boolean"
    ? undefined
    : invalid("suppress_notification: Input should be a valid boolean");
}

function alreadyResolved({ status }: IncreaseRequestState): AdminError {
  return invalid(`the request is already ${status}`);
}

function shown(book: SpendLimitBook, request: IncreaseRequestState): object {
  const summary = request.status === "pending" ? spendSummary(book, request.member) : undefined;
  return {
    type: "spend_limit_increase_request",
    id: request.id,
    status: request.status,
    period: request.period,
    actor: userActor(request.member),
    created_at: request.createdAt.toISOString(),
    resolved_at: request.resolvedAt?.toISOString() ?? null,
    resolved_by: request.resolvedBy ?? null,
    spend_summary: summary ?? null,
  };
}
