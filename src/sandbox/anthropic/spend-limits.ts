/**
 * Anthropic's spend limits, as strict as documented: which scopes an organization of which kind may
 * read and write, whole cents as text, an upsert by scope. Refuses what Anthropic refuses.
 */
import { type AdminError, invalid } from "./errors.ts";
import { limitOf, pageOf } from "./paging.ts";
import { type AdminRoute, type Asked, type OrganizationKind, type Outcome, ok } from "./route.ts";
import { type LimitScope, MONTHLY, type SpendLimitBook, spendSummary } from "./spend-limit-book.ts";

const READ = "read:spend_limits";
const WRITE = "write:spend_limits";
const LIST_BETA = "spend-limit-reads-2026-09-26";
const PAGE_SIZE = { otherwise: 20, max: 1000 };
const USER_IDS_MAX = 100;

const SCOPE_TYPES: Readonly<Record<OrganizationKind, readonly string[]>> = {
  console: ["organization", "usage_tier", "workspace"],
  enterprise: ["organization", "organization_service", "rbac_group", "seat_tier", "user"],
};

export interface SpendLimitsOptions {
  readonly book: SpendLimitBook;
  readonly kind: OrganizationKind;
  /** Whether a Console organization is in the early access preview. */
  readonly isPreview?: boolean;
  readonly workspaceIds?: readonly string[];
}

export function spendLimitRoutes(options: SpendLimitsOptions): readonly AdminRoute[] {
  const { book } = options;
  const guarded =
    (answer: (asked: Asked) => Outcome) =>
    (asked: Asked): Outcome =>
      previewProblem(options) ?? answer(asked);
  return [
    {
      method: "GET",
      path: /^\/v1\/organizations\/spend_limits\/effective$/,
      kind: "enterprise",
      scope: READ,
      answer: (asked) => listEffective(book, asked),
    },
    {
      method: "GET",
      path: /^\/v1\/organizations\/spend_limits$/,
      scope: READ,
      beta: LIST_BETA,
      answer: guarded((asked) => listLimits(options, asked)),
    },
    {
      method: "GET",
      path: /^\/v1\/organizations\/spend_limits\/(spl_[A-Za-z0-9]+)$/,
      scope: READ,
      answer: guarded(({ parts: [id = ""] }) => {
        const limit = book.limits().find((one) => one.id === id);
        return limit === undefined ? notFound(id) : ok(limit);
      }),
    },
    {
      method: "POST",
      path: /^\/v1\/organizations\/spend_limits$/,
      scope: WRITE,
      answer: guarded((asked) => setLimit(options, asked)),
    },
    {
      method: "DELETE",
      path: /^\/v1\/organizations\/spend_limits\/(spl_[A-Za-z0-9]+)$/,
      scope: WRITE,
      answer: guarded((asked) => deleteLimit(options, asked)),
    },
  ];
}

function previewProblem({ kind, isPreview = true }: SpendLimitsOptions): AdminError | undefined {
  return kind === "enterprise" || isPreview
    ? undefined
    : {
        type: "permission_error",
        message: "Spend limits are not enabled for this organization. Ask your account team.",
        errorCode: "spend_limits_admin_api_writes_not_enabled",
      };
}

function listEffective(book: SpendLimitBook, { query }: Asked): Outcome {
  const problem = unknownParameter(query, ["user_ids[]", "period[]", "limit", "page"]);
  if (problem !== undefined) return problem;
  const ids = query.getAll("user_ids[]");
  if (ids.length > USER_IDS_MAX) return invalid("user_ids: expected at most 100");
  const periods = query.getAll("period[]");
  const rows = book.members
    .filter(({ id }) => ids.length === 0 || ids.includes(id))
    .flatMap((member) => spendSummary(book, member) ?? [])
    .filter(() => periods.length === 0 || periods.includes(MONTHLY));
  return paged(rows, query);
}

function listLimits({ book, kind }: SpendLimitsOptions, { query }: Asked): Outcome {
  const known = ["scope_type[]", "limit", "page", ...(kind === "console" ? ["workspace_id"] : [])];
  const problem = unknownParameter(query, known);
  if (problem !== undefined) return problem;
  const types = query.getAll("scope_type[]");
  const alien = types.find((type) => !SCOPE_TYPES[kind].includes(type));
  if (alien !== undefined) {
    return invalid(`scope_type: ${alien} does not apply to this organization`);
  }
  const workspaceId = query.get("workspace_id");
  const rows = book
    .limits()
    .filter(({ scope }) => types.length === 0 || types.includes(scope.type))
    .filter(
      ({ scope }) =>
        workspaceId === null || (scope.type === "workspace" && scope.workspace_id === workspaceId),
    );
  return paged(rows, query);
}

function setLimit(options: SpendLimitsOptions, { body, now }: Asked): Outcome {
  const { book, kind } = options;
  const fields = fieldsOf(body, ["amount", "scope", "period"]);
  if (!(fields instanceof Map)) return fields;
  if (!fields.has("amount")) return invalid("amount: Field required");
  const amount = fields.get("amount");
  const problem = amountProblem(amount) ?? periodProblem(fields.get("period"));
  if (problem !== undefined) return problem;
  if (amount === null && kind === "console") return invalid("amount: Input should be a string");
  const scope = scopeOf(fields.get("scope"), options);
  if (!("kind" in scope)) return scope;
  const cap = book.limits().find((one) => one.scope.type === "usage_tier")?.amount;
  if (typeof amount === "string" && typeof cap === "string" && BigInt(amount) > BigInt(cap)) {
    return invalid(`amount: exceeds the usage tier's limit of ${cap}`);
  }
  book.writes.push(`set ${JSON.stringify(scope.scope)} ${String(amount)}`);
  return ok(book.setLimit(scope.scope, typeof amount === "string" ? amount : null, now));
}

function deleteLimit({ book, kind }: SpendLimitsOptions, { parts: [id = ""] }: Asked): Outcome {
  const limit = book.limits().find((one) => one.id === id);
  if (limit === undefined) return notFound(id);
  const mayGo = kind === "enterprise" ? ["user"] : ["organization", "workspace"];
  if (!mayGo.includes(limit.scope.type)) {
    return invalid(`a limit of scope ${limit.scope.type} can't be deleted`);
  }
  book.writes.push(`delete ${JSON.stringify(limit.scope)}`);
  book.removeLimit(id);
  return ok({ id, type: "spend_limit_deleted" });
}

function scopeOf(
  value: unknown,
  { book, kind, workspaceIds = [] }: SpendLimitsOptions,
): { readonly kind: "scope"; readonly scope: LimitScope } | AdminError {
  const given = fieldsOf(value, ["type", "user_id", "workspace_id"], "scope.");
  if (!(given instanceof Map)) return given;
  const type = given.get("type");
  if (kind === "enterprise") {
    const userId = given.get("user_id");
    if (type !== "user") return invalid("scope.type: expected user for this organization");
    const isMember = book.members.some(({ id }) => id === userId);
    if (typeof userId !== "string" || !isMember) return invalid("scope.user_id: no such member");
    return { kind: "scope", scope: { type: "user", user_id: userId } };
  }
  if (type === "organization" && given.size === 1) {
    return { kind: "scope", scope: { type: "organization" } };
  }
  const workspaceId = given.get("workspace_id");
  if (type !== "workspace") return invalid("scope.type: expected organization or workspace");
  return typeof workspaceId === "string" && workspaceIds.includes(workspaceId)
    ? { kind: "scope", scope: { type: "workspace", workspace_id: workspaceId } }
    : invalid("scope.workspace_id: no such workspace");
}

/** Whole cents as text, or null. */
export function amountProblem(amount: unknown): AdminError | undefined {
  const isAmount = amount === null || (typeof amount === "string" && /^\d{1,15}$/.test(amount));
  return isAmount
    ? undefined
    : invalid("amount: expected a non-negative integer decimal string in minor units");
}

export function periodProblem(period: unknown): AdminError | undefined {
  return period === undefined || period === MONTHLY
    ? undefined
    : invalid("period: only monthly is supported");
}

/** The fields of a body by name; an unknown one is refused, as is anything that is no object. */
export function fieldsOf(
  body: unknown,
  known: readonly string[],
  prefix = "",
): Map<string, unknown> | AdminError {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return invalid(`${prefix === "" ? "body" : prefix.slice(0, -1)}: expected an object`);
  }
  const fields = new Map<string, unknown>(Object.entries(body));
  const extra = [...fields.keys()].find((name) => !known.includes(name));
  return extra === undefined
    ? fields
    : invalid(`${prefix}${extra}: Extra inputs are not permitted`);
}

export function unknownParameter(
  query: URLSearchParams,
  known: readonly string[],
): AdminError | undefined {
  const other = [...query.keys()].find((name) => !known.includes(name));
  return other === undefined ? undefined : invalid(`${other}: Extra inputs are not permitted`);
}

/** `{data, next_page}`: the opaque cursors of these lists. */
export function paged(rows: readonly object[], query: URLSearchParams): Outcome {
  const limit = limitOf(query, PAGE_SIZE);
  if (limit === undefined) return invalid("limit: expected 1 to 1000");
  const page = pageOf(rows, query, limit);
  return "items" in page ? ok({ data: page.items, next_page: page.nextPage }) : page;
}

function notFound(id: string): AdminError {
  return { type: "not_found_error", message: `${id}: not found` };
}
